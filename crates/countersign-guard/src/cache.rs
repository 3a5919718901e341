//! Tokens that have passed every check that does not depend on the moment. A hit still has to be unexpired and
//! unrevoked; the [`Guard`](crate::Guard) sees to that.
//!
//! The key is the whole token and never a part or a digest that a user could collide, and a cache belongs to one guard,
//! so to one policy: the same token at another audience is another cache's business (VF-8).

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::claims::AccessClaims;

/// A bounded map from token to claims.
#[derive(Debug)]
pub(crate) struct TokenCache(Cache<Box<str>, Entry, ByBytes>);

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) claims: AccessClaims,
    /// Which key set it was verified with: keys that are withdrawn take their tokens with them.
    pub(crate) keys_version: u64,
}

impl TokenCache {
    /// A cache of about so many bytes.
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
        // The claims are as long as their share of the token, and parsed JSON takes about four times its text.
        1024 + 4 * token.len() as u64
    }
}
