//! [`DpopNonces`]: nonces that any holder of a secret makes and reads, so that none is kept (RFC 9449 §8, §9).
//!
//! ```text
//! nonce = base64url( second of issue(8) | tag(16) )
//! tag   = HMAC-SHA256(secret, "countersign dpop nonce v1" | second of issue)[..16]
//! ```

use std::fmt;

use crate::algorithm::Algorithm;
use crate::backend::{Signer, random_bytes, same_bytes};
use crate::base64url;
use crate::error::KeyError;

/// Makes and reads nonces under one secret. Nodes with the same secret take each other's.
pub struct DpopNonces(Signer);

impl DpopNonces {
    /// How long a nonce is good, in seconds: time enough for slow networks, and too short to collect proofs for later.
    pub const GOOD_FOR_SECONDS: i64 = 300;

    /// Nonces under this secret, which must be random and of this use only.
    ///
    /// # Errors
    /// [`KeyError::Inconsistent`]: the cryptographic library failed.
    pub fn new(secret: &[u8; 32]) -> Result<Self, KeyError> {
        Signer::hmac(Algorithm::Hs256, secret).map(Self)
    }

    /// Nonces under a secret of their own: no other node and no later process takes them.
    ///
    /// # Errors
    /// [`KeyError::Inconsistent`]: there is no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        random_bytes(secret.as_mut())?;
        Self::new(&secret)
    }

    /// A nonce that is good from now on, for [`GOOD_FOR_SECONDS`](Self::GOOD_FOR_SECONDS): 32 characters.
    /// `now_unix_seconds` counts from 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`KeyError::Inconsistent`]: the cryptographic library failed.
    pub fn nonce(&self, now_unix_seconds: i64) -> Result<String, KeyError> {
        let made_at = now_unix_seconds.to_be_bytes();
        let mut bytes = made_at.to_vec();
        bytes.extend(self.tag(made_at)?);
        Ok(base64url::encode(bytes))
    }

    /// Until when this nonce is good, in Unix seconds, which is not included; `None` if it is not good now.
    #[must_use]
    pub fn good_until(&self, nonce: &str, now_unix_seconds: i64) -> Option<i64> {
        if nonce.len() != ENCODED_BYTES {
            return None;
        }
        let bytes = base64url::decode(nonce).ok()?;
        let (made_at, tag) = bytes.split_first_chunk::<8>()?;
        // Who can tell how far a guess was right can make a nonce of tomorrow.
        if !same_bytes(&self.tag(*made_at).ok()?, tag) {
            return None;
        }
        let made_at = i64::from_be_bytes(*made_at);
        let until = made_at.checked_add(Self::GOOD_FOR_SECONDS)?;
        // Another node's clock may be ahead.
        let is_made = made_at <= now_unix_seconds.saturating_add(AHEAD_SECONDS);
        (is_made && now_unix_seconds < until).then_some(until)
    }

    fn tag(&self, made_at: [u8; 8]) -> Result<Vec<u8>, KeyError> {
        let mut message = b"countersign dpop nonce v1".to_vec();
        message.extend(made_at);
        let mut tag = self.0.sign(&message).map_err(|_| KeyError::Inconsistent)?;
        tag.truncate(TAG_BYTES);
        Ok(tag)
    }
}

impl fmt::Debug for DpopNonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopNonces([redacted])")
    }
}

const TAG_BYTES: usize = 16;
const ENCODED_BYTES: usize = 32;
const AHEAD_SECONDS: i64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_nonce_is_good_for_its_time_and_under_its_secret() {
        let nonces = DpopNonces::new(&[7; 32]).unwrap();
        let nonce = nonces.nonce(NOW).unwrap();
        assert_eq!(nonce.len(), ENCODED_BYTES);
        for (at, is_good) in
            [(NOW - 31, false), (NOW - 30, true), (NOW, true), (NOW + 299, true), (NOW + 300, false)]
        {
            assert_eq!(nonces.good_until(&nonce, at), is_good.then_some(NOW + 300), "{at}");
        }
        assert_eq!(DpopNonces::new(&[8; 32]).unwrap().good_until(&nonce, NOW), None);
        assert_eq!(DpopNonces::generate().unwrap().good_until(&nonce, NOW), None);
        assert_ne!(nonces.nonce(NOW + 1).unwrap(), nonce);
    }

    #[test]
    fn no_other_text_is_a_nonce() {
        let nonces = DpopNonces::new(&[7; 32]).unwrap();
        let nonce = nonces.nonce(NOW).unwrap();
        for index in 0..nonce.len() {
            let other = if nonce.as_bytes()[index] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &nonce[..index], &nonce[index + 1..]);
            assert_eq!(nonces.good_until(&changed, NOW), None, "{index}");
        }
        for other in ["", "A", &nonce[..31], &format!("{nonce}A"), &nonce[..12], &" ".repeat(32)] {
            assert_eq!(nonces.good_until(other, NOW), None, "{other}");
        }
    }
}
