//! [`SeenProofs`]: which proofs were used, until none of them could be used again (RFC 9449 §11.1).
//!
//! **Full means refuse.** A store that forgets the oldest instead could be made to forget: whoever can send many proofs
//! of their own would push a stolen one out and use it again. So a proof that cannot be remembered is not accepted. So
//! that nobody fills the store for others, one key has an eighth of it at most.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::dbsc::DbscProof;
use super::dpop::DpopProof;
use super::error::SeenError;
use super::thumbprint::JwkThumbprint;
use crate::backend::sha256;

/// The proofs that one process has accepted. Bounded: about 100 bytes for each place that is in use.
///
/// What another process or an earlier run has seen is not known here: of several nodes, each accepts a proof once,
/// within its window and for the one method, URI and access token that it names.
pub struct SeenProofs {
    capacity: usize,
    per_key: usize,
    ids: HashSet<Id>,
    /// What can be forgotten after which second.
    by_end: BTreeMap<i64, Vec<(Owner, Id)>>,
    of_owner: HashMap<Owner, usize>,
}

/// SHA-256 of key and `jti`, in half: another's proof cannot be made to look used.
type Id = [u8; 16];
/// The beginning of a key's thumbprint: who shares it shares places, and nothing else.
type Owner = u64;

impl SeenProofs {
    /// Room for a million proofs. With a window of a minute and right clocks that is 11,000 requests a second, and 1,400
    /// of one key.
    pub const DEFAULT_CAPACITY: usize = 1 << 20;

    /// How much longer a proof is remembered than it could be accepted, in seconds: a clock that is put back by as much
    /// brings none of them back.
    pub const SKEW_SECONDS: i64 = 30;

    /// Room for this many proofs, at least eight. Memory is taken as it is needed.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(KEYS_AT_LEAST);
        Self {
            capacity,
            per_key: capacity / KEYS_AT_LEAST,
            ids: HashSet::new(),
            by_end: BTreeMap::new(),
            of_owner: HashMap::new(),
        }
    }

    /// With room for this many proofs of one key, at least one, and an eighth of all at most: where many keys are served of which each is
    /// seldom used, nobody fills the store with a few keys.
    #[must_use]
    pub fn per_key(self, most: usize) -> Self {
        Self { per_key: most.clamp(1, self.capacity / KEYS_AT_LEAST), ..self }
    }

    /// Remembers a proof that was just verified, until [`good_until`](DpopProof::good_until) and
    /// [`SKEW_SECONDS`](Self::SKEW_SECONDS) have passed. `now_unix_seconds` counts from 1970-01-01 UTC.
    ///
    /// # Errors
    /// - [`Replayed`](SeenError::Replayed): this key has sent this `jti` before.
    /// - [`Full`](SeenError::Full): no place is left, or this key has its share of them. The proof must not be accepted.
    pub fn record(&mut self, proof: &DpopProof, now_unix_seconds: i64) -> Result<(), SeenError> {
        self.record_id(&proof.thumbprint(), proof.id(), proof.good_until(), now_unix_seconds)
    }

    /// Remembers the answer of a browser to a challenge (Device Bound Session Credentials), as [`record`](Self::record) does a proof:
    /// until the challenge is not good any more, `good_until`. Both times are seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// - [`Replayed`](SeenError::Replayed): this key has answered this challenge before.
    /// - [`Full`](SeenError::Full): as for a proof.
    pub fn record_answer(
        &mut self,
        answer: &DbscProof,
        good_until: i64,
        now_unix_seconds: i64,
    ) -> Result<(), SeenError> {
        self.record_id(&answer.thumbprint(), answer.challenge(), good_until, now_unix_seconds)
    }

    /// Whether this key has sent this `jti` before, as far as that is remembered. Changes nothing: where a proof is to be remembered only once
    /// it has counted, it is asked for first, and [`record`](Self::record) decides.
    #[must_use]
    pub fn has(&self, proof: &DpopProof) -> bool {
        self.ids.contains(&id(&proof.thumbprint(), proof.id()))
    }

    /// How many proofs are remembered, of which some may have run out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn record_id(&mut self, key: &JwkThumbprint, jti: &str, until: i64, now: i64) -> Result<(), SeenError> {
        self.forget(now);
        let (owner, id) = (owner(key), id(key, jti));
        if self.ids.contains(&id) {
            return Err(SeenError::Replayed);
        }
        let held = self.of_owner.get(&owner).copied().unwrap_or(0);
        if self.ids.len() >= self.capacity || held >= self.per_key {
            return Err(SeenError::Full);
        }
        self.ids.insert(id);
        self.of_owner.insert(owner, held + 1);
        self.by_end.entry(until.saturating_add(Self::SKEW_SECONDS)).or_default().push((owner, id));
        Ok(())
    }

    fn forget(&mut self, now: i64) {
        while let Some(first) = self.by_end.first_entry().filter(|first| *first.key() < now) {
            for (owner, id) in first.remove() {
                self.ids.remove(&id);
                if let Some(held) = self.of_owner.get_mut(&owner) {
                    *held -= 1;
                    if *held == 0 {
                        self.of_owner.remove(&owner);
                    }
                }
            }
        }
    }
}

