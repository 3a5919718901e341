//! Where the database is and how to reach it: the URL, which holds a password and is never shown, and TLS.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::figures::StoreFigures;
use crate::store::postgres::engine::hosts::by_host;

/// The address of a PostgreSQL database, `postgres://user:password@host1:5432,host2:5432/database?sslmode=require`. With
/// several hosts, the one that takes writes is used.
///
/// A connection to another machine is encrypted, and the server's certificate and name are checked, unless the URL says
/// `sslmode=disable`. `sslrootcert=` names a PEM file with the certificates to trust instead of the system's. Further
/// parameters are those of the list in [`InvalidDatabaseUrl::Parameter`], as libpq has them.
///
/// It shows neither the password nor anything else that a connection needs beside host, port and database.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    config: Config,
    root_certificates: Option<PathBuf>,
    bell: Option<Box<Self>>,
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
    /// A password with an `@` that is not encoded would be taken for a part of the host, which is shown.
    #[error(
        "the address of the database has more than one @: write %40 for an @ in its user, password or database"
    )]
    At,
    /// A parameter that has no effect here. It is not named: it may be a part of a password.
    #[error("the address of the database has an unknown parameter; known are {}", PARAMETERS.join(", "))]
    Parameter,
    /// Only a database that takes writes is of use.
    #[error(
        "target_session_attrs can only be read-write, primary or any: the database that takes writes is used"
    )]
    ReadOnly,
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
        if address.matches('@').count() > 1 {
            return Err(InvalidDatabaseUrl::At);
        }
        let parameters = Parameters::parse(parameters)?;
        // Of a parameter that is named twice, the driver takes the last.
        let mut config: Config = format!("{address}?{DEFAULTS}{}", parameters.for_the_driver())
            .parse()
            .map_err(|error: tokio_postgres::Error| InvalidDatabaseUrl::Syntax(Box::new(error)))?;
        if config.get_hosts().is_empty() {
            return Err(InvalidDatabaseUrl::NoHost);
        }
        let mode = ssl_mode(parameters.of("sslmode"), &config)?;
        config
            .ssl_mode(mode)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .tcp_user_timeout(UNANSWERED);
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(2);
        let roots = parameters.of("sslrootcert").filter(|path| *path != "system");
        let roots = roots.map(|path| percent_decode_str(path).decode_utf8_lossy().into_owned().into());
        Ok(Self { config, root_certificates: roots, bell: None })
    }

    /// The same with this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// The same with this way to the server itself, where this one leads to a pooler in transaction mode, which passes on
    /// no notifications. By them nodes hear of log-outs a tenth of a second sooner. Without a password it has that of
    /// this address.
    #[must_use]
    pub fn with_bell(mut self, direct: Self) -> Self {
        self.bell = Some(Box::new(direct));
        self
    }

    /// The way for notifications.
    pub(in crate::store::postgres) fn bell(&self) -> Self {
        let mut bell = self.bell.as_deref().unwrap_or(self).clone();
        if let (None, Some(password)) = (bell.config.get_password(), self.config.get_password()) {
            bell.config.password(password);
        }
        bell
    }

    /// The same with a relative path of `sslrootcert` joined to this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.root_certificates = self.root_certificates.map(|path| folder.join(path));
        self
    }

    /// Whether it has a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// Whether what is sent is encrypted, and the server's certificate checked.
    #[must_use]
    pub fn uses_tls(&self) -> bool {
        self.config.get_ssl_mode() == SslMode::Require
    }

    /// Whether it is on this machine, all of its hosts.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.config.get_hosts().iter().all(is_here)
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

