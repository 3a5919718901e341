//! TLS 1.2 and 1.3 with certificate files. A new certificate is used without a restart (TP-4).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use zeroize::Zeroizing;

/// The paths of the certificate files, and the last usable certificate.
pub(crate) struct Tls {
    cert_file: PathBuf,
    key_file: PathBuf,
    loaded: RwLock<Loaded>,
}

struct Loaded {
    files: Files,
    /// In Unix seconds.
    expires_at: Option<u64>,
    config: Arc<ServerConfig>,
}

#[derive(PartialEq)]
struct Files {
    cert: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Tls {
    /// Reads the certificate chain and its key.
    ///
    /// # Errors
    /// A file cannot be read or parsed, or the key does not belong to the certificate.
    pub(crate) fn load(cert_file: &Path, key_file: &Path) -> anyhow::Result<Self> {
        let files = read(cert_file, key_file)?;
        let config = configure(&files)
            .with_context(|| format!("{} and {}", cert_file.display(), key_file.display()))?;
        Ok(Self {
            cert_file: cert_file.to_owned(),
            key_file: key_file.to_owned(),
            loaded: RwLock::new(Loaded { expires_at: expiry(&files), files, config }),
        })
    }

    /// Reads the files again and uses them for new handshakes. Unusable files change nothing.
    ///
    /// # Errors
    /// As for [`Tls::load`].
    pub(crate) fn reload(&self) -> anyhow::Result<Reloaded> {
        let files = read(&self.cert_file, &self.key_file)?;
        if self.loaded.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return Ok(Reloaded::Same);
        }
        let config = configure(&files)?;
        let expires_at = expiry(&files);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Loaded { files, expires_at, config };
        Ok(Reloaded::New)
    }

    /// When the certificate in use expires, in Unix seconds.
    pub(crate) fn expires_at(&self) -> Option<u64> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).expires_at
    }

    /// Does the handshake.
    ///
    /// # Errors
    /// The handshake failed.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).config);
        TlsAcceptor::from(config).accept(stream).await
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("cert_file", &self.cert_file).finish_non_exhaustive()
    }
}

/// The result of [`Tls::reload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reloaded {
    /// The files have not changed.
    Same,
    /// New handshakes use a new certificate.
    New,
}

fn read(cert_file: &Path, key_file: &Path) -> anyhow::Result<Files> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    Ok(Files { cert: read(cert_file)?, key: Zeroizing::new(read(key_file)?) })
}

/// The end of the server's own certificate, the first of the chain. `None` where that cannot be read.
fn expiry(files: &Files) -> Option<u64> {
    let own = CertificateDer::pem_slice_iter(&files.cert).next()?.ok()?;
    let certificate = Certificate::from_der(&own).ok()?;
    Some(certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs())
}

fn configure(files: &Files) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(&files.cert)
        .collect::<Result<Vec<_>, _>>()
        .context("the certificate file is not PEM")?;
    anyhow::ensure!(!chain.is_empty(), "the certificate file contains no certificate");
    let key =
        PrivateKeyDer::from_pem_slice(&files.key).context("the key file contains no private key in PEM")?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the key does not belong to the certificate")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
