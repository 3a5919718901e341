//! An SMTP server, or a directory, that takes mails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as LettreTls, TlsParameters};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use zeroize::Zeroizing;

use super::message::message;
use super::url::{MailUrl, Place, Tls};
use super::{Mailer, OutgoingMail};
use crate::model::outbox::DeliveryFailure;

/// Where mails go, with what is needed to get there.
#[derive(Debug)]
#[non_exhaustive]
pub struct MailServer {
    /// Its address.
    pub url: MailUrl,
    /// The password of the user in the address.
    pub password: Option<Zeroizing<String>>,
    /// Further certificate authorities that it may have its certificate from, PEM.
    pub ca: Option<Vec<u8>>,
}

/// Mails cannot be sent there at all, whether it answers or not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailServerError {
    /// The certificates of authorities are not in the form of PEM, or one of them cannot be used.
    #[error("the certificate authorities cannot be used")]
    Ca(#[source] Error),
    /// The address names a user, and there is no password for them, or the other way round.
    #[error("a user and a password go together")]
    Password,
}

impl MailServer {
    /// A server at this address.
    #[must_use]
    pub const fn new(url: MailUrl) -> Self {
        Self { url, password: None, ca: None }
    }

    /// What takes mails for it. It connects when there is one to send.
    ///
    /// # Errors
    /// Each variant of [`MailServerError`].
    pub fn mailer(self) -> Result<Mailer, MailServerError> {
        if self.url.has_user() != self.password.is_some() {
            return Err(MailServerError::Password);
        }
        match self.url.0 {
            Place::Directory(path) => Ok(into_directory(path)),
            Place::Server { tls, host, port, user } => {
                let tls = parameters(tls, &host, self.ca.as_deref()).map_err(MailServerError::Ca)?;
                let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
                    .port(port)
                    .tls(tls)
                    .timeout(Some(LONGEST_REPLY))
                    .pool_config(PoolConfig::new().max_size(AT_ONCE).idle_timeout(IDLE));
                if let (Some(user), Some(password)) = (user, self.password) {
                    builder = builder.credentials(Credentials::new(user, password.to_string()));
                }
                let transport = builder.build();
                Ok(Mailer::new(move |mail| by_smtp(transport.clone(), mail)))
            }
        }
    }
}

/// SECURITY: `Tls::Opportunistic` of the library would go on in clear where somebody has cut `STARTTLS` out (RFC 3207 §6).
fn parameters(tls: Tls, host: &str, ca: Option<&[u8]>) -> Result<LettreTls, Error> {
    if tls == Tls::Never {
        return Ok(LettreTls::None);
    }
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(ca) = ca {
        parameters = parameters.add_root_certificate(Certificate::from_pem(ca)?);
    }
    let parameters = parameters.build()?;
    Ok(if tls == Tls::Always { LettreTls::Wrapper(parameters) } else { LettreTls::Required(parameters) })
}

async fn by_smtp(
    transport: AsyncSmtpTransport<Tokio1Executor>,
    mail: OutgoingMail,
) -> Result<(), DeliveryFailure> {
    let message = message(&mail)?;
    // Apart from the mail itself: whatever goes wrong until we are let in, a wrong password too, says nothing about the mail.
    match transport.test_connection().await {
        Ok(true) => {}
        Ok(false) => return Err(DeliveryFailure::Unavailable("the server has hung up".to_owned())),
        Err(error) => return Err(DeliveryFailure::Unavailable(error.to_string())),
    }
    transport.send(message).await.map(drop).map_err(|error| meaning_of(&error))
}

/// RFC 5321 §4.2.1: 4xx may succeed later, 5xx will not. What ends without a reply may have been taken, or not.
fn meaning_of(error: &Error) -> DeliveryFailure {
    let text = error.to_string();
    let code = error.status().map(u16::from);
    match code {
        Some(code) if ABOUT_US.contains(&code) => DeliveryFailure::Unavailable(text),
        Some(500..) => DeliveryFailure::Permanent(text),
        // What the library refuses to send, such as an address that the server cannot take.
        None if error.is_client() => DeliveryFailure::Permanent(text),
        _ => DeliveryFailure::Transient(text),
    }
}

fn into_directory(path: PathBuf) -> Mailer {
    let path = Arc::new(path);
    Mailer::new(move |mail| {
        let path = Arc::clone(&path);
        async move {
            let message = message(&mail)?;
            let name = format!("{}.eml", mail.id);
            let written = tokio::task::spawn_blocking(move || write(&path, &name, &message)).await;
            let failed = |error: &dyn std::error::Error| DeliveryFailure::Unavailable(error.to_string());
            written.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
        }
    })
}

/// Nobody sees half a mail, and nobody but this user sees one: it may hold a link to sign in with.
fn write(folder: &Path, name: &str, message: &Message) -> std::io::Result<()> {
    use std::fs::{DirBuilder, OpenOptions, rename};
    use std::io::Write as _;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let begun = folder.join(format!(".{name}"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&begun)?;
    file.write_all(&message.formatted())?;
    file.sync_all()?;
    rename(&begun, folder.join(name))
}

/// The server closes, wants a password first, or does not accept ours (RFC 5321 §3.8, RFC 4954 §6).
const ABOUT_US: [u16; 6] = [421, 454, 530, 534, 535, 538];
/// Until the server replies to one command. RFC 5321 §4.5.3.2 would give it up to ten minutes; the next attempt comes sooner.
const LONGEST_REPLY: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(30);
const AT_ONCE: u32 = 4;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::base::id::DeliveryId;
    use crate::base::random::Random;

    fn server(url: &str) -> MailServer {
        MailServer::new(MailUrl::parse(url).unwrap())
    }

    fn mail() -> OutgoingMail {
        let id = DeliveryId::random(&Random::insecure_seeded(1));
        let mut mail = OutgoingMail::new(id, "no-reply@auth.example", "bob@example.com");
        mail.set_subject("Hi");
        mail
    }

    #[test]
    fn a_user_and_a_password_go_together() {
        let mut with_password = server("smtps://h");
        with_password.password = Some(Zeroizing::new("secret".to_owned()));
        assert!(matches!(with_password.mailer(), Err(MailServerError::Password)));
        assert!(matches!(server("smtps://u@h").mailer(), Err(MailServerError::Password)));
        let mut bad_ca = server("smtps://h");
        bad_ca.ca = Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec());
        assert!(matches!(bad_ca.mailer(), Err(MailServerError::Ca(_))));
    }

    #[tokio::test]
    async fn a_mail_is_one_private_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mails");
        let mailer = server(&format!("file:{}", path.display())).mailer().unwrap();
        for _ in 0..2 {
            mailer.send(mail()).await.unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files, [path.join(format!("{}.eml", mail().id))]);
        assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    /// Nobody listens there: that is no fault of the mail.
    #[tokio::test]
    async fn a_server_that_is_away_says_nothing_about_the_mail() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mailer = server(&format!("smtp://127.0.0.1:{port}")).mailer().unwrap();
        let failed = mailer.send(mail()).await;
        assert!(matches!(failed, Err(DeliveryFailure::Unavailable(_))), "{failed:?}");
    }
}
