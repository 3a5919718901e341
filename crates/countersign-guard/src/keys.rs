//! The keys of one issuer as requests read them.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard as Loaded};
use countersign_jwt::JwkSet;

/// The keys of an issuer, replaced as a whole. Reading takes no lock.
#[derive(Debug)]
pub(crate) struct KeySlot(ArcSwap<Keys>);

#[derive(Debug)]
pub(crate) struct Keys {
    /// `None` while there are none to check with.
    pub(crate) set: Option<JwkSet>,
    pub(crate) version: u64,
}

impl KeySlot {
    pub(crate) fn new(set: Option<JwkSet>) -> Self {
        Self(ArcSwap::from_pointee(Keys { set, version: 0 }))
    }

    pub(crate) fn load(&self) -> Loaded<Arc<Keys>> {
        self.0.load()
    }

    /// Tokens that were verified with the old ones are looked at again.
    pub(crate) fn replace(&self, set: Option<&JwkSet>) {
        self.0.rcu(|old| Keys { set: set.cloned(), version: old.version + 1 });
    }
}
