//! What an unknown name costs: what a known one costs. While some accounts have hashes of other systems, a dummy of one
//! fixed cost would tell who exists: bcrypt takes four times as long as our own (EN-2).
//!
//! So the dummies have the costs of the real hashes in the same proportions, and each name has its own dummy, always
//! the same, by its keyed hash. As accounts move to our own hash, so do the names that nobody has: the dummies are
//! ordered by cost, and every name can only come down.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::format::Recipe;
use super::requester::AccountKey;

/// The dummies and the proportions they stand for.
pub(super) struct Likeness {
    own: Recipe,
    /// Cost, how many hashes cost this much or more, and one of them; the most expensive first.
    learnt: RwLock<Vec<(u64, Recipe)>>,
}

impl Likeness {
    /// Every unknown name costs what `own` costs, until there is something to learn from.
    pub(super) const fn new(own: Recipe) -> Self {
        Self { own, learnt: RwLock::new(Vec::new()) }
    }

    /// Takes over the proportions of these hashes. One of each cost is kept as its dummy; what comes out of it is
    /// never looked at.
    pub(super) fn learn(&self, recipes: impl Iterator<Item = Recipe>) {
        let mut by_cost: BTreeMap<(u64, u64), (u64, Recipe)> = BTreeMap::new();
        for recipe in recipes {
            let cost = (recipe.work(), recipe.memory_bytes());
            by_cost.entry(cost).or_insert((0, recipe)).0 += 1;
        }
        let mut so_far = 0;
        let learnt = by_cost.into_values().rev().map(|(count, recipe)| {
            so_far += count;
            (so_far, recipe)
        });
        let learnt = learnt.collect();
        *self.learnt.write().unwrap_or_else(PoisonError::into_inner) = learnt;
    }

    /// The dummy of this name.
    pub(super) fn of(&self, account: AccountKey) -> Recipe {
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        let total = learnt.last().map_or(0, |(so_far, _)| *so_far);
        let [high, ..] = account.as_bytes().as_chunks::<8>().0 else { return self.own.clone() };
        // A point between 0 and `total`, as far along as the key is between 0 and 2^64.
        let point = (u128::from(u64::from_be_bytes(*high)) * u128::from(total)) >> 64;
        let dummy = learnt.iter().find(|(so_far, _)| u128::from(*so_far) > point);
        dummy.map_or_else(|| self.own.clone(), |(_, recipe)| recipe.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BCRYPT: &str = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";
    const ARGON2: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";

    fn recipe(text: &str) -> Recipe {
        Recipe::parse(text, 1 << 30).unwrap()
    }

    fn bcrypt_share(likeness: &Likeness) -> Vec<bool> {
        let bcrypt = recipe(BCRYPT).work();
        let key = |n: u64| {
            AccountKey::from_bytes(
                u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(64).to_be_bytes(),
            )
        };
        (0..1_000).map(|n| likeness.of(key(n)).work() == bcrypt).collect()
    }

    /// EN-2: unknown names cost what known ones cost, in the same proportions, and a name always the same.
    #[test]
    fn unknown_names_have_the_proportions_of_known_ones() {
        let likeness = Likeness::new(recipe(ARGON2));
        assert!(!bcrypt_share(&likeness).contains(&true));
        let hashes = |bcrypt, argon2| {
            std::iter::repeat_n(recipe(BCRYPT), bcrypt).chain(std::iter::repeat_n(recipe(ARGON2), argon2))
        };
        likeness.learn(hashes(30, 70));
        let before = bcrypt_share(&likeness);
        let share = before.iter().filter(|bcrypt| **bcrypt).count();
        assert!((280..=320).contains(&share), "{share}");
        assert_eq!(before, bcrypt_share(&likeness));

        likeness.learn(hashes(10, 90));
        let after = bcrypt_share(&likeness);
        assert!((80..=120).contains(&after.iter().filter(|bcrypt| **bcrypt).count()));
        assert!(after.iter().zip(&before).all(|(now, then)| *then || !now), "nobody goes back to bcrypt");
    }
}
