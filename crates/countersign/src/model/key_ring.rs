//! The signing keys and their states. A key's state follows from the times alone:
//!
//! ```text
//!            created              active_from           successor's active_from        + keep_after
//!  ─────────────┼──────── next ────────┼────── active ──────────────┼────── retired ──────────┼── gone
//!   published:  ├─────────────────────────────────────────────────────────────────────────────┤
//!   signs:                             ├────────────────────────────┤
//! ```
//!
//! So nothing has to be switched at a moment at which nobody may be running, many nodes agree without
//! talking, and a crash can leave nothing half switched (KM-1, KM-5).
//!
//! Each algorithm that an audience is signed with has such a line of keys of its own; all lines are in one set. The
//! successor of a key is the next of its line. Where an algorithm is used no more, its last key is followed by the next
//! key of any line that is: so a change of the algorithm is a rotation like any other.

use std::fmt;
use std::time::Duration;

use countersign_jwt::{Algorithm, JwkSet, KeyError, KeySetError, SigningKey, VerifyingKey};

use crate::base::clock::Timestamp;
use crate::base::master_key::{MasterKeys, Purpose, SealError};
use crate::base::random::Random;
use crate::model::master_key_use::ResealedKey;
use crate::model::stored_key::StoredKey;
use crate::model::verify_only::VerifyOnlyKey;

/// When keys are made, used and dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySchedule {
    /// A new key is made when the newest has signed for so long.
    pub rotate_every: Duration,
    /// How long a key is published before it signs: longer than any verifier caches the JWK Set.
    pub publish_ahead: Duration,
    /// How long a key is still published after the last token it signed has expired.
    pub keep_after: Duration,
}

impl Default for KeySchedule {
    fn default() -> Self {
        const HOUR: u64 = 60 * 60;
        Self {
            rotate_every: Duration::from_secs(90 * 24 * HOUR),
            publish_ahead: Duration::from_secs(24 * HOUR),
            keep_after: Duration::from_secs(2 * HOUR),
        }
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Active,
    /// Published for the tokens it has signed, signs no more.
    Retired,
    /// Not published; to be deleted.
    Gone,
}

impl KeyState {
    /// The state as one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Gone => "gone",
        }
    }
}

/// One key of the ring, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its ID: the RFC 7638 thumbprint, or what it was called when it was imported.
    pub kid: String,
    /// Its algorithm's JWS name.
    pub algorithm: String,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
}

/// The keys of this issuer, opened. Immutable: a change makes another ring.
#[derive(Clone)]
pub struct KeyRing {
    /// By `active_from`, the oldest first; never empty.
    keys: Vec<RingKey>,
    /// The algorithms that tokens are signed with, the default audience's first; never empty.
    in_use: Vec<Algorithm>,
    /// Since when, at the latest, no token has been signed with any other algorithm.
    in_use_since: Timestamp,
    /// `keep_after` and the life of an access token.
    published_after: Duration,
    /// Of another system; none has the ID of one of ours.
    verify_only: Vec<VerifyOnlyKey>,
}

#[derive(Clone)]
struct RingKey {
    key: SigningKey,
    created_at: Timestamp,
    active_from: Timestamp,
}

impl KeyRing {
    /// A ring of one shared HMAC secret, which signs for ever and is never published.
    #[must_use]
    pub fn shared_secret(key: SigningKey) -> Self {
        let always = Timestamp::from_unix_millis(0);
        let in_use = vec![key.algorithm()];
        let keys = vec![RingKey { key, created_at: always, active_from: always }];
        Self { keys, in_use, in_use_since: always, published_after: Duration::ZERO, verify_only: Vec::new() }
    }

