//! [`MailOptions`]: who takes mails, and whom they are from.

#[cfg(feature = "mail")]
use std::sync::Arc;

use crate::base::out_of_range::Broken;
use crate::mail::Mailer;
#[cfg(feature = "mail")]
use crate::render::Templates;

/// How mails are sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MailOptions {
    /// Who takes them.
    pub mailer: Mailer,
    /// Whom they are from: `Name <name@example.com>`, or the address alone.
    pub from: String,
    /// Where responses go, in the same form. Default none: to `from`.
    pub reply_to: Option<String>,
    /// What mails say, and the pages that their links lead to. Default none: the templates of the program, in English.
    #[cfg(feature = "mail")]
    pub templates: Option<Arc<Templates>>,
}

impl MailOptions {
    /// Mails from this address, given to this mailer.
    #[must_use]
    pub fn new(mailer: Mailer, from: impl Into<String>) -> Self {
        Self {
            mailer,
            from: from.into(),
            reply_to: None,
            #[cfg(feature = "mail")]
            templates: None,
        }
    }

    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let is_address = |text: &str| text.contains('@') && !text.contains(char::is_control);
        broken.unless(is_address(&self.from), "from", "is no address");
        broken.unless(self.reply_to.as_deref().is_none_or(is_address), "reply_to", "is no address");
        broken
    }
}
