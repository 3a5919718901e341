//! Stored hashes encrypted under a key that is not in the database (PW-4). The hash is wrapped, not the password: so a
//! new key needs nobody's password, only a walk over the rows.
//!
//! Form: `{sealed}` and, in base64, what [`MasterKeys::seal`] makes, which begins with the number of its key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::format::UnreadableHash;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::random::Random;
use crate::model::password_hash::PasswordHash;

/// The keys that hashes are encrypted under, the newest of which makes new ones.
#[derive(Clone)]
pub(crate) struct Pepper {
    keys: MasterKeys,
    random: Random,
}

impl Pepper {
    pub(crate) const fn new(keys: MasterKeys, random: Random) -> Self {
        Self { keys, random }
    }

    /// `None` if the crypto library refuses, which it does not for texts of this size.
    pub(crate) fn seal(&self, hash: &str) -> Option<PasswordHash> {
        let sealed =
            self.keys.seal(Purpose::SealPasswordHash, hash.as_bytes(), CONTEXT, &self.random).ok()?;
        Some(PasswordHash::from_stored(format!("{TAG}{}", BASE64_STANDARD_NO_PAD.encode(sealed))))
    }

    /// The hash itself. One that is not encrypted is taken as it is: it was stored before there was a pepper.
    pub(crate) fn open(pepper: Option<&Self>, stored: &str) -> Result<Zeroizing<String>, UnreadableHash> {
        let Some(encoded) = stored.strip_prefix(TAG) else {
            return Ok(Zeroizing::new(stored.to_owned()));
        };
        let sealed = decode(encoded).filter(|sealed| MasterKeys::could_open(sealed));
        let sealed = sealed.ok_or(UnreadableHash::Malformed)?;
        let pepper = pepper.ok_or(UnreadableHash::Sealed)?;
        let opened = pepper.keys.open(Purpose::SealPasswordHash, &sealed, CONTEXT);
        let opened = opened.map_err(|_| UnreadableHash::Sealed)?;
        let text = std::str::from_utf8(&opened).map_err(|_| UnreadableHash::Malformed)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Whether these are the keys that these hashes were encrypted under. One that cannot be opened among others that can
    /// hurts its own account only (PW-6).
    pub(crate) fn check(pepper: Option<&Self>, stored: &[PasswordHash]) -> Result<(), WrongPepper> {
        let sealed = stored.iter().filter(|hash| hash.as_str().starts_with(TAG));
        let opened: Vec<_> = sealed.map(|hash| Self::open(pepper, hash.as_str()).map(drop)).collect();
        let sealed_away = opened.iter().filter(|opened| **opened == Err(UnreadableHash::Sealed)).count();
        if sealed_away == 0 {
            return Ok(());
        }
        if !opened.contains(&Ok(())) {
            return Err(if pepper.is_some() { WrongPepper::Another } else { WrongPepper::Missing });
        }
        tracing::warn!(sealed_away, "password hashes need a pepper key that is not configured");
        Ok(())
    }

    /// Whether this stored hash is encrypted under the newest key.
    pub(crate) fn is_newest(&self, stored: &str) -> bool {
        let sealed = stored.strip_prefix(TAG).and_then(decode);
        sealed.is_some_and(|sealed| sealed.get(1) == Some(&self.keys.current_id()))
    }
}

/// Why nobody could sign in: the stored hashes are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongPepper {
    /// No pepper is configured.
    #[error("the password hashes in this database are encrypted under a pepper, and none is configured")]
    Missing,
    /// Another one is.
    #[error(
        "the password hashes in this database are encrypted under another pepper than the one configured"
    )]
    Another,
}

/// Cut before it is decoded: nothing of ours is longer.
fn decode(encoded: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD_NO_PAD.decode(encoded.get(..encoded.len().min(4096))?).ok()
}

const TAG: &str = "{sealed}";
const CONTEXT: &[u8] = b"password hash";
