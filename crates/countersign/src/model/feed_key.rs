//! Feed keys: the right of a service to follow the feed of ended sessions. Only name and number are stored; the
//! key that the service shows is made from them and the master key, so no database gives it away.
//!
//! ```text
//! csf_<token>     token = the envelope of `base::mac_token` around the number (4 bytes, big endian), bound to the name
//! ```

use std::fmt;

use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};

/// What a feed key is called: 1 to 64 letters, digits, `.`, `_` and `-` of ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedKeyName(String);

/// The text is no name of a feed key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a feed key has 1 to 64 letters, digits, dots, hyphens and underscores")]
pub struct InvalidFeedKeyName;

impl FeedKeyName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`InvalidFeedKeyName`].
    pub fn parse(text: &str) -> Result<Self, InvalidFeedKeyName> {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_fine);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidFeedKeyName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A feed key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct FeedKey {
    /// Its number; never given twice.
    pub number: u32,
    /// Its name; no other live key has it.
    pub name: FeedKeyName,
    /// When it was made.
    pub created_at: Timestamp,
    /// The number of the master key that it is made from; none where an older version made it.
    pub master_key: Option<u8>,
}

/// A feed key that is to be added.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct NewFeedKey {
    /// Its name.
    pub name: FeedKeyName,
    /// The number of the master key that it will be made from.
    pub master_key: u8,
}

/// What a service shows to follow the feed.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedSecret(Zeroizing<String>);

impl FeedSecret {
    /// The text that goes after `Authorization: Bearer`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FeedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FeedSecret([redacted])")
    }
}

/// Makes and checks feed secrets.
#[derive(Clone, Debug)]
pub(crate) struct FeedSecrets(MacTokens<4>);

impl FeedSecrets {
    pub(crate) fn new(master_keys: &MasterKeys) -> Self {
        Self(MacTokens::new(master_keys, Purpose::FeedKey))
    }

    pub(crate) fn issue(&self, key: &FeedKey) -> FeedSecret {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + MacTokens::<4>::TEXT_LEN));
        text.push_str(PREFIX);
        self.0.seal_into(&mut text, &key.number.to_be_bytes(), key.name.0.as_bytes());
        FeedSecret(text)
    }

    /// Whether this is the secret of this key, in constant time.
    pub(crate) fn fits(&self, presented: &str, key: &FeedKey) -> bool {
        let token = presented.strip_prefix(PREFIX);
        let number = token.and_then(|token| self.0.open(token, key.name.0.as_bytes()));
        number.is_some_and(|number| *number == key.number.to_be_bytes())
    }
}

const PREFIX: &str = "csf_";

/// What came of adding a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddFeedKeyOutcome {
    /// It is there.
    Added(FeedKey),
    /// A live key has this name.
    NameTaken,
    /// There are [`MAX_FEED_KEYS`].
    TooMany,
}

/// Every request of a follower is compared with all of them.
pub const MAX_FEED_KEYS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

    fn key(number: u32, name: &str) -> FeedKey {
        FeedKey { number, name: FeedKeyName::parse(name).unwrap(), created_at: T, master_key: None }
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["a", "gateway-1", "eu.west_2", &"x".repeat(64)] {
            assert_eq!(FeedKeyName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "ü", "a/b", "a\n", &"x".repeat(65)] {
            assert_eq!(FeedKeyName::parse(bad), Err(InvalidFeedKeyName), "{bad:?}");
        }
    }

    /// The same name later is another key; so is the same number with another name, and every other server's.
    #[test]
    fn a_secret_fits_its_key_alone() {
        let secrets = |seed| FeedSecrets::new(&MasterKeys::generate(&Random::insecure_seeded(seed)));
        let ours = secrets(1);
        let secret = ours.issue(&key(1, "gateway"));
        assert_eq!((secret.as_str().len(), &secret.as_str()[..4]), (34, "csf_"));
        assert!(ours.fits(secret.as_str(), &key(1, "gateway")));
        assert!(!ours.fits(secret.as_str(), &key(2, "gateway")));
        assert!(!ours.fits(secret.as_str(), &key(1, "gateway2")));
        assert!(!ours.fits(&secret.as_str()[4..], &key(1, "gateway")));
        assert!(!secrets(2).fits(secret.as_str(), &key(1, "gateway")));
        assert_eq!(format!("{secret:?}"), "FeedSecret([redacted])");
    }
}
