//! Verified tokens and their claims. Expiry and revocation depend on the time, so the [`Guard`](crate::Guard)
//! checks them again on each hit.
//!
//! The key is the whole token, never a part or a digest, for which an attacker could find a collision. A
//! cache belongs to one guard and so to one policy: a token accepted for one audience is not accepted for
//! another (VF-8).

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::claims::AccessClaims;

/// A bounded map from token to claims.
#[derive(Debug)]
pub(crate) struct TokenCache(Cache<Box<str>, Entry, ByBytes>);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) claims: AccessClaims,
    /// The index of the issuer that it is of.
    pub(crate) realm: usize,
    /// The version of the key set that verified it: tokens of keys that have been withdrawn must fail.
    pub(crate) keys_version: u64,
}

impl TokenCache {
    /// Makes a cache of about this many bytes.
    pub(crate) fn new(capacity_bytes: u64) -> Self {
        let items = usize::try_from(capacity_bytes / TYPICAL_ENTRY_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(items.max(1), capacity_bytes, ByBytes))
    }

    pub(crate) fn get(&self, token: &str) -> Option<Entry> {
        self.0.get(token)
    }

    pub(crate) fn insert(&self, token: &str, entry: Entry) {
        self.0.insert(token.into(), entry);
    }

    pub(crate) fn remove(&self, token: &str) {
        self.0.remove(token);
    }
}

/// A token, its parsed claims and the map's own share.
const TYPICAL_ENTRY_BYTES: u64 = 3 * 1024;

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Box<str>, Entry> for ByBytes {
    fn weight(&self, token: &Box<str>, _: &Entry) -> u64 {
        // The claims are as long as their share of the token, and parsed JSON takes about four times its
        // text.
        1024 + 4 * token.len() as u64
    }
}
