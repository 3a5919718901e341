//! Tickets: what a mail lets somebody do, once. A ticket is shown by the 256-bit secret of the link in the mail, or by the code
//! that is typed into the browser that asked; whoever can read the database can show neither.
//!
//! ```text
//! start ──► alive ──► consumed     in the transaction that does what it is for
//!             ├─────► approved     of a sign-in: by the digits that the asking browser shows; that browser then uses it
//!             ├─────► voided       by a newer one of its kind, or by what it is bound to: the password, the address
//!             ├─────► guessed at   [`CODE_TRIES`] wrong codes
//!             └─────► expired      or of before the store was restored
//! ```
//!
//! A ticket with neither an account nor a payload is one that somebody asked for with an address that nobody has. One for a new
//! account that has an account is one that was asked for with an address that somebody has. Both are counted and kept like any
//! other, so that the store does the same work (EN-4), and nobody can use them.

mod consume;
mod flow_cookie;
mod invitation;
mod limits;
mod register;
mod reset;
mod sign_in;
mod undo;
mod verify;

pub(crate) use self::consume::{is_owned, look};
pub use self::flow_cookie::FlowCookie;
pub(crate) use self::invitation::withdraw;
pub(in crate::model) use self::limits::void;
pub(crate) use self::limits::{COUNTED, start};
pub use self::limits::{MailLimits, RecentTickets, StartTicketOutcome};
pub(crate) use self::register::Offer;
pub use self::register::{AccountRegistration, RegisterOutcome};
pub use self::reset::{PasswordReset, ResetOutcome};
pub use self::sign_in::{ApproveOutcome, MailSignIn, SignInApproval};
pub(crate) use self::undo::Belongings;
pub use self::undo::{AddressUndo, UndoOutcome};
pub use self::verify::VerifyOutcome;
pub(crate) use self::verify::verify_email;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, TicketId};
use crate::model::account::{Credentials, EmailAddress};
use crate::model::named::named;
use crate::model::outbox::NewDelivery;

named! {
    /// What a ticket is for. It is good for nothing else (EM-1).
    pub enum TicketPurpose {
        /// To show that the owner of an account reads the mail of an address.
        Verify = "verify",
        /// To set another password.
        Reset = "reset",
        /// To sign in.
        SignIn = "sign_in",
        /// To make the account that was asked for.
        Register = "register",
        /// To make an account that an administrator has offered.
        Invite = "invite",
        /// To give an account its former address back.
        UndoAddress = "undo_address",
    }
}

/// A ticket of a newer version of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ticket is for something that this version does not know")]
pub(crate) struct UnknownPurpose;

impl TicketPurpose {
    /// How long a ticket for it lives.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::SignIn => Duration::from_mins(10),
            Self::Reset => Duration::from_mins(30),
            Self::Verify | Self::Register => Duration::from_hours(24),
            Self::Invite | Self::UndoAddress => Duration::from_hours(7 * 24),
        }
    }
}

/// A ticket, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Ticket {
    /// Its ID, from which its secrets are derived.
    pub id: TicketId,
    /// What it is for.
    pub purpose: TicketPurpose,
    /// The account that it is for. None: of an account that is yet to be made, or nobody's.
    pub account_id: Option<AccountId>,
    /// The address that its mail goes to.
    pub address: EmailAddress,
    /// The number of the password with which it dies ([`Credentials::password_version`]).
    pub password_version: Option<i64>,
    /// The keyed hash of its code; without one, only the link works.
    pub code_hash: Option<[u8; 32]>,
    /// SHA-256 of what the browser that asked keeps.
    pub browser_hash: Option<[u8; 32]>,
    /// How many wrong codes may still be typed.
    pub tries_left: u32,
    /// What else there is to know when it is used, sealed: what account is made with it, or from where a sign-in was asked for. Of a
    /// way back, since when its address was verified.
    pub payload: Option<Vec<u8>>,
    /// Stands for the network that asked.
    pub source: Option<[u8; 16]>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does nothing.
    pub expires_at: Timestamp,
    /// When it was used or voided.
    pub consumed_at: Option<Timestamp>,
    /// When whoever reads the mail let the browser that asked go on, of a sign-in.
    pub approved_at: Option<Timestamp>,
}

