//! The key of a device that a session is bound to. It is set once: at the sign-in by a DPoP proof (RFC 9449), or by a browser that registers a key
//! at the sign-in, when it has proved that key for the first time (Device Bound Session Credentials). Who holds it is whoever may refresh the session.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::{JwkThumbprint, KeyError, VerifyingKey};

use crate::base::digest::sha256;

/// A public key that a session is bound to, in the one spelling of RFC 7638 §3.1.
#[derive(Clone, PartialEq, Eq)]
pub struct BoundKey(Box<str>);

impl BoundKey {
    /// This key; `None` for a secret, which no device proves anything with.
    #[must_use]
    pub fn new(key: &VerifyingKey) -> Option<Self> {
        key.canonical_jwk().map(|text| Self(text.into()))
    }

    /// The P-256 key with these coordinates.
    pub(crate) fn of_p256(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Self([P256[0], &x, P256[1], &y, P256[2]].concat().into())
    }

    /// The coordinates, if it is a P-256 key.
    pub(crate) fn p256_coordinates(&self) -> Option<([u8; 32], [u8; 32])> {
        let (x, y) = self.0.strip_prefix(P256[0])?.strip_suffix(P256[2])?.split_once(P256[1])?;
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok();
        Some((bytes(x)?, bytes(y)?))
    }

    /// The text that a store kept.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text.into())
    }

    /// The public JWK, as it is stored.
    #[must_use]
    pub fn as_jwk(&self) -> &str {
        &self.0
    }

    /// Its thumbprint (RFC 7638), by which proofs name it.
    #[must_use]
    pub fn thumbprint(&self) -> JwkThumbprint {
        JwkThumbprint::from_bytes(sha256(self.0.as_bytes()))
    }

    /// The key, to check a signature with.
    ///
    /// # Errors
    /// [`KeyError`]: what is stored is no key.
    pub fn verifying_key(&self) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_jwk(&self.0)
    }
}

/// What is around the coordinates in that spelling.
const P256: [&str; 3] = [r#"{"crv":"P-256","kty":"EC","x":""#, r#"","y":""#, r#""}"#];

impl fmt::Debug for BoundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoundKey({})", self.thumbprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 Appendix A.3: the example of an Ed25519 key has this thumbprint, whatever else its JWK says.
    #[test]
    fn the_text_is_what_the_thumbprint_is_made_of() {
        let jwk = r#"{"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"EdDSA","kty":"OKP","crv":"Ed25519"}"#;
        let key = BoundKey::new(&VerifyingKey::from_jwk(jwk).unwrap()).unwrap();
        let stored = BoundKey::from_stored(key.as_jwk().to_owned());
        assert_eq!(stored.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(stored.verifying_key().unwrap().jwk_thumbprint(), Some(key.thumbprint()));
    }
}
