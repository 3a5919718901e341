//! Who can sign in: the account, and what a store keeps beside it. The files below have the rules for names,
//! roles and custom claims, and for making and changing accounts.

mod change;
mod create;
mod custom_claims;
mod password;
mod role;
mod takeover;
mod username;

pub use self::change::*;
pub use self::create::*;
pub use self::custom_claims::*;
pub use self::password::*;
pub use self::role::*;
pub use self::takeover::*;
pub use self::username::*;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::password_hash::PasswordHash;
use crate::model::session::EndReason;

/// An account: a person, or a program, that can sign in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// Its ID; the `sub` claim.
    pub id: AccountId,
    /// Its name, in the form its owner writes it.
    pub username: Username,
    /// Its role; the `role` claim.
    pub role: Role,
    /// Claims of the application's own that go into every access token.
    pub claims: CustomClaims,
    /// Since when it may not sign in.
    pub disabled_at: Option<Timestamp>,
    /// Whether its owner has to choose another password before a session begins (PP-7).
    pub password_change_required: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// Whether it may sign in and refresh.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Whether it may administer, as it is now.
    pub(in crate::model) fn can_administer(&self) -> bool {
        self.role.is_admin() && self.is_enabled()
    }

    /// Why no session of it may live, if so.
    pub(in crate::model) const fn refuses_sessions(&self) -> Option<EndReason> {
        if !self.is_enabled() {
            Some(EndReason::AccountDisabled)
        } else if self.password_change_required {
            Some(EndReason::PasswordChangeRequired)
        } else {
            None
        }
    }
}

/// An account and what its password is checked against.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// The hash; without one no password is right.
    pub password_hash: Option<PasswordHash>,
    /// Grows by one with every change of the password (not with a re-hash).
    pub password_version: i64,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Only names whose canonical form contains this canonical text.
    pub search: Option<String>,
    /// Only names whose canonical form sorts after this one: the last of the page before.
    pub after: Option<String>,
    /// The most accounts to give.
    pub limit: u32,
}
