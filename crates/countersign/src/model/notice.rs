//! Which mails tell the owner of an account what was done to it. An operator can leave some out; an owner cannot, because a
//! thief could.

use crate::model::named::named;

named! {
    /// A mail that nobody asks for. Its name is that of its template.
    pub enum Notice {
        /// To a verified address that was removed, or is not the primary one any more: with the way back.
        AddressUndo = "address_undo",
        /// To an address that became primary in the place of another.
        AddressChanged = "address_changed",
        /// The password was changed or set.
        PasswordChanged = "password_changed",
        /// The password was reset by mail.
        PasswordResetDone = "password_reset_done",
        /// An authenticator was added or removed, or recovery codes were made.
        SecondFactorChanged = "second_factor_changed",
        /// Somebody signed in on a device that was not known.
        NewDevice = "new_device",
    }
}

/// The notices that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notices(u8);

impl Notices {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Notice::ALL.iter().fold(Self::NONE, |set, notice| set.and(*notice))
    }

    /// These, and one more.
    #[must_use]
    pub const fn and(self, notice: Notice) -> Self {
        Self(self.0 | 1 << notice as u8)
    }

    /// Whether it is sent.
    #[must_use]
    pub const fn has(self, notice: Notice) -> bool {
        self.0 & 1 << notice as u8 != 0
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self::all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outbox::MailTemplate;

    #[test]
    fn each_notice_is_a_mail_and_is_sent_unless_it_is_left_out() {
        for notice in Notice::ALL {
            assert!(MailTemplate::from_name(notice.name()).is_some(), "{notice:?}");
            assert!(Notices::default().has(*notice) && !Notices::NONE.has(*notice));
            assert!(
                Notice::ALL.iter().all(|other| Notices::NONE.and(*notice).has(*other) == (other == notice))
            );
        }
    }
}
