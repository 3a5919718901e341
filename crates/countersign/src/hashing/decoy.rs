//! What an unknown name costs: what a known one costs. While some accounts have hashes of other systems, a dummy of one
//! fixed cost would tell who exists: bcrypt takes four times as long as our own (EN-2).
//!
//! So the dummies have the costs of the real hashes in the same proportions, and each name has its own dummy, always
//! the same, by its keyed hash. As accounts move to our own hash, so do the names that nobody has: the dummies are
//! ordered by cost, and every name can only come down.
//!
//! The proportions come from a sample, and hashes of a kind that it does not have are met when their owners, or guessers,
//! try to sign in. From then on some unknown names cost that too: else the last accounts that nobody has signed in to since
//! an import would be known by their time for ever.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::base::requester::AccountKey;
use crate::password::format::{Cost, Recipe};

/// The dummies and the proportions they stand for.
pub(crate) struct Likeness {
    own: Recipe,
    known: RwLock<Known>,
    has_met_new: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// How many hashes of this cost there are, and one of them.
    counted: BTreeMap<Cost, (u64, Recipe)>,
    /// What no sample had when it was met.
    met: BTreeMap<Cost, Recipe>,
}

impl Likeness {
    /// Every unknown name costs what `own` costs, until there is something to learn from.
    pub(crate) fn new(own: Recipe) -> Self {
        Self { own, known: RwLock::default(), has_met_new: AtomicBool::new(false) }
    }

    /// Takes over the proportions of these hashes. One of each cost is kept as its dummy; what comes out of it is
    /// never looked at.
    pub(crate) fn learn(&self, recipes: impl Iterator<Item = Recipe>) {
        let mut counted = BTreeMap::new();
        for recipe in recipes {
            counted.entry(recipe.cost()).or_insert((0, recipe)).0 += 1;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (cost, recipe) in &known.met {
            counted.entry(*cost).or_insert_with(|| (1, recipe.clone()));
        }
        known.counted = counted;
    }

    /// Somebody tries to sign in to an account with this hash.
    pub(crate) fn meet(&self, recipe: &Recipe) {
        let cost = recipe.cost();
        if self.known.read().unwrap_or_else(PoisonError::into_inner).counted.contains_key(&cost) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.counted.insert(cost, (1, recipe.clone()));
        known.met.insert(cost, recipe.clone());
        self.has_met_new.store(true, Ordering::Relaxed);
    }

    /// Whether a kind of hash was met since the last call that was not known: then there is something to learn.
    pub(crate) fn take_news(&self) -> bool {
        self.has_met_new.swap(false, Ordering::Relaxed)
    }

    /// The dummy of this name.
    pub(crate) fn of(&self, account: AccountKey) -> Recipe {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let total: u64 = known.counted.values().map(|(count, _)| count).sum();
        let [high, ..] = account.as_bytes().as_chunks::<8>().0 else { return self.own.clone() };
        // A point between 0 and `total`, as far along as the key is between 0 and 2^64; the most expensive come first.
        let point = (u128::from(u64::from_be_bytes(*high)) * u128::from(total)) >> 64;
        let mut so_far = 0;
        let dummy = known.counted.values().rev().find(|(count, _)| {
            so_far += u128::from(*count);
            so_far > point
        });
        dummy.map_or_else(|| self.own.clone(), |(_, recipe)| recipe.clone())
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

    /// Which of a thousand unknown names cost what this hash costs.
    fn like(likeness: &Likeness, text: &str) -> Vec<bool> {
        let cost = recipe(text).cost();
        let key = |n: u64| {
            AccountKey::from_bytes(
                u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(64).to_be_bytes(),
            )
        };
        (0..1_000).map(|n| likeness.of(key(n)).cost() == cost).collect()
    }

    /// EN-2: unknown names cost what known ones cost, in the same proportions, and a name always the same.
    #[test]
    fn unknown_names_have_the_proportions_of_known_ones() {
        let likeness = Likeness::new(recipe(ARGON2));
        assert!(!like(&likeness, BCRYPT).contains(&true));
        let hashes = |bcrypt, argon2| {
            std::iter::repeat_n(recipe(BCRYPT), bcrypt).chain(std::iter::repeat_n(recipe(ARGON2), argon2))
        };
        likeness.learn(hashes(30, 70));
        let before = like(&likeness, BCRYPT);
        let share = before.iter().filter(|bcrypt| **bcrypt).count();
        assert!((280..=320).contains(&share), "{share}");
        assert_eq!(before, like(&likeness, BCRYPT));

        likeness.learn(hashes(10, 90));
        let after = like(&likeness, BCRYPT);
        assert!((80..=120).contains(&after.iter().filter(|bcrypt| **bcrypt).count()));
        assert!(after.iter().zip(&before).all(|(now, then)| *then || !now), "nobody goes back to bcrypt");
    }

    /// EN-2: what is estimated to cost the same still has a time of its own, which unknown names must take too.
    #[test]
    fn hashes_of_one_estimate_are_told_apart() {
        let likeness = Likeness::new(recipe(ARGON2));
        assert_eq!(recipe(PBKDF2_SHA1).work(), recipe(PBKDF2_SHA256).work());
        likeness.learn([PBKDF2_SHA1, PBKDF2_SHA256].into_iter().map(recipe));
        for text in [PBKDF2_SHA1, PBKDF2_SHA256] {
            let share = like(&likeness, text).into_iter().filter(|like| *like).count();
            assert!((480..=520).contains(&share), "{share} like {text}");
        }
    }

    /// EN-2: hashes too few for any sample, and those that were imported since the last, cost some unknown names the same.
    #[test]
    fn a_kind_that_no_sample_had_is_learnt_when_it_is_met() {
        let likeness = Likeness::new(recipe(ARGON2));
        let sample = || std::iter::repeat_n(recipe(ARGON2), 99);
        likeness.learn(sample());
        likeness.meet(&recipe(ARGON2));
        assert!(!likeness.take_news());
        likeness.meet(&recipe(BCRYPT));
        assert_eq!((likeness.take_news(), likeness.take_news()), (true, false));
        for when in ["when it was met", "after the next sample"] {
            let share = like(&likeness, BCRYPT).into_iter().filter(|like| *like).count();
            assert!((5..=15).contains(&share), "{share} {when}");
            likeness.learn(sample());
        }
        likeness.meet(&recipe(BCRYPT));
        assert!(!likeness.take_news(), "it is known now");
    }
}
