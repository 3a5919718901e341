//! [`JwkSet`]: several keys, and the choice of the one that a token names (RFC 7517 §5).
//!
//! Our own sets are read strictly: one bad key makes the set an error, because its owner can correct it.
//! The bad keys of a foreign set are skipped and reported. Fetching is left to the caller.

use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::compact::ProtectedHeader;
use crate::error::{KeyError, KeySetError, VerifyError};
use crate::json;
use crate::key::VerifyingKey;

/// Keys to verify with, each under its own key ID: either all public keys or all HMAC secrets.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<VerifyingKey>,
}

/// A key that [`JwkSet::parse_foreign`] has skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// Its index in `keys`, from 0.
    pub index: usize,
    /// Its `kid`, if it has one that is a string.
    pub key_id: Option<String>,
    /// Why it cannot be used.
    pub reason: SkipReason,
}

/// Why [`JwkSet::parse_foreign`] has skipped a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// The element is not a usable public key.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// An earlier key of the set has the same key ID.
    #[error("an earlier key has the same key ID")]
    DuplicateKeyId,
    /// An HMAC secret, which does not belong in a published set.
    #[error("an HMAC secret does not belong in a published set")]
    Secret,
}

impl JwkSet {
    /// The longest set that is read, in bytes of JSON.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Makes a set of these keys.
    ///
    /// # Errors
    /// - [`DuplicateKeyId`](KeySetError::DuplicateKeyId): two keys have one key ID.
    /// - [`MixedSymmetry`](KeySetError::MixedSymmetry): public keys and HMAC secrets together.
    pub fn new(keys: Vec<VerifyingKey>) -> Result<Self, KeySetError> {
        for (index, key) in keys.iter().enumerate() {
            let earlier = keys.get(..index).unwrap_or_default();
            if earlier.iter().any(|other| other.key_id() == key.key_id()) {
                return Err(KeySetError::DuplicateKeyId);
            }
            if earlier.iter().any(|other| other.algorithm().is_symmetric() != key.algorithm().is_symmetric())
            {
                return Err(KeySetError::MixedSymmetry);
            }
        }
        Ok(Self { keys })
    }

    /// Reads a JWK Set of our own: every key must be acceptable.
    ///
    /// # Errors
    /// - [`TooLong`](KeySetError::TooLong), [`Json`](KeySetError::Json), [`NoKeys`](KeySetError::NoKeys): not
    ///   a JWK Set.
    /// - [`Key`](KeySetError::Key): a key is refused by [`VerifyingKey::from_jwk`].
    /// - [`DuplicateKeyId`](KeySetError::DuplicateKeyId), [`MixedSymmetry`](KeySetError::MixedSymmetry): as
    ///   in [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, KeySetError> {
        let mut keys = Vec::new();
        for (index, element) in elements(text)?.iter().enumerate() {
            let key = parse_key(element, &Algorithm::ALL);
            keys.push(key.map_err(|error| KeySetError::Key { index, error })?);
        }
        Self::new(keys)
    }

    /// Reads the JWK Set of another issuer, for tokens signed with one of `allowed` only.
    ///
    /// A key without `alg` gets the only one of `allowed` that fits it. Keys that cannot be used are skipped
    /// and reported; the set may come out empty.
    ///
    /// # Errors
    /// [`TooLong`](KeySetError::TooLong), [`Json`](KeySetError::Json), [`NoKeys`](KeySetError::NoKeys): not a
    /// JWK Set.
    pub fn parse_foreign(text: &str, allowed: &[Algorithm]) -> Result<(Self, Vec<SkippedKey>), KeySetError> {
        let mut keys: Vec<VerifyingKey> = Vec::new();
        let mut skipped = Vec::new();
        for (index, element) in elements(text)?.iter().enumerate() {
            let reason = match parse_key(element, allowed) {
                Err(error) => SkipReason::Key(error),
                Ok(key) if key.algorithm().is_symmetric() => SkipReason::Secret,
                Ok(key) if keys.iter().any(|other| other.key_id() == key.key_id()) => {
                    SkipReason::DuplicateKeyId
                }
                Ok(key) => {
                    keys.push(key);
                    continue;
                }
            };
            let key_id = element.get("kid").and_then(Value::as_str).map(str::to_owned);
            skipped.push(SkippedKey { index, key_id, reason });
        }
        Ok((Self { keys }, skipped))
    }

    /// The set as JSON, with public members only; HMAC secrets are left out.
    #[must_use]
    pub fn to_json(&self) -> String {
        let keys: Vec<String> = self.keys.iter().filter_map(VerifyingKey::to_jwk).collect();
        format!("{{\"keys\":[{}]}}", keys.join(","))
    }

    /// The key for a token with this header: the one of its `kid`, or without `kid` the only one of its
    /// `alg`.
    ///
    /// `kid` is compared as it is and never read as a path, a URL or a query (RFC 8725 §3.10).
    ///
    /// # Errors
    /// - [`UnknownKeyId`](VerifyError::UnknownKeyId): no key has this `kid`; a fresher set might.
    /// - [`KeyIdMissing`](VerifyError::KeyIdMissing): no `kid`, and not exactly one key for `alg`.
    /// - [`AlgorithmMismatch`](VerifyError::AlgorithmMismatch): the key of this `kid` is for another
    ///   algorithm.
    pub fn select(&self, header: &ProtectedHeader) -> Result<&VerifyingKey, VerifyError> {
        let Some(key_id) = header.key_id() else {
            let mut candidates = self.keys.iter().filter(|key| key.algorithm() == header.algorithm());
            return match (candidates.next(), candidates.next()) {
                (Some(key), None) => Ok(key),
                _ => Err(VerifyError::KeyIdMissing),
            };
        };
        let key = self.find(key_id).ok_or(VerifyError::UnknownKeyId)?;
        if key.algorithm() == header.algorithm() { Ok(key) } else { Err(VerifyError::AlgorithmMismatch) }
    }

    /// The key of this ID. An empty ID finds nothing.
    #[must_use]
    pub fn find(&self, key_id: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| !key_id.is_empty() && key.key_id() == key_id)
    }

    /// The keys, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }
}

fn elements(text: &str) -> Result<Vec<Value>, KeySetError> {
    if text.len() > JwkSet::MAX_BYTES {
        return Err(KeySetError::TooLong);
    }
    match json::parse_object(text.as_bytes()).map_err(KeySetError::Json)?.remove("keys") {
        Some(Value::Array(elements)) => Ok(elements),
        _ => Err(KeySetError::NoKeys),
    }
}

fn parse_key(element: &Value, allowed: &[Algorithm]) -> Result<VerifyingKey, KeyError> {
    let members = element.as_object().ok_or(KeyError::Json(crate::error::JsonError::NotAnObject))?;
    VerifyingKey::from_jwk_members(members, allowed)
}
