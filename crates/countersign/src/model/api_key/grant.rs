//! The proof that an access token may be made for an API key.

use super::ApiKey;
use crate::base::clock::Timestamp;
use crate::base::id::{ApiKeyId, SessionId};
use crate::model::account::Account;
use crate::model::plan::Plan;

/// What somebody has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeyProof {
    /// A key with this SHA-256.
    Secret([u8; 32]),
    /// An access token of ours that names the key, and its `sid`.
    Token(ApiKeyId, SessionId),
}

/// An account that may have sessions, and its API key, which works, as one transaction saw them: what an access token is made
/// from. Only the rule below makes one, inside a plan that a store has to carry out first.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyGrant {
    account: Account,
    key: ApiKey,
}

impl KeyGrant {
    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &ApiKey {
        &self.key
    }
}

/// The key that was found by the proof, if it works at this moment (TH-5: what ends the sessions of an account stops its keys).
pub(crate) fn admit(
    found: Option<(Account, ApiKey)>,
    proof: ApiKeyProof,
    now: Timestamp,
) -> Plan<Option<KeyGrant>> {
    let holds = |(account, key): &(Account, ApiKey)| {
        let is_current = match proof {
            ApiKeyProof::Secret(_) => true,
            ApiKeyProof::Token(id, session) => (key.id, key.session_id) == (id, session),
        };
        account.refuses_sessions().is_none() && key.is_live(now) && is_current
    };
    Plan::nothing(found.filter(holds).map(|(account, key)| KeyGrant { account, key }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::api_key::testing::key_of;
    use crate::model::session::testing::{T, account};

    /// AK-3, TH-5: each thing that can be wrong, alone.
    #[test]
    fn a_key_works_while_it_and_its_account_do() {
        let (on, key) = (account(), key_of(&account(), 1));
        let secret = ApiKeyProof::Secret([1; 32]);
        let token = ApiKeyProof::Token(key.id, key.session_id);
        let admitted = |account: &Account, key: &ApiKey, proof| {
            admit(Some((account.clone(), key.clone())), proof, T).carried_out().is_some()
        };
        let off = Account { disabled_at: Some(T), ..on.clone() };
        let required = Account { password_change_required: true, ..on.clone() };
        let revoked = ApiKey { revoked_at: Some(T), ..key.clone() };
        let expired = ApiKey { expires_at: Some(T), ..key.clone() };
        let cut = ApiKey { session_id: key_of(&on, 2).session_id, ..key.clone() };
        for (account, key, by_secret, by_token) in [
            (&on, &key, true, true),
            (&on, &cut, true, false),
            (&on, &revoked, false, false),
            (&on, &expired, false, false),
            (&off, &key, false, false),
            (&required, &key, false, false),
        ] {
            assert_eq!(admitted(account, key, secret), by_secret, "{account:?} {key:?}");
            assert_eq!(admitted(account, key, token), by_token, "{account:?} {key:?}");
        }
        let other = ApiKeyProof::Token(key_of(&on, 2).id, key.session_id);
        assert!(!admitted(&on, &key, other) && admit(None, secret, T).carried_out().is_none());
    }
}
