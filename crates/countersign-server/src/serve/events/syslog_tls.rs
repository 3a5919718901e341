//! Syslog over TLS (RFC 5425): the messages and their lengths as by TCP, to a daemon whose certificate is verified.
//!
//! As by TCP each batch has a connection of its own, and counts when the daemon has closed it behind our end (RFC 5425 §4.4). A daemon
//! should close with an alert of TLS, and rsyslog 8 does not: so the end of the connection is enough. Whoever is between could
//! forge that one end, and no message: what is missing then is a gap in the chain of the rows.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::Arc;

use countersign::ChainedRow;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

use super::syslog::{self, MAX_SAID};

/// Sends the rows to a host and a port; `ca_file` has further authorities.
pub(super) fn send(host: &str, ca_file: Option<&Path>, rows: &[ChainedRow]) -> io::Result<()> {
    let mut connection = ClientConnection::new(config(ca_file)?, name(host)?).map_err(io::Error::other)?;
    let mut socket = syslog::connect(host)?;
    let mut stream = Stream::new(&mut connection, &mut socket);
    stream.write_all(&syslog::framed(rows))?;
    stream.conn.send_close_notify();
    stream.flush()?;
    socket.shutdown(Shutdown::Write)?;
    read_to_its_end(&mut connection, &mut socket)
}

fn read_to_its_end(connection: &mut ClientConnection, socket: &mut TcpStream) -> io::Result<()> {
    let mut said = Vec::new();
    let read = Stream::new(connection, socket).take(MAX_SAID).read_to_end(&mut said);
    syslog::check_said(said.len())?;
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        other => other.map(drop),
    }
}

/// Read for each batch, so that renewed authorities count at once.
fn config(ca_file: Option<&Path>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(countersign_fetch::authorities(ca_file).map_err(io::Error::other)?);
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(io::Error::other)?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// What the certificate has to be for (RFC 5425 §5.2): the host as it is configured.
fn name(host: &str) -> io::Result<ServerName<'static>> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(io::Error::other)
}
