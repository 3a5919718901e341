//! The words of a mail.

use crate::Countersign;
use crate::model::outbox::{DeliveryFailure, MailContents, MailTemplate};
use crate::store::Store;

/// A mail's words. They may hold a secret, so they have no `Debug`.
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: Option<String>,
}

impl<S: Store> Countersign<S> {
    /// The words of this mail.
    ///
    /// # Errors
    /// [`DeliveryFailure::Transient`] for a mail that this version has no words for.
    pub(crate) fn render_mail(&self, mail: &MailContents) -> Result<Rendered, DeliveryFailure> {
        match mail.template {
            MailTemplate::Test => Ok(Rendered {
                subject: "Mails work".to_owned(),
                text: format!("This is a test from {}. Mails work.\n", self.options.issuer),
                html: None,
            }),
            other => {
                Err(DeliveryFailure::Transient(format!("there are no words for the mail {}", other.name())))
            }
        }
    }
}
