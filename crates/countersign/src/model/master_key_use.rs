//! What hangs from which master key, and so what a change of the master key has to wait for: nodes that do not know the new
//! key, keys that are sealed under the old one, tokens that it vouches for.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::id::NodeId;
use crate::base::master_key::MasterKeys;
use crate::model::feed_key::{FeedKey, FeedKeyName};
use crate::model::sealed_key::SealedKey;
use crate::model::stored_key::StoredKey;

/// What a store knows of the use of master keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct MasterKeyUse {
    /// By number, until when a process made new things with that key, as far as [`REPORTED_EVERY`] goes; nothing if none did.
    pub used_at: BTreeMap<u8, Option<Timestamp>>,
    /// The nodes that are running, with the numbers that each knows, the one that it uses first; none from older versions.
    pub nodes: Vec<(NodeId, Vec<u8>)>,
}

/// A key that was sealed under another master key, and how it is sealed now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct ResealedKey {
    /// Its key ID.
    pub kid: String,
    /// What was stored.
    pub before: Vec<u8>,
    /// What is to be stored.
    pub after: Vec<u8>,
}

/// What hangs from one master key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MasterKeyStatus {
    /// Its number.
    pub number: u8,
    /// What tells it apart and reveals nothing.
    pub fingerprint: [u8; 32],
    /// Whether it makes new things.
    pub is_current: bool,
    /// Whether it is configured here. One that is not was used once.
    pub is_configured: bool,
    /// How many signing keys are sealed under it.
    pub signing_keys: usize,
    /// Other keys that are sealed under it.
    pub sealed_keys: Vec<SealedKey>,
    /// The feed keys that are made from it, or may be.
    pub feed_keys: Vec<FeedKeyName>,
    /// From when on no refresh token and no cookie that it vouches for lives any more; none if there was none.
    pub tokens_until: Option<Timestamp>,
    /// The running nodes that do not know it.
    pub unknown_to: Vec<NodeId>,
    /// The running nodes that make new things with it.
    pub used_by: Vec<NodeId>,
}

/// Why a master key must stay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StillNeeded {
    /// It makes new things, here.
    #[error("it is the one in use")]
    Current,
    /// It makes new things on other nodes.
    #[error("{0} running nodes still make new tokens with it: restart them with the new key first")]
    Nodes(usize),
    /// Signing keys are sealed under it.
    #[error("{0} signing keys are sealed under it: countersign master-key reseal")]
    SigningKeys(usize),
    /// This key is sealed under it.
    #[error("the {} key is sealed under it: countersign master-key reseal", .0.name())]
    SealedKey(SealedKey),
    /// Services follow the feed with keys that are made from it.
    #[error("the feed keys {} are made from it: remove and add them", names(.0))]
    FeedKeys(Vec<FeedKeyName>),
    /// Tokens may be alive.
    #[error("refresh tokens and cookies that it vouches for may live until {0}")]
    Tokens(Timestamp),
}

fn names(keys: &[FeedKeyName]) -> String {
    keys.iter().map(FeedKeyName::as_str).collect::<Vec<_>>().join(", ")
}

impl MasterKeyStatus {
    /// What is lost if this key goes now; nothing if it may.
    #[must_use]
    pub fn needed_for(&self, now: Timestamp) -> Vec<StillNeeded> {
        let mut needed = Vec::new();
        if self.is_current {
            needed.push(StillNeeded::Current);
        }
        if !self.used_by.is_empty() {
            needed.push(StillNeeded::Nodes(self.used_by.len()));
        }
        if self.signing_keys > 0 {
            needed.push(StillNeeded::SigningKeys(self.signing_keys));
        }
        needed.extend(self.sealed_keys.iter().copied().map(StillNeeded::SealedKey));
        if !self.feed_keys.is_empty() {
            needed.push(StillNeeded::FeedKeys(self.feed_keys.clone()));
        }
        if let Some(until) = self.tokens_until.filter(|until| now < *until) {
            needed.push(StillNeeded::Tokens(until));
        }
        needed
    }
}

