//! [`EmailOptions`]: what people can do by mail.

use crate::base::out_of_range::Broken;
pub use crate::model::notice::{Notice, Notices};
pub use crate::model::ticket::MailLimits;
pub use crate::model::work::WorkOptions;

/// What people can do by mail.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EmailOptions {
    /// Whether people can add and verify addresses, and set another password by mail. Default: no. It needs a way to send mails.
    pub enabled: bool,
    /// Whether people can sign in by a mail to a verified address, without their password. Default: no: it makes every mailbox as good as
    /// a password.
    pub sign_in: bool,
    /// Whether such a mail is good for nothing outside the browser that asked: no other browser can let it go on. Default: no.
    pub same_browser_only: bool,
    /// How many mails somebody can ask for.
    pub limits: MailLimits,
    /// From how many requests on a proof of work has to be shown.
    pub work: WorkOptions,
    /// The mails that tell owners what was done to their accounts. Default: all. Without
    /// [`Notice::AddressUndo`] a changed address cannot be taken back.
    pub notices: Notices,
}

impl EmailOptions {
    pub(super) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.within("limits", self.limits.broken());
        broken.within("work", self.work.broken());
        broken
    }
}
