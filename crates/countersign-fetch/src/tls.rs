//! The trusted certificate authorities: those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and
//! those of the caller's own file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::FetchError;

/// The system's authorities.
///
/// # Errors
/// [`FetchError::NoAuthorities`].
pub(crate) fn system() -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let system = rustls_native_certs::load_native_certs().certs;
    if system.is_empty() { Err(FetchError::NoAuthorities) } else { Ok(system) }
}

pub(crate) fn config(ca_file: Option<&Path>) -> Result<TlsConfig, FetchError> {
    let system = rustls_native_certs::load_native_certs().certs;
    let mut roots: Vec<_> = system.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    if let Some(path) = ca_file {
        let own = read(path).map_err(|error| FetchError::CaFile { path: path.to_owned(), error })?;
        roots.extend(own);
    }
    if roots.is_empty() {
        return Err(FetchError::NoAuthorities);
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build())
}

fn read(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let mut found = Vec::new();
    for item in parse_pem(&std::fs::read(path)?) {
        if let PemItem::Certificate(certificate) = item.map_err(io::Error::other)? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(io::Error::other("there is none")) } else { Ok(found) }
}
