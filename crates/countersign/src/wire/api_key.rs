//! An API key.

use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId};
use crate::model::api_key::ApiKey;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// An API key; never its secret.
    ApiKeyView {
        id: ApiKeyId,
        account_id: AccountId,
        name: &'a str,
        /// The one audience that its tokens are for; `null`: the default audience.
        audience: Option<&'a str>,
        /// What its tokens are limited to, with spaces between them; empty: everything that the account may do there.
        scope: String,
        created_at: Instant,
        expires_at: Option<Instant>,
        /// To the hour.
        last_used_at: Option<Instant>,
        revoked_at: Option<Instant>,
        /// Whether it is neither expired nor revoked.
        live: bool,
    }
}

impl<'a> ApiKeyView<'a> {
    /// The view of a key at this instant.
    #[must_use]
    pub fn new(key: &'a ApiKey, now: Timestamp) -> Self {
        Self {
            id: key.id,
            account_id: key.account_id,
            name: key.name.as_str(),
            audience: key.audience.as_deref(),
            scope: key.scopes.to_string(),
            created_at: Instant(key.created_at),
            expires_at: key.expires_at.map(Instant),
            last_used_at: key.last_used_at.map(Instant),
            revoked_at: key.revoked_at.map(Instant),
            live: key.is_live(now),
        }
    }
}