impl Default for SeenProofs {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl fmt::Debug for SeenProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenProofs")
            .field("capacity", &self.capacity)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

fn owner(key: &JwkThumbprint) -> Owner {
    key.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The thumbprint has one length, so no two pairs are one text.
fn id(key: &JwkThumbprint, jti: &str) -> Id {
    let digest = sha256(&[key.as_bytes().as_slice(), jti.as_bytes()].concat());
    digest.first_chunk().copied().unwrap_or_default()
}

/// So many keys are needed to fill the store.
const KEYS_AT_LEAST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const KEY: JwkThumbprint = JwkThumbprint::from_bytes([1; 32]);
    const OTHER: JwkThumbprint = JwkThumbprint::from_bytes([2; 32]);

    /// Kept until the second at which it could last be accepted, and the skew.
    #[test]
    fn a_proof_is_remembered_as_long_as_it_could_be_used() {
        for (at, replayed) in [(0, true), (60, true), (61, true), (90, true), (91, false)] {
            let mut seen = SeenProofs::default();
            assert_eq!(seen.record_id(&KEY, "a", NOW + 60, NOW), Ok(()));
            let again = seen.record_id(&KEY, "a", NOW + 60, NOW + at);
            assert_eq!(again, if replayed { Err(SeenError::Replayed) } else { Ok(()) }, "{at}");
        }
    }

    #[test]
    fn nobody_uses_up_the_ids_of_another_key() {
        let mut seen = SeenProofs::default();
        assert_eq!(seen.record_id(&KEY, "a", NOW, NOW), Ok(()));
        assert_eq!(seen.record_id(&OTHER, "a", NOW, NOW), Ok(()));
        assert_eq!(seen.record_id(&KEY, "b", NOW, NOW), Ok(()));
        assert_eq!(seen.record_id(&KEY, "a", NOW, NOW), Err(SeenError::Replayed));
    }

    /// Full, it refuses what is new and still knows what is old; with time, there is room again.
    #[test]
    fn a_full_store_forgets_nothing() {
        let mut seen = SeenProofs::new(16);
        let key = |byte: u8| JwkThumbprint::from_bytes([byte; 32]);
        for byte in 0..8 {
            assert_eq!(seen.record_id(&key(byte), "a", NOW, NOW), Ok(()));
            assert_eq!(seen.record_id(&key(byte), "b", NOW + i64::from(byte), NOW), Ok(()));
            assert_eq!(seen.record_id(&key(byte), "c", NOW, NOW), Err(SeenError::Full), "its eighth");
        }
        assert_eq!(seen.record_id(&key(9), "a", NOW, NOW), Err(SeenError::Full));
        assert_eq!(seen.record_id(&key(0), "a", NOW, NOW), Err(SeenError::Replayed));
        assert_eq!(seen.len(), 16);
        assert_eq!(seen.record_id(&key(9), "a", NOW + 40, NOW + 31), Ok(()));
        assert_eq!(seen.record_id(&key(7), "b", NOW, NOW + 31), Err(SeenError::Replayed));
        assert_eq!(seen.len(), 8, "eight of the first second and one of the next went, one came: 7 and 1");
        assert_eq!(seen.record_id(&key(9), "b", NOW + 40, NOW + 100), Ok(()));
        assert_eq!((seen.len(), seen.of_owner.len(), seen.by_end.len()), (1, 1, 1));
    }

    /// Of one that serves many keys, each has a small part.
    #[test]
    fn a_key_has_no_more_than_its_share() {
        for (wanted, most) in [(0, 1), (1, 1), (2, 2), (3, 2), (usize::MAX, 2)] {
            let mut seen = SeenProofs::new(16).per_key(wanted);
            for number in 0..most {
                assert_eq!(seen.record_id(&KEY, &number.to_string(), NOW, NOW), Ok(()), "{wanted}");
            }
            assert_eq!(seen.record_id(&KEY, "x", NOW, NOW), Err(SeenError::Full), "{wanted}");
            assert_eq!(seen.record_id(&OTHER, "x", NOW, NOW), Ok(()), "{wanted}");
        }
    }

    /// A clock that goes back brings nothing back.
    #[test]
    fn a_clock_that_goes_back_forgets_nothing() {
        let mut seen = SeenProofs::default();
        assert_eq!(seen.record_id(&KEY, "a", NOW + 60, NOW), Ok(()));
        assert_eq!(seen.record_id(&KEY, "a", NOW + 60, NOW - 1000), Err(SeenError::Replayed));
        assert_eq!(seen.record_id(&OTHER, "x", i64::MAX, NOW), Ok(()), "no overflow");
    }
}