    /// Opens stored keys. `in_use` are the algorithms that tokens are signed with, the default audience's first, and
    /// since when at the latest; `published_after` is how long a key is published after its successor has taken over.
    ///
    /// # Errors
    /// [`KeyRingError::Seal`] when a key was sealed with another master key, [`KeyRingError::Key`] when what
    /// is inside is not a key, [`KeyRingError::Empty`] when there is none.
    pub fn open(
        stored: &[StoredKey],
        master_keys: &MasterKeys,
        (in_use, in_use_since): (Vec<Algorithm>, Timestamp),
        published_after: Duration,
    ) -> Result<Self, KeyRingError> {
        let mut keys = stored.iter().map(|key| open_key(key, master_keys)).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(|key| (key.active_from, key.created_at));
        if keys.is_empty() {
            return Err(KeyRingError::Empty);
        }
        Ok(Self { keys, in_use, in_use_since, published_after, verify_only: Vec::new() })
    }

    /// The same ring with keys of another system beside its own.
    #[must_use]
    pub(crate) fn with_verify_only(self, verify_only: Vec<VerifyOnlyKey>) -> Self {
        Self { verify_only, ..self }
    }

    /// The same ring without the keys of another system whose time is over at `now`; nothing if there are none.
    pub(crate) fn without_expired(&self, now: Timestamp) -> Option<Self> {
        let mut ring = self.clone();
        ring.verify_only.retain(|other| now < other.until);
        (ring.verify_only.len() < self.verify_only.len()).then_some(ring)
    }

    /// The key that signs with this algorithm at `now`: the newest of its line that is active; before there is one,
    /// the newest of all. Should the clock have jumped to before all of them, the oldest.
    #[must_use]
    pub fn signing_key(&self, algorithm: Algorithm, now: Timestamp) -> &SigningKey {
        &self.keys[self.signing_index(algorithm, now)].key
    }

    fn signing_index(&self, algorithm: Algorithm, now: Timestamp) -> usize {
        let is_active = |key: &RingKey| key.active_from <= now;
        let of_line = self.keys.iter().rposition(|key| is_active(key) && key.key.algorithm() == algorithm);
        of_line.or_else(|| self.keys.iter().rposition(is_active)).unwrap_or(0)
    }

    /// Since when, at the latest, tokens are signed with the algorithms of now.
    pub(crate) const fn in_use_since(&self) -> Timestamp {
        self.in_use_since
    }

    /// The algorithm of the default audience.
    pub(crate) fn default_algorithm(&self) -> Algorithm {
        self.in_use[0]
    }

    /// The newest key of this algorithm's line, which signs now or next.
    #[must_use]
    pub fn newest(&self, algorithm: Algorithm) -> Option<KeyInfo> {
        let index = self.keys.iter().rposition(|key| key.key.algorithm() == algorithm)?;
        Some(self.info(index, self.keys[index].active_from))
    }

    /// The public keys that verifiers need at `now`; the one that signs comes first.
    ///
    /// # Errors
    /// [`KeySetError`] when the keys cannot be in one set; the ring makes no such keys.
    pub fn verifying_keys(&self, now: Timestamp) -> Result<JwkSet, KeySetError> {
        let signing = self.signing_key(self.default_algorithm(), now).key_id();
        let mut published: Vec<VerifyingKey> = (0..self.keys.len())
            .filter(|index| self.state(*index, now) != KeyState::Gone)
            .map(|index| self.keys[index].key.verifying_key())
            .collect();
        published.sort_by_key(|key| key.key_id() != signing);
        let others = self.verify_only.iter().filter(|other| now < other.until);
        published.extend(others.map(|other| other.key.clone()));
        JwkSet::new(published)
    }

    /// Every key and where it is in its life, the oldest first.
    #[must_use]
    pub fn list(&self, now: Timestamp) -> Vec<KeyInfo> {
        (0..self.keys.len()).map(|index| self.info(index, now)).collect()
    }

