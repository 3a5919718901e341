//! Decoy hashes: an unknown name costs what a known one costs. While some accounts have hashes of other
//! systems, a decoy of one fixed cost would tell which names exist: bcrypt takes four times as long as our
//! own hash (EN-2).
//!
//! So the decoys have the costs of the real hashes in the same proportions, and each name always has the same
//! decoy, by its keyed hash. As accounts move to our own hash, so do unknown names: the decoys are ordered by
//! cost, and a name can only move to a cheaper one.
//!
//! The proportions come from a sample. A kind of hash that the sample lacks is observed when somebody tries
//! to sign in to its account. From then on some unknown names cost that too; otherwise the last accounts that
//! were not used since an import would stay recognisable by their time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::base::requester::AccountKey;
use crate::password::format::{Cost, Recipe};

/// The decoys and the proportions they stand for.
pub(crate) struct DecoyHashes {
    own: Recipe,
    known: RwLock<Known>,
    observed_new_kind: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// The number of hashes of this cost, and one of them.
    counted: BTreeMap<Cost, (u64, Recipe)>,
    /// Kinds that no sample had when they were observed.
    observed: BTreeMap<Cost, Recipe>,
}

impl DecoyHashes {
    /// Every unknown name costs what `own` costs, until [`DecoyHashes::learn_mix`].
    pub(crate) fn new(own: Recipe) -> Self {
        Self { own, known: RwLock::default(), observed_new_kind: AtomicBool::new(false) }
    }

    /// Takes over the proportions of these hashes. One of each cost is kept as its decoy; the result of a
    /// decoy is never used.
    pub(crate) fn learn_mix(&self, recipes: impl Iterator<Item = Recipe>) {
        let mut counted = BTreeMap::new();
        for recipe in recipes {
            counted.entry(recipe.cost()).or_insert((0, recipe)).0 += 1;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (cost, recipe) in &known.observed {
            counted.entry(*cost).or_insert_with(|| (1, recipe.clone()));
        }
        known.counted = counted;
    }

    /// Notes the kind of a hash that is about to be checked.
    pub(crate) fn observe(&self, recipe: &Recipe) {
        let cost = recipe.cost();
        if self.known.read().unwrap_or_else(PoisonError::into_inner).counted.contains_key(&cost) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.counted.insert(cost, (1, recipe.clone()));
        known.observed.insert(cost, recipe.clone());
        self.observed_new_kind.store(true, Ordering::Relaxed);
    }

    /// Whether a kind that the mix lacked was observed since the last call: then the mix should be learnt
    /// again.
    pub(crate) fn take_new_kind(&self) -> bool {
        self.observed_new_kind.swap(false, Ordering::Relaxed)
    }

    /// The decoy of this name.
    pub(crate) fn for_account(&self, account: AccountKey) -> Recipe {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let total: u64 = known.counted.values().map(|(count, _)| count).sum();
        let [high, ..] = account.as_bytes().as_chunks::<8>().0 else { return self.own.clone() };
        // A point between 0 and `total`, as far along as the key is between 0 and 2^64; the most expensive
        // come first.
        let point = (u128::from(u64::from_be_bytes(*high)) * u128::from(total)) >> 64;
        let mut so_far = 0;
        let decoy = known.counted.values().rev().find(|(count, _)| {
            so_far += u128::from(*count);
            so_far > point
        });
        decoy.map_or_else(|| self.own.clone(), |(_, recipe)| recipe.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BCRYPT: &str = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";
    const ARGON2: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";

    const PBKDF2_SHA1: &str = "$pbkdf2-sha1$29000$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA";
    const PBKDF2_SHA256: &str = "$pbkdf2-sha256$29000$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA";

    fn recipe(text: &str) -> Recipe {
        Recipe::parse(text, 1 << 30).unwrap()
    }

    /// For each of a thousand unknown names, whether it costs what this hash costs.
    fn like(decoys: &DecoyHashes, text: &str) -> Vec<bool> {
        let cost = recipe(text).cost();
        let key = |n: u64| {
            AccountKey::from_bytes(
                u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(64).to_be_bytes(),
            )
        };
        (0..1_000).map(|n| decoys.for_account(key(n)).cost() == cost).collect()
    }

    /// EN-2: unknown names cost what known ones cost, in the same proportions, and a name always the same.
    #[test]
    fn unknown_names_have_the_proportions_of_known_ones() {
        let decoys = DecoyHashes::new(recipe(ARGON2));
        assert!(!like(&decoys, BCRYPT).contains(&true));
        let hashes = |bcrypt, argon2| {
            std::iter::repeat_n(recipe(BCRYPT), bcrypt).chain(std::iter::repeat_n(recipe(ARGON2), argon2))
        };
        decoys.learn_mix(hashes(30, 70));
        let before = like(&decoys, BCRYPT);
        let share = before.iter().filter(|bcrypt| **bcrypt).count();
        assert!((280..=320).contains(&share), "{share}");
        assert_eq!(before, like(&decoys, BCRYPT));

        decoys.learn_mix(hashes(10, 90));
        let after = like(&decoys, BCRYPT);
        assert!((80..=120).contains(&after.iter().filter(|bcrypt| **bcrypt).count()));
        assert!(after.iter().zip(&before).all(|(now, then)| *then || !now), "nobody goes back to bcrypt");
    }

    /// EN-2: what is estimated to cost the same still has a time of its own, which unknown names must take
    /// too.
    #[test]
    fn hashes_of_one_estimate_are_told_apart() {
        let decoys = DecoyHashes::new(recipe(ARGON2));
        assert_eq!(recipe(PBKDF2_SHA1).work(), recipe(PBKDF2_SHA256).work());
        decoys.learn_mix([PBKDF2_SHA1, PBKDF2_SHA256].into_iter().map(recipe));
        for text in [PBKDF2_SHA1, PBKDF2_SHA256] {
            let share = like(&decoys, text).into_iter().filter(|like| *like).count();
            assert!((480..=520).contains(&share), "{share} like {text}");
        }
    }

    /// EN-2: hashes too few for any sample, and those that were imported since the last, cost some unknown
    /// names the same.
    #[test]
    fn a_kind_that_no_sample_had_is_learnt_when_it_is_observed() {
        let decoys = DecoyHashes::new(recipe(ARGON2));
        let sample = || std::iter::repeat_n(recipe(ARGON2), 99);
        decoys.learn_mix(sample());
        decoys.observe(&recipe(ARGON2));
        assert!(!decoys.take_new_kind());
        decoys.observe(&recipe(BCRYPT));
        assert_eq!((decoys.take_new_kind(), decoys.take_new_kind()), (true, false));
        for when in ["when it was observed", "after the next sample"] {
            let share = like(&decoys, BCRYPT).into_iter().filter(|like| *like).count();
            assert!((5..=15).contains(&share), "{share} {when}");
            decoys.learn_mix(sample());
        }
        decoys.observe(&recipe(BCRYPT));
        assert!(!decoys.take_new_kind(), "it is known now");
    }
}
