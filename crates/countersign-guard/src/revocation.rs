//! [`Revocations`]: the sessions that have ended while some of their access tokens have not expired. Every
//! request reads it, so it is kept in memory, and each entry is removed once the last of those tokens has
//! expired.
//!
//! An entry names a session (the `sid` claim) and never a token: ECDSA signatures are malleable, so one token
//! can have two spellings (VF-7). It takes at most 40 bytes, so that a million fit into 40 MB.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::Waker;

use hashbrown::HashTable;

use crate::claims::AccessClaims;
use crate::session_key::{SessionKey, SessionKeys};

/// The set of ended sessions, and the instant before which all have. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Revocations(Arc<Set>);

/// Many small locks instead of one: every request reads, and a logout must not block them all.
#[derive(Debug)]
struct Set {
    shards: [RwLock<HashTable<Entry>>; SHARDS],
    keys: SessionKeys,
    hasher: RandomState,
    /// Tokens that were issued before are refused, in Unix seconds.
    not_before: AtomicI64,
    watched: Mutex<Watched>,
}

/// Who is to be woken when a session ends.
#[derive(Debug, Default)]
struct Watched {
    wakers: BTreeMap<(SessionKey, u64), Waker>,
    next_number: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    session: SessionKey,
    /// Unix seconds, until the year 2106.
    until: u32,
}

const SHARDS: usize = 64;

impl Default for Set {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            keys: SessionKeys::default(),
            hasher: RandomState::new(),
            not_before: AtomicI64::new(i64::MIN),
            watched: Mutex::default(),
        }
    }
}

impl Revocations {
    /// Ends a session: from now on its access tokens are refused. `until`, in Unix seconds, is the expiry of
    /// the last of them; a later call can extend it, never shorten it.
    pub fn revoke(&self, session_id: &str, until: i64) {
        let until = unix_u32(until);
        let session = self.0.keys.key(session_id);
        let hash = self.0.hash(&session);
        let mut shard = self.0.shard(hash).write().unwrap_or_else(PoisonError::into_inner);
        shard
            .entry(hash, |entry| entry.session == session, |entry| self.0.hash(&entry.session))
            .and_modify(|entry| entry.until = until.max(entry.until))
            .or_insert(Entry { session, until });
        drop(shard);
        self.0.wake(session);
    }

    /// Ends every session of which a token was issued before `issued_at`, in Unix seconds: the issuer's store was put back to
    /// an earlier state, in which sessions live that had ended, and nobody can name them. A later call can move the instant on,
    /// never back.
    pub fn revoke_issued_before(&self, issued_at: i64) {
        if self.0.not_before.fetch_max(issued_at, Ordering::AcqRel) < issued_at {
            self.0.wake_all();
        }
    }

    /// The instant before which a token must not have been issued, in Unix seconds; `None` if no time is too early.
    #[must_use]
    pub fn not_before(&self) -> Option<i64> {
        Some(self.0.not_before.load(Ordering::Acquire)).filter(|not_before| *not_before != i64::MIN)
    }

    /// Whether a token with these claims is refused: its session has ended, or it was issued too early, or nobody can say.
    pub(crate) fn refuses(&self, claims: &AccessClaims) -> bool {
        let is_too_early = |not_before| claims.issued_at().is_none_or(|issued_at| issued_at < not_before);
        self.not_before().is_some_and(is_too_early)
            || claims.session_id().is_some_and(|session_id| self.contains(session_id))
    }

    /// Wakes `waker` whenever this session is ended, until the result is dropped.
    pub(crate) fn watch(&self, session_id: &str, waker: Waker) -> Watcher {
        let session = self.0.keys.key(session_id);
        let mut watched = self.0.watched();
        let key = (session, watched.next_number);
        watched.next_number += 1;
        watched.wakers.insert(key, waker);
        Watcher { set: Arc::clone(&self.0), key }
    }

    /// Whether this session has ended.
    #[must_use]
    pub fn contains(&self, session_id: &str) -> bool {
        let session = self.0.keys.key(session_id);
        let hash = self.0.hash(&session);
        let shard = self.0.shard(hash).read().unwrap_or_else(PoisonError::into_inner);
        shard.find(hash, |entry| entry.session == session).is_some()
    }