/// What hangs from each master key that is configured or was used once, by number. `longest` is the life of the longest-lived
/// token.
pub(crate) fn status(
    master_keys: &MasterKeys,
    known: &BTreeMap<u8, [u8; 32]>,
    usage: &MasterKeyUse,
    (signing_keys, feed_keys): (&[StoredKey], &[FeedKey]),
    longest: Duration,
) -> Vec<MasterKeyStatus> {
    let current = master_keys.current_id();
    let configured: BTreeMap<_, _> = master_keys.fingerprints().into_iter().collect();
    let all: BTreeMap<_, _> =
        known.iter().chain(&configured).map(|(number, print)| (*number, *print)).collect();
    let nodes_where = |fits: &dyn Fn(&[u8]) -> bool| {
        usage.nodes.iter().filter(|(_, numbers)| fits(numbers)).map(|(id, _)| *id).collect()
    };
    let of = |(number, fingerprint): (u8, [u8; 32])| {
        let seals = |key: &&StoredKey| MasterKeys::number_of(&key.sealed) == Some(number);
        let used_at = usage.used_at.get(&number).copied().flatten();
        // One of before its number was written down counts for every key that was in use once.
        let unless_known = number != current && used_at.is_some();
        let makes = |key: &&FeedKey| key.master_key.map_or(unless_known, |made_of| made_of == number);
        MasterKeyStatus {
            number,
            fingerprint,
            is_current: number == current,
            is_configured: configured.contains_key(&number),
            signing_keys: signing_keys.iter().filter(seals).count(),
            sealed_keys: Vec::new(),
            feed_keys: feed_keys.iter().filter(makes).map(|key| key.name.clone()).collect(),
            tokens_until: used_at.map(|at| at.plus(REPORTED_EVERY).plus(longest)),
            unknown_to: nodes_where(&|numbers| !numbers.contains(&number)),
            used_by: nodes_where(&|numbers| numbers.first() == Some(&number)),
        }
    };
    all.into_iter().map(of).collect()
}

/// How often a store writes down that a master key is in use, so that this costs no write worth mentioning.
pub const REPORTED_EVERY: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn feed_key(name: &str, master_key: Option<u8>) -> FeedKey {
        FeedKey { number: 1, name: FeedKeyName::parse(name).unwrap(), created_at: T, master_key }
    }

    #[test]
    fn a_key_stays_while_anything_hangs_from_it() {
        let random = Random::insecure_seeded(1);
        let keys = MasterKeys::generate(&random).with_new(0, &random).unwrap().with_current(2).unwrap();
        let [a, b] = [(); 2].map(|()| NodeId::random(&random));
        let key = |number: u8| StoredKey {
            kid: number.to_string(),
            algorithm: "ES256".to_owned(),
            sealed: [&[1, number], [0; 28].as_slice()].concat(),
            created_at: T,
            active_from: T,
        };
        let usage = MasterKeyUse {
            used_at: [(1, Some(T)), (2, None)].into(),
            nodes: vec![(a, vec![2, 1]), (b, vec![1])],
        };
        let feed_keys = [feed_key("old", None), feed_key("one", Some(1)), feed_key("two", Some(2))];
        let known = keys.fingerprints().into_iter().chain([(9, [9; 32])]).collect();
        let all = status(&keys, &known, &usage, (&[key(1), key(2), key(1)], &feed_keys), 30 * DAY);
        let [one, two, gone] = &all[..] else { panic!("{all:?}") };
        let until = T.plus(30 * DAY).plus(REPORTED_EVERY);
        let name = |name: &str| FeedKeyName::parse(name).unwrap();
        assert_eq!(
            one.needed_for(T),
            [
                StillNeeded::Nodes(1),
                StillNeeded::SigningKeys(2),
                StillNeeded::FeedKeys(vec![name("old"), name("one")]),
                StillNeeded::Tokens(until),
            ]
        );
        assert!(!one.needed_for(until).contains(&StillNeeded::Tokens(until)), "not at that instant any more");
        assert!(two.is_current && two.needed_for(T).contains(&StillNeeded::Current));
        assert_eq!((&two.unknown_to, &two.used_by), (&vec![b], &vec![a]));
        assert_eq!((two.signing_keys, &two.feed_keys), (1, &vec![name("two")]));
        assert!(!gone.is_configured && gone.needed_for(T).is_empty());
        let alone = status(&keys, &known, &MasterKeyUse::default(), (&[], &[]), DAY);
        assert!(alone[0].needed_for(T).is_empty());
    }
}
