//! An account.

use serde_json::{Map, Value};

use crate::base::id::AccountId;
use crate::model::account::{Account, Locale};
use crate::wire::field::view;
use crate::wire::{Instant, Optional};

view! {
    /// An account, as its owner and administrators see it.
    AccountView {
        user_id: AccountId,
        username: &'a str,
        role: &'a str,
        /// The application's own claims, which go into every access token.
        claims: &'a Map<String, Value>,
        /// The language of mails about it, as a tag of BCP 47; none: as the browser says that asks for one.
        locale: Option<&'a str>,
        disabled: bool,
        /// Since when, if it is disabled.
        disabled_at: Option<Instant>,
        /// Whether it has a password here; without one its owner cannot sign in with any that is kept here.
        has_password: bool,
        /// Whether the owner must choose a new password before the next session starts.
        password_change_required: bool,
        created_at: Instant,
        ;optional
        /// When it is deleted, because its owner has asked for that; it is disabled until then.
        deletion_at: Instant,
    }
}

impl<'a> From<&'a Account> for AccountView<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            user_id: account.id,
            username: account.username.as_str(),
            role: account.role.as_str(),
            claims: account.claims.as_map(),
            locale: account.language.locale.as_ref().map(Locale::as_str),
            disabled: !account.is_enabled(),
            disabled_at: account.disabled_at.map(Instant),
            has_password: account.has_password,
            password_change_required: account.password_change_required,
            created_at: Instant(account.created_at),
            deletion_at: Optional(account.delete_at.map(Instant)),
        }
    }
}

view! {
    /// The signed-in account, as a token response names it.
    UserView {
        user_id: AccountId,
        username: &'a str,
        role: &'a str,
    }
}

impl<'a> From<&'a Account> for UserView<'a> {
    fn from(account: &'a Account) -> Self {
        Self { user_id: account.id, username: account.username.as_str(), role: account.role.as_str() }
    }
}
