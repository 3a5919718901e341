//! The certificate that a server shows, after the checks that every request makes.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};

use crate::error::FetchError;
use crate::tls;
use crate::url::FetchUrl;

/// What a server shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerCertificate {
    /// Its own certificate (DER).
    pub der: Vec<u8>,
    /// Whether the connection is TLS 1.3, and not 1.2.
    pub is_tls_1_3: bool,
}

/// Connects, and gives the server's certificate: one that the system's authorities vouch for, for this host. `None` for plain
/// http. `timeout` is for each step.
///
/// # Errors
/// [`FetchError::HostNotFound`], [`FetchError::Timeout`], [`FetchError::Connection`], [`FetchError::NoAuthorities`] and
/// [`FetchError::Untrusted`], as they say.
pub fn certificate(url: &FetchUrl, timeout: Duration) -> Result<Option<ServerCertificate>, FetchError> {
    if url.is_plain_http() {
        return Ok(None);
    }
    let explain = |error: io::Error| FetchError::from_client(error.into(), timeout);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(tls::system()?);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Protocol(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = url.host().trim_start_matches('[').trim_end_matches(']');
    let name =
        ServerName::try_from(host.to_owned()).map_err(|error| FetchError::Protocol(error.to_string()))?;
    let mut connection = ClientConnection::new(Arc::new(config), name)
        .map_err(|error| FetchError::Protocol(error.to_string()))?;
    let mut stream = connect(host, url.uri().port_u16().unwrap_or(443), timeout)?;
    connection.complete_io(&mut stream).map_err(explain)?;
    let chain = connection.peer_certificates().unwrap_or_default();
    Ok(chain.first().map(|own| ServerCertificate {
        der: own.to_vec(),
        is_tls_1_3: connection.protocol_version() == Some(ProtocolVersion::TLSv1_3),
    }))
}

fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, FetchError> {
    let addresses = (host, port).to_socket_addrs().map_err(|_| FetchError::HostNotFound)?;
    let mut failed = FetchError::HostNotFound;
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_read_timeout(Some(timeout)).map_err(FetchError::Connection)?;
                stream.set_write_timeout(Some(timeout)).map_err(FetchError::Connection)?;
                return Ok(stream);
            }
            Err(error) => failed = FetchError::Connection(error),
        }
    }
    Err(failed)
}
