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

/// The authorities that a request trusts: the system's, and those of a PEM file beside them. For a connection of the caller's own that
/// is to trust the same.
///
/// # Errors
/// [`FetchError::CaFile`] and [`FetchError::NoAuthorities`], as they say.
pub fn authorities(ca_file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let mut roots = rustls_native_certs::load_native_certs().certs;
    if let Some(path) = ca_file {
        let own = read(path).map_err(|error| FetchError::CaFile { path: path.to_owned(), error })?;
        roots.extend(own.iter().map(|own| CertificateDer::from(own.der().to_vec())));
    }
    if roots.is_empty() { Err(FetchError::NoAuthorities) } else { Ok(roots) }
}

pub(crate) fn config(ca_file: Option<&Path>) -> Result<TlsConfig, FetchError> {
    let roots = authorities(ca_file)?;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
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
