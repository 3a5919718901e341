//! The feed of ended sessions and its keys, as requests read them.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_guard::feed::{Feed, FeedAccess, FeedCaller, FeedOptions};

use crate::base::clock::Clock;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::model::feed_key::{FeedKey, FeedSecret, FeedSecrets};
use crate::model::session::feed_retention;
use crate::options::Options;

/// The feed keys as requests read them.
#[derive(Debug)]
pub(crate) struct FeedKeys {
    secrets: FeedSecrets,
    live: ArcSwap<Vec<LiveKey>>,
}

#[derive(Clone, Debug)]
struct LiveKey {
    key: FeedKey,
    name: Arc<str>,
    access: FeedAccess,
}

impl FeedKeys {
    pub(crate) fn new(master_keys: &MasterKeys) -> Self {
        Self { secrets: FeedSecrets::new(master_keys), live: ArcSwap::default() }
    }

    /// Takes over which keys there are. Gives whether one of those that there were is gone: its followers are
    /// cut off.
    pub(super) fn replace(&self, stored: Vec<FeedKey>) -> bool {
        let old = self.live.load();
        if old.iter().map(|live| &live.key).eq(&stored) {
            return false;
        }
        let (kept, gone): (Vec<&LiveKey>, Vec<_>) = old.iter().partition(|live| stored.contains(&live.key));
        for live in &gone {
            live.access.withdraw();
        }
        let live = |key: FeedKey| match kept.iter().find(|live| live.key == key) {
            Some(live) => LiveKey::clone(live),
            None => LiveKey { name: key.name.as_str().into(), key, access: FeedAccess::default() },
        };
        self.live.store(Arc::new(stored.into_iter().map(live).collect()));
        !gone.is_empty()
    }

    /// Who shows this, if it is a live key. It is compared with every one of them, whichever fits.
    pub(super) fn caller(&self, presented: &str, address: Option<IpAddr>) -> Option<FeedCaller> {
        let live = self.live.load();
        let fits = live.iter().map(|live| self.secrets.fits(presented, &live.key).then_some(live));
        let LiveKey { name, access, .. } = fits.fold(None, Option::or)?;
        Some(FeedCaller { name: Some(Arc::clone(name)), address, access: access.clone() })
    }

    /// The secret of a key, which can be made at any time and is shown once.
    pub(super) fn secret(&self, key: &FeedKey) -> FeedSecret {
        self.secrets.issue(key)
    }
}

/// A feed in which nothing has ended.
pub(crate) fn new_feed(options: &Options, clock: &Clock, random: &Random) -> Feed {
    let clock = clock.clone();
    let feed = FeedOptions {
        issuer: options.issuer.clone(),
        retain: feed_retention(options.sessions.access_token_ttl),
        max_followers: options.feed.max_followers,
        epoch: new_epoch(random),
    };
    Feed::new(feed, move || clock.now().as_unix_millis())
}

/// A number that no other feed has.
pub(crate) fn new_epoch(random: &Random) -> u64 {
    u64::from_be_bytes(random.bytes())
}
