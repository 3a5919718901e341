//! Mails on their way out: what one is, and who takes it. With the feature `mail`, an SMTP server or a directory takes it;
//! an application can take it in a way of its own. Which mails there are, and when one is sent, is decided elsewhere.

mod mailer;
#[cfg(feature = "mail")]
mod message;
#[cfg(feature = "mail")]
mod smtp;
#[cfg(feature = "mail")]
mod url;

pub use self::mailer::{Mailer, OutgoingMail};
#[cfg(feature = "mail")]
pub use self::message::is_mailbox;
#[cfg(feature = "mail")]
pub use self::smtp::{MailServer, MailServerError};
#[cfg(feature = "mail")]
pub use self::url::{InvalidMailUrl, MailUrl};
pub use crate::model::outbox::DeliveryFailure;