/// What stands behind the `?` of a URL.
struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    fn parse(text: &'a str) -> Result<Self, InvalidDatabaseUrl> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let known = |pair: &'a str| pair.split_once('=').filter(|(name, _)| PARAMETERS.contains(name));
        let all = Self(pairs.map(known).collect::<Option<_>>().ok_or(InvalidDatabaseUrl::Parameter)?);
        match all.of("target_session_attrs") {
            None | Some("read-write" | "primary" | "any") => Ok(all),
            Some(_) => Err(InvalidDatabaseUrl::ReadOnly),
        }
    }

    fn of(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rfind(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Those that the driver decides about.
    fn for_the_driver(&self) -> String {
        let ours = ["sslmode", "sslrootcert", "target_session_attrs"];
        let others = self.0.iter().filter(|(name, _)| !ours.contains(name));
        others.fold(String::new(), |all, (name, value)| all + "&" + name + "=" + value)
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
    figures: Arc<StoreFigures>,
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
        let config = trusting(roots)
            .map_err(|error| rustls::pki_types::pem::Error::Io(std::io::Error::other(error)))?;
        Ok(Self { url, tls: MakeRustlsConnect::new(config), figures: Arc::default() })
    }

    /// The hosts, in the order in which they are tried.
    pub(in crate::store::postgres) fn hosts(&self) -> Vec<Config> {
        by_host(&self.url.config)
    }

    /// The longest time that one host may take.
    pub(in crate::store::postgres) fn patience(&self) -> Duration {
        self.url.config.get_connect_timeout().copied().unwrap_or_default() + AFTER_CONNECTING
    }

    pub(in crate::store::postgres) fn tls(&self) -> MakeRustlsConnect {
        self.tls.clone()
    }

    /// Where all connections count what they do.
    pub(in crate::store::postgres) const fn figures(&self) -> &Arc<StoreFigures> {
        &self.figures
    }
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

/// What a URL may say beside `postgres://user:password@host:port/database`.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "sslrootcert",
    "sslnegotiation",
    "channel_binding",
    "user",
    "password",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "options",
    "application_name",
    "connect_timeout",
    "target_session_attrs",
];
const DEFAULTS: &str = "application_name=countersign&connect_timeout=2";
/// For the handshakes that follow on TCP's.
const AFTER_CONNECTING: Duration = Duration::from_millis(1_500);
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
            "postgres://ann:hunter2@hunter2@db1/auth",
            "postgres://ann:x?hunter2@db1/auth",
            "postgres://ann:x?hunter2=@db1/auth",
            "postgres://ann:hunter2/auth",
        ] {
            let refused = DatabaseUrl::parse(wrong).unwrap_err();
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
        }
        let url = DatabaseUrl::parse("postgres://ann@db1/auth").unwrap();
        assert!(!url.has_password());
        let url = url.with_password("hunter2");
        assert!(url.has_password() && !format!("{url} {url:?}").contains("hunter2"));
    }

    #[test]
    fn parameters_are_those_that_have_an_effect() {
        let url =
            "postgres://db1,db2/auth?connect_timeout=9&target_session_attrs=primary&sslrootcert=a%20b.pem";
        let url = DatabaseUrl::parse(url).unwrap().in_folder(Path::new("/etc"));
        assert_eq!(url.root_certificates, Some("/etc/a b.pem".into()));
        let tls = MakeRustlsConnect::new(trusting(RootCertStore::empty()).unwrap());
        let target = Target { url, tls, figures: Arc::default() };
        assert_eq!(target.patience(), Duration::from_millis(10_500));
        let [_, second] = target.hosts().try_into().unwrap();
        assert_eq!(second.get_application_name(), Some("countersign"));
        assert_eq!(second.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        let named = DatabaseUrl::parse("postgres://db/?application_name=a&sslrootcert=system").unwrap();
        assert_eq!((named.config.get_application_name(), named.root_certificates), (Some("a"), None));
        for (parameter, why) in [
            ("target_session_attrs=standby", "takes writes"),
            ("passfile=/x", "unknown parameter; known are sslmode"),
            ("sslmode", "unknown parameter"),
        ] {
            let refused = DatabaseUrl::parse(&format!("postgres://db/auth?{parameter}")).unwrap_err();
            assert!(refused.to_string().contains(why), "{refused}");
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
