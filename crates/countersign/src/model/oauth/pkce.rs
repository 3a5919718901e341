//! Proof keys for the exchange of a code (RFC 7636): S256, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::base::digest::sha256;

/// A code challenge by the method S256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge(String);

impl Challenge {
    /// Takes a challenge: 43 characters of base64url, which are 32 bytes (RFC 7636 §4.2).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hash = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
        is_hash.then(|| Self(text.to_owned()))
    }

    /// The text of a challenge that a store has kept.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the verifier behind it: 43 to 128 unreserved characters (§4.1), compared in constant time (§4.6).
    #[must_use]
    pub fn fits(&self, verifier: &str) -> bool {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_verifier = (43..=128).contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
        let hash = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
        is_verifier && bool::from(hash.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_verifier_of_the_rfc_fits_its_challenge_and_no_other_does() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.fits(verifier));
        for wrong in
            ["", &verifier[1..], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", &verifier.replace('d', "D")]
        {
            assert!(!challenge.fits(wrong), "{wrong}");
        }
        // The method `plain` would compare these.
        let plain = Challenge(verifier.to_owned());
        assert!(!plain.fits(verifier));
    }

    #[test]
    fn a_challenge_is_a_hash() {
        let good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        for bad in ["", "abc", &good[1..], &format!("{good}A"), &format!("{good}="), &good.replace('9', "+")]
        {
            assert_eq!(Challenge::parse(bad), None, "{bad}");
        }
    }
}
