//! The e-mail addresses of an account. It has none, one or several, each verified or not; one of the verified ones is primary and
//! gets the notices. Anybody may claim an address, and nothing is trusted about it before it is verified (EM-5); one account at
//! a time has it verified.

mod change;
mod way_back;

pub use self::change::EmailChange;
pub(crate) use self::change::*;
pub use self::way_back::EmailNotices;
pub(crate) use self::way_back::{Concerned, concerned, concerned_by_undo};
pub(in crate::model) use self::way_back::{standing, tell};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, EmailId};
use crate::model::account::EmailAddress;
use crate::model::proof::Proof;

/// An e-mail address of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct AccountEmail {
    /// Its ID.
    pub id: EmailId,
    /// The account.
    pub account_id: AccountId,
    /// The address.
    pub address: EmailAddress,
    /// When the owner of the account has shown that they read its mail.
    pub verified_at: Option<Timestamp>,
    /// Whether notices go to it. Only a verified one is.
    pub is_primary: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

/// An address that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEmail {
    /// The address.
    pub email: AccountEmail,
    /// What the account's owner has shown, if they add it themselves. It has to hold still.
    pub checked: Option<Proof>,
}

/// How an account has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailClaim {
    /// Its owner has shown that they read its mail. One account at most.
    Verified,
    /// Its owner says so. Of several accounts, the one that said so last.
    Unverified,
}

/// What came of adding an address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddEmailOutcome {
    /// It is there: new, or as it was there before.
    There(AccountEmail),
    /// There is no such account, or it is disabled and its owner asks.
    NoAccount,
    /// What was shown does not hold any more: the password was changed in the meantime.
    Overtaken,
    /// The account has [`MAX_EMAILS`].
    TooMany,
}

/// What is done about an address of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailAction {
    /// Notices go to it from now on.
    MakePrimary(EmailId),
    /// It goes.
    Remove(EmailId),
}

impl EmailAction {
    const fn email(self) -> EmailId {
        match self {
            Self::MakePrimary(id) | Self::Remove(id) => id,
        }
    }
}

/// What came of making an address the primary one, or removing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeEmailOutcome {
    /// It is done.
    Done,
    /// The account has no such address, or it is disabled and its owner asks.
    NotFound,
    /// The address is not verified.
    NotVerified,
    /// What was shown does not hold any more: the password was changed in the meantime.
    Overtaken,
    /// The addresses were changed in the meantime, and the mails are not for those whom it concerns now: make them again.
    Outdated,
}

/// An account has so many addresses at most.
pub const MAX_EMAILS: usize = 10;
