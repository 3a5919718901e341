//! The keys of one issuer as requests read them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard as Loaded};
use countersign_jwt::JwkSet;

/// The keys of an issuer, replaced as a whole. Reading takes no lock.
#[derive(Debug)]
pub(crate) struct KeySlot {
    keys: ArcSwap<Keys>,
    /// The key IDs that the issuer has withdrawn. No set brings them back: a cache on the way may be older than the withdrawal.
    /// Held by who writes `keys`.
    withdrawn: Mutex<HashSet<String>>,
}

#[derive(Debug)]
pub(crate) struct Keys {
    /// `None` while there are none to check with.
    pub(crate) set: Option<JwkSet>,
    pub(crate) version: u64,
}

impl KeySlot {
    pub(crate) fn new(set: Option<JwkSet>) -> Self {
        Self { keys: ArcSwap::from_pointee(Keys { set, version: 0 }), withdrawn: Mutex::default() }
    }

    pub(crate) fn load(&self) -> Loaded<Arc<Keys>> {
        self.keys.load()
    }

    /// Tokens that were verified with the old ones are looked at again. The same keys keep the tokens that they have
    /// verified.
    pub(crate) fn replace(&self, set: Option<&JwkSet>) {
        let withdrawn = self.withdrawn.lock().unwrap_or_else(PoisonError::into_inner);
        self.store(set, &withdrawn);
    }

    /// Refuses what the keys with these IDs have signed, from now on. Gives whether one of them is news.
    #[cfg(feature = "remote")]
    pub(crate) fn withdraw(&self, key_ids: Vec<String>) -> bool {
        let mut withdrawn = self.withdrawn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = withdrawn.len();
        withdrawn.extend(key_ids);
        let is_news = before < withdrawn.len();
        if is_news {
            self.store(self.load().set.as_ref(), &withdrawn);
        }
        is_news
    }

    fn store(&self, set: Option<&JwkSet>, withdrawn: &HashSet<String>) {
        let old = self.load();
        let set = set.map(|set| without(set, withdrawn));
        let is_same = old.set.as_ref().zip(set.as_ref()).is_some_and(|(old, new)| is_same(old, new));
        if !is_same {
            self.keys.store(Arc::new(Keys { set, version: old.version + 1 }));
        }
    }
}

fn without(set: &JwkSet, withdrawn: &HashSet<String>) -> JwkSet {
    let left = set.keys().iter().filter(|key| !withdrawn.contains(key.key_id()));
    // Of keys that fit into one set, any fit.
    JwkSet::new(left.cloned().collect()).unwrap_or_default()
}

/// Secrets are in no JSON, so a set of them is never the same.
fn is_same(one: &JwkSet, other: &JwkSet) -> bool {
    let is_public = |set: &JwkSet| set.keys().iter().all(|key| !key.algorithm().is_symmetric());
    is_public(one) && is_public(other) && one.to_json() == other.to_json()
}

#[cfg(all(test, feature = "remote"))]
mod tests {
    use countersign_jwt::{Algorithm, SigningKey};

    use super::*;

    /// KM-3: no set brings a withdrawn key back, and who has the same keys as before keeps what they have verified.
    #[test]
    fn a_withdrawn_key_stays_out_whatever_comes_later() {
        let key = || SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
        let (stolen, other) = (key(), key());
        let stale = JwkSet::new(vec![stolen.clone(), other.clone()]).unwrap();
        let slot = KeySlot::new(Some(stale.clone()));
        let now = |slot: &KeySlot| {
            let keys = slot.load();
            let ids = |set: &JwkSet| set.keys().iter().map(|key| key.key_id().to_owned()).collect::<Vec<_>>();
            (keys.set.as_ref().map(ids), keys.version)
        };
        let left = || Some(vec![other.key_id().to_owned()]);
        assert!(slot.withdraw(vec![stolen.key_id().to_owned()]));
        assert_eq!(now(&slot), (left(), 1));
        assert!(!slot.withdraw(vec![stolen.key_id().to_owned()]), "once");
        slot.replace(Some(&stale));
        assert_eq!(now(&slot), (left(), 1));
        slot.replace(None);
        slot.replace(Some(&stale));
        assert_eq!(now(&slot), (left(), 3));
        assert!(slot.withdraw(vec![other.key_id().to_owned()]));
        assert_eq!(now(&slot), (Some(vec![]), 4), "keys that refuse, and not none that could not be asked");
    }
}
