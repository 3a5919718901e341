//! An authorization code as a store keeps it: what it is good for. `code.rs` says what becomes of it.

use std::time::Duration;

use super::pkce::Challenge;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::api_key::Scopes;

/// A code, without itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCode {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// The client that it is for.
    pub client_id: String,
    /// Where it went, which whoever shows it has to say again.
    pub redirect_uri: String,
    /// What its verifier fits, if the client uses PKCE.
    pub challenge: Option<Challenge>,
    /// What the client wants in the ID token.
    pub nonce: Option<String>,
    /// What was allowed.
    pub scopes: Scopes,
    /// The audiences that tokens may be asked for.
    pub resources: Vec<String>,
    /// Who has allowed it.
    pub account_id: AccountId,
    /// The session in which they did.
    pub session_id: SessionId,
    /// When it was made.
    pub created_at: Timestamp,
}

impl NewCode {
    /// How long a code lives (RFC 6749 §4.1.2 wants ten minutes at most).
    pub const LIFETIME: Duration = Duration::from_mins(1);
    /// For how long a second use of it is known for one.
    pub const REMEMBERED: Duration = Duration::from_hours(1);

    /// When it is over.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.plus(Self::LIFETIME)
    }
}

/// A code as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    /// The code.
    pub code: NewCode,
    /// When it was used, and the session that began then.
    pub used: Option<(Timestamp, SessionId)>,
}