    /// The key with this ID.
    pub(crate) fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().map(|key| &key.key).find(|key| key.key_id() == kid)
    }

    fn info(&self, index: usize, now: Timestamp) -> KeyInfo {
        let RingKey { key, created_at, active_from } = &self.keys[index];
        KeyInfo {
            kid: key.key_id().to_owned(),
            algorithm: key.algorithm().name().to_owned(),
            state: self.state(index, now),
            created_at: *created_at,
            active_from: *active_from,
        }
    }

    /// The algorithms for which it is time to make the next key, so that it has been published for long enough when
    /// it takes over.
    #[must_use]
    pub fn due(&self, schedule: &KeySchedule, now: Timestamp) -> Vec<Algorithm> {
        let ahead = schedule.rotate_every.saturating_sub(schedule.publish_ahead);
        let is_due = |algorithm: &Algorithm| {
            self.newest(*algorithm).is_none_or(|newest| now >= newest.active_from.plus(ahead))
        };
        self.in_use.iter().copied().filter(is_due).collect()
    }

    fn state(&self, index: usize, now: Timestamp) -> KeyState {
        let key = &self.keys[index];
        let is_over =
            self.successor(index).is_some_and(|successor| now >= successor.plus(self.published_after));
        if self.in_use.iter().any(|algorithm| self.signing_index(*algorithm, now) == index) {
            KeyState::Active
        } else if is_over {
            KeyState::Gone
        } else if now < key.active_from && self.in_use.contains(&key.key.algorithm()) {
            KeyState::Next
        } else {
            KeyState::Retired
        }
    }

    /// From when on another key signs in place of this one. A line that is not in use any more may have signed until
    /// then, beside keys of other lines that are newer.
    fn successor(&self, index: usize) -> Option<Timestamp> {
        let algorithm = self.keys[index].key.algorithm();
        let mut later = self.keys[index + 1..].iter();
        let is_of = |key: &RingKey| key.key.algorithm() == algorithm;
        let is_used = |key: &RingKey| self.in_use.contains(&key.key.algorithm());
        let next = later.clone().find(|key| is_of(key)).map(|key| key.active_from);
        if next.is_some() || is_used(&self.keys[index]) {
            return next;
        }
        later.find(|key| is_used(key)).map(|key| key.active_from.max(self.in_use_since))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids = self.keys.iter().map(|key| key.key.key_id());
        f.debug_struct("KeyRing").field("kids", &kids.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// Makes a fresh key, sealed for the store.
///
/// # Errors
/// [`KeyRingError::Key`] when the algorithm makes no key pair (an HMAC), [`KeyRingError::Seal`] when it
/// cannot be sealed.
pub fn generate(
    algorithm: Algorithm,
    active_from: Timestamp,
    master_keys: &MasterKeys,
    random: &Random,
    now: Timestamp,
) -> Result<StoredKey, KeyRingError> {
    let key = SigningKey::generate(algorithm).map_err(KeyRingError::Key)?;
    seal(&key, active_from, master_keys, random, now)
}

/// Seals a key for the store, under the key ID that it has.
///
/// # Errors
/// As [`generate`].
pub fn seal(
    key: &SigningKey,
    active_from: Timestamp,
    master_keys: &MasterKeys,
    random: &Random,
    now: Timestamp,
) -> Result<StoredKey, KeyRingError> {
    let kid = key.key_id().to_owned();
    let private = key.to_pkcs8_der().map_err(KeyRingError::Key)?;
    let sealed = master_keys
        .seal(Purpose::SealSigningKey, &private, kid.as_bytes(), random)
        .map_err(KeyRingError::Seal)?;
    Ok(StoredKey { kid, algorithm: key.algorithm().name().to_owned(), sealed, created_at: now, active_from })
}

/// The same key, sealed under the current master key; nothing if it is that already.
///
/// # Errors
/// [`KeyRingError::Seal`] when it was sealed with a master key that is not here.
pub(crate) fn reseal(
    stored: &StoredKey,
    master_keys: &MasterKeys,
    random: &Random,
) -> Result<Option<ResealedKey>, KeyRingError> {
    if MasterKeys::number_of(&stored.sealed) == Some(master_keys.current_id()) {
        return Ok(None);
    }
    let (purpose, context) = (Purpose::SealSigningKey, stored.kid.as_bytes());
    let again = master_keys.open(purpose, &stored.sealed, context);
    let again = again.and_then(|private| master_keys.seal(purpose, &private, context, random));
    let after = again.map_err(KeyRingError::Seal)?;
    Ok(Some(ResealedKey { kid: stored.kid.clone(), before: stored.sealed.clone(), after }))
}

fn open_key(stored: &StoredKey, master_keys: &MasterKeys) -> Result<RingKey, KeyRingError> {
    let algorithm = Algorithm::from_name(&stored.algorithm)
        .ok_or_else(|| KeyRingError::UnknownAlgorithm(stored.algorithm.clone()))?;
    let private = master_keys
        .open(Purpose::SealSigningKey, &stored.sealed, stored.kid.as_bytes())
        .map_err(KeyRingError::Seal)?;
    let key = SigningKey::from_pkcs8_der(&private, algorithm).map_err(KeyRingError::Key)?;
    // Our own have their thumbprint; one that was imported has what its tokens call it.
    let key = key.with_key_id(&*stored.kid);
    Ok(RingKey { key, created_at: stored.created_at, active_from: stored.active_from })
}

/// Why the signing keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// A stored key cannot be opened, or a new one not be sealed.
    #[error("a signing key cannot be opened")]
    Seal(#[source] SealError),
    /// What was opened is not a key of its algorithm, or a key cannot be made.
    #[error("a signing key cannot be read or made")]
    Key(#[source] KeyError),
    /// A stored key is for an algorithm that this version does not know.
    #[error("a signing key is for the unknown algorithm {0:?}")]
    UnknownAlgorithm(String),
    /// There is no key.
    #[error("there is no signing key")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000).plus(HOUR * u32::try_from(hours).unwrap())
    }

    fn ring(active_from: &[u64]) -> KeyRing {
        let random = Random::insecure_seeded(1);
        let master_keys = MasterKeys::generate(&random);
        let stored: Vec<_> = active_from
            .iter()
            .map(|hours| generate(Algorithm::Es256, at(*hours), &master_keys, &random, at(0)).unwrap())
            .collect();
        KeyRing::open(&stored, &master_keys, (vec![Algorithm::Es256], at(0)), 2 * HOUR).unwrap()
    }

    fn states(ring: &KeyRing, hours: u64) -> Vec<&'static str> {
        ring.list(at(hours)).iter().map(|key| key.state.name()).collect()
    }

    /// KM-1: published before it signs, kept until the last token it signed has expired, exactly one signs.
    #[test]
    fn a_key_goes_through_its_states_by_the_times_alone() {
        let ring = ring(&[0, 24]);
        assert_eq!(states(&ring, 0), ["active", "next"]);
        assert_eq!(states(&ring, 23), ["active", "next"]);
        assert_eq!(states(&ring, 24), ["retired", "active"]);
        assert_eq!(states(&ring, 25), ["retired", "active"]);
        assert_eq!(states(&ring, 26), ["gone", "active"]);
        let first = ring.list(at(0))[0].kid.clone();
        assert_eq!(ring.signing_key(Algorithm::Es256, at(23)).key_id(), first);
        assert_ne!(ring.signing_key(Algorithm::Es256, at(24)).key_id(), first);
    }

    #[test]
    fn the_next_key_is_due_when_it_can_still_be_published_long_enough() {
        let schedule = KeySchedule { rotate_every: 48 * HOUR, publish_ahead: 24 * HOUR, keep_after: HOUR };
        let ring = ring(&[0]);
        assert_eq!(ring.due(&schedule, at(23)), []);
        assert_eq!(ring.due(&schedule, at(24)), [Algorithm::Es256]);
    }

    #[test]
    fn before_all_its_keys_the_oldest_signs() {
        let ring = ring(&[10, 24]);
        assert_eq!(states(&ring, 0), ["active", "next"]);
        assert_eq!(ring.signing_key(Algorithm::Es256, at(0)).key_id(), ring.list(at(0))[0].kid);
    }

    /// KM-4: another master key opens nothing.
    #[test]
    fn another_master_key_opens_no_signing_key() {
        let random = Random::insecure_seeded(1);
        let stored =
            generate(Algorithm::Es256, at(0), &MasterKeys::generate(&random), &random, at(0)).unwrap();
        let opened =
            KeyRing::open(&[stored], &MasterKeys::generate(&random), (vec![Algorithm::Es256], at(0)), HOUR);
        assert!(matches!(opened, Err(KeyRingError::Seal(SealError::Forged))));
    }

    /// KM-1: each line for itself; what no audience is signed with any more follows the others.
    #[test]
    fn the_keys_of_each_algorithm_are_a_line_of_their_own() {
        use Algorithm::{EdDsa, Es256, Rs256};
        let random = Random::insecure_seeded(1);
        let master_keys = MasterKeys::generate(&random);
        let line = [(Es256, 0), (EdDsa, 1), (Es256, 24)];
        let make = |(algorithm, hours)| generate(algorithm, at(hours), &master_keys, &random, at(0)).unwrap();
        let stored = line.map(make);
        let ring = |in_use: &[Algorithm]| {
            KeyRing::open(&stored, &master_keys, (in_use.to_vec(), at(0)), 2 * HOUR).unwrap()
        };
        let both = ring(&[Es256, EdDsa]);
        assert_eq!(states(&both, 0), ["active", "next", "next"]);
        assert_eq!(states(&both, 23), ["active", "active", "next"]);
        assert_eq!(states(&both, 24), ["retired", "active", "active"]);
        assert_eq!(states(&both, 26), ["gone", "active", "active"]);
        let signs =
            |ring: &KeyRing, algorithm, hours| ring.signing_key(algorithm, at(hours)).key_id().to_owned();
        let [first, other, second] = [0, 1, 2].map(|index: usize| stored[index].kid.clone());
        assert_eq!(
            [0, 1, 23, 24].map(|hours| signs(&both, Es256, hours)),
            [&first, &first, &first, &second].map(Clone::clone)
        );
        assert_eq!(
            [0, 1, 99].map(|hours| signs(&both, EdDsa, hours)),
            [&first, &other, &other].map(Clone::clone)
        );
        let first_in_set =
            |ring: &KeyRing, hours| ring.verifying_keys(at(hours)).unwrap().keys()[0].key_id().to_owned();
        assert_eq!((first_in_set(&both, 2), first_in_set(&ring(&[EdDsa, Es256]), 2)), (first.clone(), other));
        let schedule = KeySchedule { rotate_every: 48 * HOUR, publish_ahead: 24 * HOUR, keep_after: HOUR };
        assert_eq!(
            [24, 25, 48].map(|hours| both.due(&schedule, at(hours))),
            [vec![], vec![EdDsa], vec![Es256, EdDsa]]
        );
        assert_eq!(ring(&[Rs256]).due(&schedule, at(0)), [Rs256], "there is none yet");

        let es = ring(&[Es256]);
        assert_eq!(states(&es, 2), ["active", "retired", "next"]);
        assert_eq!((states(&es, 25)[1], states(&es, 26)[1]), ("retired", "gone"));
        let ed = ring(&[EdDsa]);
        assert_eq!(states(&ed, 0), ["active", "next", "retired"]);
        assert_eq!(states(&ed, 1), ["retired", "active", "retired"]);
    }

    /// KM-1: its last token was signed just before the configuration changed, long after the other line began.
    #[test]
    fn a_line_that_is_given_up_is_published_for_its_last_tokens() {
        use Algorithm::{EdDsa, Es256};
        let random = Random::insecure_seeded(1);
        let master_keys = MasterKeys::generate(&random);
        let stored = [(Es256, 0), (EdDsa, 1)]
            .map(|(algorithm, hours)| generate(algorithm, at(hours), &master_keys, &random, at(0)).unwrap());
        let ring = |in_use: &[Algorithm], since| {
            KeyRing::open(&stored, &master_keys, (in_use.to_vec(), at(since)), 2 * HOUR).unwrap()
        };
        assert_eq!(states(&ring(&[Es256, EdDsa], 0), 50), ["active", "active"]);
        let given_up = ring(&[EdDsa], 50);
        assert_eq!([50, 51, 52].map(|hours| states(&given_up, hours)[0]), ["retired", "retired", "gone"]);
    }
}
