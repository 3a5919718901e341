//! API keys: by one of them, a program acts for an account without signing in. It exchanges the key for an access token, or
//! shows it to a service that asks us.
//!
//! A key narrows what its account may do, by its audience and its scopes, and never widens it. Its tokens carry a session ID of
//! its own, so that they fail with the key as the tokens of a session fail with the session.

mod change;
mod grant;
mod scopes;
mod secret;

pub(crate) use self::change::*;
pub(crate) use self::grant::admit;
pub use self::grant::{ApiKeyProof, KeyGrant};
pub use self::scopes::{InvalidScopes, Scopes};
pub use self::secret::ApiKeySecret;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId, SessionId};
use crate::model::proof::Proof;

/// What an API key is called: 1 to 64 letters, digits, `.`, `_` and `-` of ASCII. For people; two keys may have one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyName(String);

/// The text is no name of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of an API key has 1 to 64 letters, digits, dots, hyphens and underscores")]
pub struct InvalidApiKeyName;

impl ApiKeyName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`InvalidApiKeyName`] when it is empty, longer, or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKeyName> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_fine);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidApiKeyName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct ApiKey {
    /// Its ID; the `client_id` claim of its tokens.
    pub id: ApiKeyId,
    /// The account that it acts for.
    pub account_id: AccountId,
    /// Its name.
    pub name: ApiKeyName,
    /// The one audience that its tokens are for; the default audience if none is named.
    pub audience: Option<String>,
    /// What its tokens are limited to; none: everything that the account may do there.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it does not work, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The `sid` claim of its tokens. It changes when they are cut off and the key stays: with its account disabled.
    pub session_id: SessionId,
}

impl ApiKey {
    /// Whether it works, if its account does.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether this use is worth a write: the first, and one an hour.
    pub(crate) fn use_is_news(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| now >= last.plus(USE_IS_KNOWN_TO))
    }
}

/// An API key that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// What the account's owner has proved, if they make it themselves; it must still hold.
    pub checked: Option<Proof>,
}

/// What came of adding a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddApiKeyOutcome {
    /// It is there.
    Added,
    /// There is no such account, or it is not one that may have sessions.
    NoAccount,
    /// What was shown does not hold any more: the password was changed in the meantime.
    Overtaken,
    /// The account has [`MAX_API_KEYS`] that work.
    TooMany,
}

/// So many keys of an account work at a time.
pub const MAX_API_KEYS: usize = 50;
/// How exactly the last use of a key is known: each write costs a transaction.
const USE_IS_KNOWN_TO: std::time::Duration = std::time::Duration::from_hours(1);

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::base::random::Random;
    use crate::model::account::Account;

    /// A live key of this account; another one for each seed.
    pub(crate) fn key_of(account: &Account, seed: u64) -> ApiKey {
        let random = Random::insecure_seeded(seed);
        ApiKey {
            id: ApiKeyId::random(&random),
            account_id: account.id,
            name: ApiKeyName::parse("nightly").unwrap(),
            audience: None,
            scopes: Scopes::parse("read write").unwrap(),
            created_at: account.created_at,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            session_id: SessionId::random(&random),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::session::testing::{T, account};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["a", "ci-deploy.1", "eu_west", &"x".repeat(64)] {
            assert_eq!(ApiKeyName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ü", "a:b", "a\n", &"x".repeat(65)] {
            assert_eq!(ApiKeyName::parse(bad), Err(InvalidApiKeyName), "{bad:?}");
        }
    }

    /// AK-3: at the exact millisecond.
    #[test]
    fn a_key_works_until_it_expires_or_is_revoked() {
        let key = testing::key_of(&account(), 1);
        assert!(key.is_live(T));
        let expiring = ApiKey { expires_at: Some(T), ..key.clone() };
        assert_eq!([T.minus(MS), T, T.plus(MS)].map(|now| expiring.is_live(now)), [true, false, false]);
        assert!(!ApiKey { revoked_at: Some(T), ..key }.is_live(T));
    }

    #[test]
    fn one_use_an_hour_is_news() {
        let (key, hour) = (testing::key_of(&account(), 1), Duration::from_hours(1));
        assert!(key.use_is_news(T));
        let used = ApiKey { last_used_at: Some(T), ..key };
        let later = [T.minus(MS), T.plus(hour).minus(MS), T.plus(hour)];
        assert_eq!(later.map(|now| used.use_is_news(now)), [false, false, true]);
    }
}
