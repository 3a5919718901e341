//! [`Mailer`]: whoever takes a mail that is ready.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::base::id::DeliveryId;
use crate::model::outbox::DeliveryFailure;

/// Takes mails. It is asked for one mail after another, for a few at once if they go to different people, and again later
/// if it fails.
///
/// ```
/// use countersign::mail::{DeliveryFailure, Mailer, OutgoingMail};
///
/// # async fn post(to: &str, subject: &str, text: &str) -> std::io::Result<()> { Ok(()) }
/// let mailer = Mailer::new(async |mail: OutgoingMail| {
///     let posted = post(&mail.to, &mail.subject, &mail.text).await;
///     posted.map_err(|error| DeliveryFailure::Transient(error.to_string()))
/// });
/// ```
#[derive(Clone)]
pub struct Mailer(Arc<Send>);

type Send = dyn Fn(OutgoingMail) -> Pending + std::marker::Send + Sync;
type Pending = Pin<Box<dyn Future<Output = Result<(), DeliveryFailure>> + std::marker::Send>>;

/// A mail that is ready. It may hold a secret: `Debug` shows its ID alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutgoingMail {
    /// The same at each attempt. As the Message-ID it lets a reader's program recognise a mail that arrives twice.
    pub id: DeliveryId,
    /// Whom it is from: `Name <name@example.com>`, or the address alone.
    pub from: String,
    /// Where responses go, in the same form.
    pub reply_to: Option<String>,
    /// The address that it goes to.
    pub to: String,
    /// The subject: one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
}

impl Mailer {
    /// Gives mails to this function. What it says about a failure is logged and stored: it must hold no secret.
    pub fn new<F>(send: impl Fn(OutgoingMail) -> F + std::marker::Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), DeliveryFailure>> + std::marker::Send + 'static,
    {
        Self(Arc::new(move |mail| Box::pin(send(mail))))
    }

    /// Gives it one mail.
    ///
    /// # Errors
    /// What the function says. A failure names nobody: the recipient's address is not in its text.
    pub(crate) async fn send(&self, mail: OutgoingMail) -> Result<(), DeliveryFailure> {
        let to = mail.to.clone();
        (self.0)(mail).await.map_err(|failure| failure.without(&to))
    }
}

impl OutgoingMail {
    /// A mail without words. Line breaks and other control characters in what becomes a header are spaces from now on, so
    /// nobody writes headers of their own by a name or an address.
    #[must_use]
    pub fn new(id: DeliveryId, from: &str, to: &str) -> Self {
        let [from, to] = [from, to].map(one_line);
        Self { id, from, reply_to: None, to, subject: String::new(), text: String::new(), html: None }
    }

    /// Gives it this subject, on one line.
    pub fn set_subject(&mut self, subject: &str) {
        self.subject = one_line(subject);
    }
}

/// RFC 5322 §2.2: what a line break in a header would begin.
fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

impl fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutgoingMail({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// EM-9.
    #[test]
    fn a_line_break_ends_no_header() {
        let id = DeliveryId::random(&Random::insecure_seeded(1));
        let mut mail = OutgoingMail::new(id, "a@b.example", "x@y.example\r\nBcc: z@y.example");
        mail.set_subject("Hi\nBcc: z\u{85}\0");
        assert_eq!(mail.to, "x@y.example  Bcc: z@y.example");
        assert_eq!(mail.subject, "Hi Bcc: z  ");
        assert!(!format!("{mail:?}").contains("Hi"));
    }

    #[tokio::test]
    async fn a_failure_does_not_name_the_recipient() {
        let id = DeliveryId::random(&Random::insecure_seeded(1));
        let mailer = Mailer::new(async |mail: OutgoingMail| {
            Err(DeliveryFailure::Permanent(format!("550 <{}> is unknown", mail.to)))
        });
        let mail = OutgoingMail::new(id, "a@b.example", "bob@y.example");
        let failure = mailer.send(mail).await.unwrap_err();
        assert_eq!(failure, DeliveryFailure::Permanent("550 <the recipient> is unknown".to_owned()));
    }
}