impl Ticket {
    /// Whether it can be used, if its account is as it has to be.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.consumed_at.is_none() && now < self.expires_at && self.tries_left > 0
    }

    /// The ticket that a row of a store is, where tickets that were made before `not_before` are void: the store was restored
    /// since, and nobody knows which of them had been used.
    pub(crate) fn since(self, not_before: Timestamp) -> Self {
        let restored = (self.created_at < not_before).then_some(not_before);
        Self { consumed_at: self.consumed_at.or(restored), ..self }
    }

    /// Whether somebody can use it as long as it is alive. The mail of any other is not sent.
    pub(crate) const fn is_somebodys(&self) -> bool {
        match self.purpose {
            // The owner of an address that an account has is told so.
            TicketPurpose::Register | TicketPurpose::Invite => {
                self.account_id.is_some() || self.payload.is_some()
            }
            TicketPurpose::Verify
            | TicketPurpose::Reset
            | TicketPurpose::SignIn
            | TicketPurpose::UndoAddress => self.account_id.is_some(),
        }
    }

    /// Whether it was sent to the browser that keeps what has this hash.
    pub(crate) fn is_of_browser(&self, browser_hash: &[u8; 32]) -> bool {
        is_same(self.browser_hash, browser_hash)
    }

    /// What it is for, and its ID: what the audit log says of an account that is yet to be made.
    pub(in crate::model) fn named(&self) -> String {
        format!("{} {}", self.purpose.name(), self.id)
    }

    /// Whether this is its account, enabled and with the password that it had. Whoever signs in can take an account back that is to
    /// be deleted.
    pub(in crate::model) fn is_good_for(&self, found: &Credentials) -> bool {
        self.account_id == Some(found.account.id)
            && (found.account.is_enabled()
                || self.purpose == TicketPurpose::SignIn && found.account.knows_its_owner())
            && self.password_version.is_none_or(|version| version == found.password_version)
    }
}

/// Whether what is kept is what is shown, in a time that does not say where they differ.
fn is_same(kept: Option<[u8; 32]>, shown: &[u8; 32]) -> bool {
    kept.is_some_and(|kept| verify_slices_are_equal(&kept, shown).is_ok())
}

/// A ticket to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// The mail that has it, written in the same transaction.
    pub mail: Option<NewDelivery>,
}

/// What somebody shows of a ticket. Nothing of it is a secret: these are hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresentedTicket {
    /// The link.
    Link {
        /// SHA-256 of the secret.
        secret_hash: [u8; 32],
    },
    /// The code, in the browser that asked.
    Code {
        /// The ticket that the browser asked for.
        id: TicketId,
        /// SHA-256 of what it keeps.
        browser_hash: [u8; 32],
        /// The keyed hash of the code.
        code_hash: [u8; 32],
    },
    /// The link, in the browser that asked.
    OwnLink {
        /// SHA-256 of the secret.
        secret_hash: [u8; 32],
        /// SHA-256 of what the browser keeps.
        browser_hash: [u8; 32],
    },
    /// Nothing but the browser that asked, for a ticket that was approved elsewhere.
    Browser {
        /// The ticket that the browser asked for.
        id: TicketId,
        /// SHA-256 of what it keeps.
        browser_hash: [u8; 32],
    },
}

/// So many wrong codes can be typed.
pub const CODE_TRIES: u32 = 5;

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::base::random::Random;
    use crate::model::session::testing::{T, account};

    /// A ticket of the account of all tests, made at `T`.
    pub(crate) fn ticket(purpose: TicketPurpose) -> Ticket {
        Ticket {
            id: TicketId::random(&Random::insecure_seeded(1)),
            purpose,
            account_id: Some(account().id),
            address: EmailAddress::parse("bob@example.org").unwrap(),
            password_version: Some(5),
            code_hash: Some([1; 32]),
            browser_hash: Some([2; 32]),
            tries_left: CODE_TRIES,
            payload: None,
            source: Some([3; 16]),
            created_at: T,
            expires_at: T.plus(purpose.lifetime()),
            consumed_at: None,
            approved_at: None,
        }
    }

    pub(crate) fn found() -> Credentials {
        Credentials { account: account(), password_hash: None, password_version: 5 }
    }

    pub(crate) const LINK: PresentedTicket = PresentedTicket::Link { secret_hash: [0; 32] };
}
