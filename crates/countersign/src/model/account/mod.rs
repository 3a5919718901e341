//! Who can sign in: the account, and what a store keeps beside it. The files below have the rules for names,
//! roles and custom claims, and for making and changing accounts.

mod change;
mod create;
mod custom_claims;
mod deletion;
mod email;
mod language;
mod look_alike;
mod password;
mod role;
mod takeover;
mod username;

pub use self::change::*;
pub use self::create::*;
pub use self::custom_claims::*;
pub use self::deletion::*;
pub use self::email::*;
pub use self::language::*;
pub(crate) use self::look_alike::*;
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
    /// When it is deleted, if its owner has asked for that. It is disabled until then, unless they take it back
    /// ([`Authenticated::take_back_account`](crate::Authenticated::take_back_account)) or an administrator says whether it is disabled.
    pub delete_at: Option<Timestamp>,
    /// In which language mails about it are written.
    pub language: AccountLanguage,
    /// Whether it has a password here. Without one its owner signs in only where somebody else vouches for them: the application, or
    /// the system that they come from.
    pub has_password: bool,
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

/// Which accounts to list: those of the filter, a page of them.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Which ones.
    pub filter: AccountFilter,
    /// Where the page begins, in which order.
    pub page: AccountPage,
    /// The most accounts to give.
    pub limit: u32,
}

impl AccountQuery {
    /// The first accounts after this canonical name, in the order of their names.
    #[must_use]
    pub fn by_name(after: Option<String>, limit: u32) -> Self {
        Self { page: AccountPage::ByName { after }, limit, ..Self::default() }
    }
}

/// Which accounts; the default is all of them.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Only names whose canonical form contains this canonical text.
    pub search: Option<String>,
    /// Only accounts with this role.
    pub role: Option<Role>,
    /// Only accounts that are disabled, or that are not.
    pub disabled: Option<bool>,
    /// Only accounts that have a password here, or that have none.
    pub has_password: Option<bool>,
}

/// The order of accounts, and where a page of them begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountPage {
    /// By canonical name, compared by bytes.
    ByName {
        /// Only names that sort after this one: the last of the page before.
        after: Option<String>,
    },
    /// The last created first.
    NewestFirst {
        /// Only accounts that were created before this one: the last of the page before.
        before: Option<(Timestamp, AccountId)>,
    },
}

impl Default for AccountPage {
    fn default() -> Self {
        Self::ByName { after: None }
    }
}
