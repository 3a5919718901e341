//! What a program shows:
//!
//! ```text
//! csk_ base64url( 256 random bits | checksum(4) )     checksum = SHA-256("csk_" and the random bits)[..4]
//! ```
//!
//! Only its SHA-256 is stored: nothing so long needs a salt or stretching. It is no MAC under the master key, so that it
//! outlives the master keys, and the master key alone makes no API key. Prefix and checksum let a secret scanner tell a leaked
//! key from any other text without asking us, and let us refuse a mistyped one without asking the store.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::base::digest::sha256;
use crate::base::random::Random;

/// The secret of an API key.
pub struct ApiKeySecret(Zeroizing<String>);

impl ApiKeySecret {
    pub(crate) fn random(random: &Random) -> Self {
        let mut bytes = Zeroizing::new([0; LEN]);
        bytes[..SECRET_LEN].copy_from_slice(Zeroizing::new(random.bytes::<SECRET_LEN>()).as_slice());
        let checksum = checksum(&bytes[..SECRET_LEN]);
        bytes[SECRET_LEN..].copy_from_slice(&checksum);
        let mut text = Zeroizing::new(String::with_capacity(TEXT_LEN));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Self(text)
    }

    /// The secret in this text, if it is in the form of one; whether it is one, only the store knows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(PREFIX).filter(|_| text.len() == TEXT_LEN)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).ok()?);
        let (secret, sum) = bytes.split_at_checked(SECRET_LEN)?;
        // Of what anybody can compute, it does not matter how long the comparison takes.
        (checksum(secret) == sum).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Whether this text means to be an API key, and not an access token: an access token has dots.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// The secret as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret([redacted])")
    }
}

fn checksum(secret: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut text = Zeroizing::new([0; PREFIX.len() + SECRET_LEN]);
    text[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
    text[PREFIX.len()..].copy_from_slice(secret);
    let [a, b, c, d, ..] = sha256(text.as_slice());
    [a, b, c, d]
}

const PREFIX: &str = "csk_";
const SECRET_LEN: usize = 32;
const CHECKSUM_LEN: usize = 4;
const LEN: usize = SECRET_LEN + CHECKSUM_LEN;
const TEXT_LEN: usize = PREFIX.len() + LEN / 3 * 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// AK-1, LG-1: any other character, missing or added, is noticed without the store.
    #[test]
    fn a_key_shows_whether_it_is_whole() {
        let random = Random::insecure_seeded(1);
        let (one, other) = (ApiKeySecret::random(&random), ApiKeySecret::random(&random));
        let text = one.as_str();
        assert_eq!((text.len(), &text[..4]), (52, "csk_"));
        assert_eq!(ApiKeySecret::parse(text).unwrap().hash(), one.hash());
        assert_ne!(one.hash(), other.hash());
        for at in 0..text.len() {
            let changed = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{changed}{}", &text[..at], &text[at + 1..]);
            assert!(ApiKeySecret::parse(&changed).is_none(), "{at}");
            assert!(ApiKeySecret::parse(&text[..at]).is_none(), "{at}");
        }
        assert!(ApiKeySecret::parse(&format!("{text}A")).is_none());
        assert!(ApiKeySecret::parse(&format!("csk_{}", "é".repeat(24))).is_none());
        assert_eq!(format!("{one:?}"), "ApiKeySecret([redacted])");
    }
}
