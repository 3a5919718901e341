//! [`UnverifiedJws`] + [`VerifyingKey`] → [`VerifiedJws`]. The payload is unreadable before this line.
//!
//! The algorithm comes from the key; the header's `alg` is compared with it and has no other say
//! (RFC 8725 §3.1). What the payload means is decided by `validate.rs`.

use serde_json::{Map, Value};

use crate::base64url;
use crate::compact::{ProtectedHeader, UnverifiedJws};
use crate::error::VerifyError;
use crate::json;
use crate::key::VerifyingKey;
use crate::key_set::JwkSet;

impl UnverifiedJws<'_> {
    /// Verifies the signature with a key that the caller has chosen (RFC 7515 §5.2 step 8).
    ///
    /// The header's `kid` plays no part here: the choice has been made.
    ///
    /// # Errors
    /// - [`AlgorithmMismatch`](VerifyError::AlgorithmMismatch): the key is for another algorithm than `alg`
    ///   says.
    /// - [`BadSignature`](VerifyError::BadSignature): the signature does not match.
    /// - [`PayloadEncoding`](VerifyError::PayloadEncoding): signed, but the payload is not strict base64url.
    pub fn verify(self, key: &VerifyingKey) -> Result<VerifiedJws, VerifyError> {
        self.check_signature(key)?;
        let payload = base64url::decode(self.encoded_payload).map_err(|_| VerifyError::PayloadEncoding)?;
        Ok(VerifiedJws { header: self.header, payload })
    }

    pub(crate) fn check_signature(&self, key: &VerifyingKey) -> Result<(), VerifyError> {
        if self.header.algorithm() != key.algorithm() {
            return Err(VerifyError::AlgorithmMismatch);
        }
        key.verify(self.signing_input.as_bytes(), &self.signature)
    }

    /// Verifies the signature with the one key of `keys` that the header names.
    ///
    /// # Errors
    /// As [`JwkSet::select`] and [`verify`](Self::verify).
    pub fn verify_with_set(self, keys: &JwkSet) -> Result<VerifiedJws, VerifyError> {
        let key = keys.select(&self.header)?;
        self.verify(key)
    }
}

/// A JWS whose signature has been verified. Its claims have not been validated yet.
#[derive(Clone, PartialEq)]
pub struct VerifiedJws {
    pub(crate) header: ProtectedHeader,
    payload: Vec<u8>,
}

impl VerifiedJws {
    /// The protected header, covered by the signature.
    #[must_use]
    pub fn header(&self) -> &ProtectedHeader {
        &self.header
    }

    /// The payload's bytes: a JWS may sign anything, not only JSON.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as a claims set (RFC 7519 §7.2), with no rule about its claims applied.
    ///
    /// For kinds of token that are not access tokens (a proof of possession has no `sub`). Check its `typ`
    /// first.
    ///
    /// # Errors
    /// [`PayloadJson`](VerifyError::PayloadJson): the payload is not one strict JSON object.
    pub fn claims_set(&self) -> Result<Map<String, Value>, VerifyError> {
        json::parse_object(&self.payload).map_err(VerifyError::PayloadJson)
    }
}

impl std::fmt::Debug for VerifiedJws {
    /// Leaves out the payload: it contains personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedJws").field("header", &self.header).finish_non_exhaustive()
    }
}
