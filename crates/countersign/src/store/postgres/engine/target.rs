//! Where the database is and how to reach it: the URL, which holds a password and is never shown, and TLS.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The address of a PostgreSQL database, `postgres://user:password@host1:5432,host2:5432/database?sslmode=require`. With
/// several hosts, the one that takes writes is used.
///
/// A connection to another machine is encrypted, and the server's certificate and name are checked, unless the URL says
/// `sslmode=disable`. `sslrootcert=` names a PEM file with the certificates to trust instead of the system's.
///
/// It shows neither the password nor anything else that a connection needs beside host, port and database.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: Config,
    root_certificates: Option<PathBuf>,
}

/// Why a text is not the address of a database. It does not contain the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// It begins otherwise.
    #[error("the address of the database has to begin with postgres:// or postgresql://")]
    Scheme,
    /// The driver cannot read it.
    #[error("the address of the database cannot be read: {}", .0.source().map_or_else(|| .0.to_string(), ToString::to_string))]
    Syntax(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It names no host.
    #[error("the address of the database names no host")]
    NoHost,
    /// A mode that would send the password in the clear to whoever asks for it.
    #[error("sslmode={0} is not offered: say require, which checks the server's certificate, or disable")]
    SslMode(String),
}

impl DatabaseUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// Every variant of [`InvalidDatabaseUrl`].
    pub fn parse(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(InvalidDatabaseUrl::Scheme);
        }
        let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
        let of = |name: &str| {
            let values = parameters.split('&').filter_map(|pair| pair.split_once('='));
            values.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next_back()
        };
        let (mode, roots) = (of("sslmode"), of("sslrootcert"));
        let others: Vec<_> = parameters
            .split('&')
            .filter(|pair| !pair.starts_with("sslmode=") && !pair.starts_with("sslrootcert="))
            .collect();
        let mut config: Config = format!("{address}?{}", others.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| InvalidDatabaseUrl::Syntax(Box::new(error)))?;
        if config.get_hosts().is_empty() {
            return Err(InvalidDatabaseUrl::NoHost);
        }
        let mode = ssl_mode(mode.as_deref(), &config)?;
        config
            .ssl_mode(mode)
            .application_name("countersign")
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(UNANSWERED);
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(2);
        Ok(Self { config, root_certificates: roots.map(PathBuf::from) })
    }

    /// Whether what is sent is encrypted, and the server's certificate checked.
    #[must_use]
    pub fn uses_tls(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }
}

/// `postgres://host1:5432,host2:5432/database`.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        let ports = self.config.get_ports();
        for (n, host) in self.config.get_hosts().iter().enumerate() {
            f.write_str(if n == 0 { "" } else { "," })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            write!(f, ":{}", ports.get(n).or(ports.first()).unwrap_or(&5432))?;
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// A certificate is always checked: the modes differ only for programs that can leave it. Between programs of one
/// machine there is nothing to encrypt, and a server's certificate there is rarely one that can be checked.
fn ssl_mode(asked: Option<&str>, config: &Config) -> Result<SslMode, InvalidDatabaseUrl> {
    match asked {
        Some("disable") => Ok(SslMode::Disable),
        Some("require" | "verify-ca" | "verify-full") => Ok(SslMode::Require),
        Some(other) => Err(InvalidDatabaseUrl::SslMode(other.to_owned())),
        None if config.get_hosts().iter().all(is_here) => Ok(SslMode::Disable),
        None => Ok(SslMode::Require),
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

/// A database that can be connected to.
pub(in crate::store::postgres) struct Target {
    url: DatabaseUrl,
    tls: MakeRustlsConnect,
}

impl Target {
    /// Reads the certificates to trust.
    pub(in crate::store::postgres) fn new(url: DatabaseUrl) -> Result<Self, rustls::pki_types::pem::Error> {
        let mut roots = RootCertStore::empty();
        match &url.root_certificates {
            Some(path) => {
                let certificates: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
                roots.add_parsable_certificates(certificates);
            }
            None if url.uses_tls() => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            None => {}
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| rustls::pki_types::pem::Error::Io(std::io::Error::other(error)))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { url, tls: MakeRustlsConnect::new(config) })
    }

    pub(in crate::store::postgres) fn config(&self) -> &Config {
        &self.url.config
    }

    pub(in crate::store::postgres) fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A primary that is lost is noticed within seconds, and not within the quarter of an hour that TCP takes.
const UNANSWERED: Duration = Duration::from_secs(3);
const KEEPALIVE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    /// LG-2: whatever is shown of it has no password, and no user either.
    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let url = DatabaseUrl::parse("postgres://ann:hunter2@db1:5433,db2/auth?sslmode=disable").unwrap();
        assert_eq!(url.to_string(), "postgres://db1:5433,db2:5432/auth");
        assert_eq!(format!("{url:?}"), "DatabaseUrl(postgres://db1:5433,db2:5432/auth)");
        for wrong in [
            "postgres://ann:hunter2@db1:x/auth",
            "mysql://ann:hunter2@db1",
            "postgres://ann:hunter2@db1/?hunter2=1",
        ] {
            let refused = DatabaseUrl::parse(wrong).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("ann:hunter2"), "{refused:?}");
        }
    }

    /// Nothing crosses a network in the clear unless the operator says so.
    #[test]
    fn another_machine_is_reached_by_tls() {
        let tls =
            |url: &str| DatabaseUrl::parse(url).map(|url| url.uses_tls()).map_err(|error| error.to_string());
        for (url, expected) in [
            ("postgres://db/auth", true),
            ("postgres://127.0.0.1,db/auth", true),
            ("postgres://10.0.0.1/auth?sslmode=verify-full&sslrootcert=/etc/ca.pem", true),
            ("postgres://localhost/auth?sslmode=require", true),
            ("postgres://db/auth?sslmode=disable&connect_timeout=1", false),
            ("postgres://localhost:5433/auth", false),
            ("postgres://[::1]/auth", false),
            ("postgresql://%2Frun%2Fpostgresql/auth", false),
        ] {
            assert_eq!(tls(url), Ok(expected), "{url}");
        }
        for mode in ["prefer", "allow", ""] {
            assert!(
                tls(&format!("postgres://localhost/auth?sslmode={mode}")).unwrap_err().contains("sslmode")
            );
        }
        assert!(tls("postgres:///auth").unwrap_err().contains("no host"));
    }
}
