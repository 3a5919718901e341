//! The values of `[mail]`.

use std::path::Path;

use countersign::mail::{MailUrl, is_mailbox};
use countersign::options::Notice;

use super::setting::{Scalar, choice, one_of};

choice! {
    /// Whether a mail is as good as a password.
    MailSignIn {
        /// No.
        Off = "off",
        /// Yes. One that is opened in another browser than the one that asked lets that one go on.
        On = "on",
        /// Only in the browser that asked.
        SameBrowser = "same_browser"
    }
}

/// Where mails go.
impl Scalar for MailUrl {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        // Not the text: a password may be in it.
        Self::parse(text).map_err(|error| format!("the address {error}"))
    }

    fn scalar_in_folder(self, folder: &Path) -> Self {
        self.in_folder(folder)
    }
}

/// A mail that nobody asks for.
impl Scalar for Notice {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        let names: Vec<&str> = Self::ALL.iter().map(|notice| notice.name()).collect();
        one_of(text, &names)?;
        Self::from_name(text).ok_or_else(|| format!("{text:?} is no notice"))
    }
}

/// An address, perhaps with a name before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailAddress(pub(crate) String);

impl Scalar for MailAddress {
    fn parse_scalar(text: &str) -> Result<Self, String> {
        if is_mailbox(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a mail address like no-reply@example.com, or Example <no-reply@example.com>"
        ))
    }
}
