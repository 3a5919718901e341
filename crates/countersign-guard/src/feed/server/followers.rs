//! Who follows: so many at most, and each to be seen by administrators.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The right to follow. Clones share it; when it is withdrawn, everybody who follows by it is cut off.
#[derive(Clone, Debug, Default)]
pub struct FeedAccess(Arc<AtomicBool>);

impl FeedAccess {
    /// Takes the right away. [`Feed::wake`](super::Feed::wake) makes followers notice at once.
    pub fn withdraw(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Somebody who asks for the feed.
#[derive(Clone, Debug, Default)]
pub struct FeedCaller {
    /// The name of the key that was shown; none where the feed is public.
    pub name: Option<Arc<str>>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The right to follow.
    pub access: FeedAccess,
}

/// A follower, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FollowerStatus {
    /// The name of its key; none where the feed is public.
    pub name: Option<Arc<str>>,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Since when it is connected, in Unix milliseconds.
    pub since: i64,
    /// Whether it has a stream; otherwise it asks again and again.
    pub is_stream: bool,
    /// How many events it has not been given yet.
    pub behind: u64,
    /// For how long it has not had everything.
    pub lag: Duration,
}

/// The followers of this moment.
#[derive(Debug)]
pub(super) struct Followers {
    most: usize,
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    taken: HashMap<u64, Arc<Place>>,
}

/// What is known of one follower.
#[derive(Debug)]
struct Place {
    caller: FeedCaller,
    since: i64,
    is_stream: bool,
    position: AtomicU64,
    /// When it last had everything, in Unix milliseconds.
    complete_at: AtomicI64,
}

/// The place of one follower, given back when dropped.
#[derive(Debug)]
pub(super) struct Admission {
    followers: Arc<Followers>,
    number: u64,
    place: Arc<Place>,
}

impl Followers {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, places: Mutex::default() })
    }

    /// A place for this caller, unless all are taken.
    pub(super) fn admit(
        self: &Arc<Self>,
        caller: FeedCaller,
        is_stream: bool,
        now: i64,
    ) -> Option<Admission> {
        let mut places = self.lock();
        if places.taken.len() >= self.most {
            return None;
        }
        let position = AtomicU64::new(0);
        let place =
            Arc::new(Place { caller, since: now, is_stream, position, complete_at: AtomicI64::new(now) });
        let number = places.next;
        places.next += 1;
        places.taken.insert(number, Arc::clone(&place));
        Some(Admission { followers: Arc::clone(self), number, place })
    }

    pub(super) fn len(&self) -> usize {
        self.lock().taken.len()
    }

    /// All of them, the longest connected first. `last` is the number of the last event.
    pub(super) fn list(&self, last: u64, now: i64) -> Vec<FollowerStatus> {
        let places = self.lock();
        let mut taken: Vec<_> = places.taken.iter().collect();
        taken.sort_unstable_by_key(|(number, _)| **number);
        taken.into_iter().map(|(_, place)| place.status(last, now)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn status(&self, last: u64, now: i64) -> FollowerStatus {
        let behind = last.saturating_sub(self.position.load(Ordering::Relaxed));
        let late = now.saturating_sub(self.complete_at.load(Ordering::Relaxed));
        let lag = if behind == 0 { 0 } else { u64::try_from(late).unwrap_or(0) };
        FollowerStatus {
            name: self.caller.name.clone(),
            address: self.caller.address,
            since: self.since,
            is_stream: self.is_stream,
            behind,
            lag: Duration::from_millis(lag),
        }
    }
}

impl Admission {
    /// The follower has been given everything up to this event.
    pub(super) fn has(&self, position: u64) {
        self.place.position.store(position, Ordering::Relaxed);
    }

    /// The follower has everything.
    pub(super) fn is_complete(&self, now: i64) {
        self.place.complete_at.store(now, Ordering::Relaxed);
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.place.caller.access.is_withdrawn()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.followers.lock().taken.remove(&self.number);
    }
}
