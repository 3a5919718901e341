//! An account and its sessions, for the tests of rules.

use super::{PolicyAt, Session, SessionPolicy};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::base::random::Random;
use crate::model::account::{Account, AccountLanguage, CustomClaims, Role, Username};
use crate::model::proof::Proof;

pub(crate) const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

/// An enabled account without rights, always the same.
pub(crate) fn account() -> Account {
    Account {
        id: AccountId::random(&Random::insecure_seeded(1)),
        username: Username::parse("bob").unwrap(),
        role: Role::default(),
        claims: CustomClaims::default(),
        language: AccountLanguage::default(),
        disabled_at: None,
        delete_at: None,
        has_password: true,
        password_change_required: false,
        created_at: T,
    }
}

/// A session of an account, begun at `T`; another one for each `seed`.
pub(crate) fn session_of(account: &Account, seed: u64) -> Session {
    Session {
        id: SessionId::random(&Random::insecure_seeded(100 + seed)),
        account_id: account.id,
        created_at: T,
        authenticated_at: T,
        amr: Proof::Password { version: 0 }.methods(),
        expires_at: T.plus(SessionPolicy::default().absolute_ttl),
        generation: 0,
        rotated_at: T,
        revoked: None,
        user_agent: None,
        address: None,
        bound_key: None,
        app: None,
    }
}

/// The default policy at this instant.
pub(crate) fn at(now: Timestamp) -> PolicyAt {
    PolicyAt { policy: SessionPolicy::default(), now }
}
