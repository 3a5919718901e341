//! [`Revocations`]: the sessions that have ended while some of their access tokens have not expired. Every
//! request reads it, so it is kept in memory, and each entry is removed once the last of those tokens has
//! expired.
//!
//! An entry names a session (the `sid` claim) and never a token: ECDSA signatures are malleable, so one token
//! can have two spellings (VF-7).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

/// The set of ended sessions. Clones share it.
#[derive(Clone, Debug)]
pub struct Revocations(Arc<Shards>);

/// Many small locks instead of one: every request reads, and a logout must not block them all.
#[derive(Debug)]
struct Shards {
    shards: [RwLock<HashMap<Box<str>, i64>>; SHARDS],
    hasher: RandomState,
}

const SHARDS: usize = 64;

impl Default for Revocations {
    fn default() -> Self {
        Self(Arc::new(Shards {
            shards: std::array::from_fn(|_| RwLock::default()),
            hasher: RandomState::new(),
        }))
    }
}

impl Revocations {
    /// Ends a session: from now on its access tokens are refused. `until`, in Unix seconds, is the expiry of
    /// the last of them; a later call can extend it, never shorten it.
    pub fn revoke(&self, session_id: &str, until: i64) {
        let mut shard = self.shard(session_id).write().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.entry(session_id.into()).or_insert(until);
        *entry = until.max(*entry);
    }

    /// Whether this session has ended.
    #[must_use]
    pub fn contains(&self, session_id: &str) -> bool {
        self.shard(session_id).read().unwrap_or_else(PoisonError::into_inner).contains_key(session_id)
    }

    /// Removes the entries whose last token has expired at `now`, in Unix seconds.
    pub fn forget_expired(&self, now: i64) {
        for shard in &self.0.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, until| now < *until);
            if shard.is_empty() {
                shard.shrink_to_fit();
            }
        }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, session_id: &str) -> &RwLock<HashMap<Box<str>, i64>> {
        let hash = self.0.hasher.hash_one(session_id).to_le_bytes()[0];
        &self.0.shards[usize::from(hash) % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lives_until_its_last_token_has_expired() {
        let revocations = Revocations::default();
        revocations.clone().revoke("s", 100);
        revocations.revoke("s", 50); // never shortens
        assert!(revocations.contains("s") && !revocations.contains("t"));
        revocations.forget_expired(99);
        assert!(revocations.contains("s"));
        revocations.forget_expired(100);
        assert!(!revocations.contains("s") && revocations.is_empty());
    }
}