    /// Removes the entries whose last token has expired at `now`, in Unix seconds.
    pub fn forget_expired(&self, now: i64) {
        for shard in &self.0.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|entry| now < i64::from(entry.until));
            if shard.len() < shard.capacity() / 4 {
                shard.shrink_to_fit(|entry| self.0.hash(&entry.session));
            }
        }
    }

    /// The entries whose session ID is a UUID in lower case with hyphens (RFC 9562 §4), as this issuer's are: its 16
    /// bytes, and until when it is refused, in Unix seconds. Of other IDs only digests are kept.
    #[must_use]
    pub fn uuids(&self) -> Vec<([u8; 16], i64)> {
        let mut all = Vec::new();
        for shard in &self.0.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().filter_map(|entry| Some((entry.session.uuid()?, entry.until.into()))));
        }
        all
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
}

impl Set {
    fn hash(&self, session: &SessionKey) -> u64 {
        self.hasher.hash_one(session)
    }

    fn wake(&self, session: SessionKey) {
        let watched = self.watched();
        let those = watched.wakers.range((session, 0)..=(session, u64::MAX));
        let wakers: Vec<_> = those.map(|(_, waker)| waker.clone()).collect();
        drop(watched); // a waker may run anything
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wake_all(&self) {
        let wakers: Vec<_> = self.watched().wakers.values().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<Entry>> {
        // The table itself uses the low bits and the top seven.
        let [_, _, _, _, byte, ..] = hash.to_le_bytes();
        &self.shards[SHARD_OF[usize::from(byte)]]
    }
}

/// Who waits for the end of a session. Dropped, it waits no longer.
#[derive(Debug)]
pub(crate) struct Watcher {
    set: Arc<Set>,
    key: (SessionKey, u64),
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let waker = self.set.watched().wakers.remove(&self.key);
        drop(waker); // not under the lock
    }
}

/// Which shard the hashes with this byte go to. A table doubles when it is full, and is half empty then. If all shards
/// were as large as each other, they would double together: 48 bytes an entry. The last is twice as large as the
/// first, so at any time some have just doubled and some are about to: at most 36 bytes.
const SHARD_OF: [usize; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    let mut shard = 0;
    while byte < table.len() {
        table[byte] = shard;
        byte += 1;
        // Shares that grow from 2/3 of the mean to 4/3 of it: the sum of the first `shard` of them.
        let next = shard + 1;
        if byte * 3 * SHARDS * SHARDS >= table.len() * next * (2 * SHARDS + next) {
            shard = next;
        }
    }
    table
};

/// Times before 1970 are long over; those after 2106 are far enough away.
fn unix_u32(time: i64) -> u32 {
    u32::try_from(time.max(0)).unwrap_or(u32::MAX)
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

    #[test]
    fn the_instant_before_which_all_have_ended_only_moves_on() {
        let revocations = Revocations::default();
        assert_eq!(revocations.not_before(), None);
        revocations.revoke_issued_before(100);
        revocations.clone().revoke_issued_before(50);
        assert_eq!(revocations.not_before(), Some(100));
    }

    #[test]
    fn times_outside_the_range_are_the_nearest_in_it() {
        let revocations = Revocations::default();
        revocations.revoke("far", i64::MAX);
        revocations.revoke("past", i64::MIN);
        revocations.forget_expired(i64::from(u32::MAX) - 1);
        assert!(revocations.contains("far") && revocations.len() == 1);
    }

    #[test]
    fn entries_with_a_uuid_are_listed() {
        let revocations = Revocations::default();
        revocations.revoke("s", 7);
        revocations.revoke("f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0", 9);
        let bytes = 0xf219_c4f5_5cfd_4a51_99f5_a02f_cb6f_beb0_u128.to_be_bytes();
        assert_eq!(revocations.uuids(), [(bytes, 9)]);
    }

    /// Keys in order, as version 7 UUIDs are, must spread as random ones do.
    #[test]
    fn an_entry_takes_at_most_40_bytes_at_any_size() {
        let revocations = Revocations::default();
        let mut at = 0_u32;
        for size in (1..=40).map(|step| 10_000 + 5_000 * step) {
            while at < size {
                revocations.revoke(&format!("00000000-0000-7000-8000-{at:012x}"), 100);
                at += 1;
            }
            let buckets: usize = revocations
                .0
                .shards
                .iter()
                .map(|shard| (shard.read().unwrap().capacity() * 8 / 7).next_power_of_two())
                .sum();
            let bytes = buckets * (size_of::<Entry>() + 1); // one control byte each
            assert!(bytes <= 40 * revocations.len(), "{} bytes an entry at {at}", bytes / revocations.len());
        }
        revocations.forget_expired(100);
        assert!(revocations.0.shards.iter().all(|shard| shard.read().unwrap().capacity() == 0));
    }
}
