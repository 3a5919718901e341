//! [`Shared`]: the state between the requests, the refresher and the wait for the start. The lock is never
//! held across a fetch, and a request takes it only after its token was refused.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use countersign_jwt::SkippedKey;

use super::error::KeysError;
use super::schedule::{Schedule, Step};
use super::source::Fetched;
use super::status::KeyStatus;
use crate::clock::Timer;
use crate::keys::KeySlot;

pub(crate) struct Shared {
    issuer: Arc<str>,
    keys: Arc<KeySlot>,
    timer: Timer,
    state: Mutex<State>,
    bell: Condvar,
}

struct State {
    schedule: Schedule,
    failure: Option<Arc<KeysError>>,
    skipped: Vec<SkippedKey>,
    /// The `ETag` of the set.
    etag: Option<String>,
    /// The `ETag` that the issuer's feed last said.
    announced: Option<String>,
    waiting: Vec<Waker>,
    /// The schedule has changed since the refresher looked at it.
    has_rung: bool,
    is_over: bool,
}

impl Shared {
    pub(super) fn new(issuer: &str, keys: Arc<KeySlot>, timer: Timer, stale_for: Duration) -> Self {
        let state = State {
            schedule: Schedule::new(timer(), stale_for),
            failure: None,
            skipped: Vec::new(),
            etag: None,
            announced: None,
            waiting: Vec::new(),
            has_rung: false,
            is_over: false,
        };
        Self { issuer: issuer.into(), keys, timer, state: Mutex::new(state), bell: Condvar::new() }
    }

    /// What to do now, and how long to wait if it is nothing; `None` once the guard is gone.
    pub(super) fn step(&self) -> Option<(Step, Duration)> {
        let now = (self.timer)();
        let mut state = self.lock();
        state.has_rung = false;
        if state.is_over {
            return None;
        }
        let step = state.schedule.step(now);
        let pause = if let Step::WaitUntil(then) = step { then.saturating_sub(now) } else { Duration::ZERO };
        Some((step, pause))
    }

    /// Waits that long, or until something changes.
    pub(super) fn rest(&self, pause: Duration) {
        let state = self.lock();
        drop(self.bell.wait_timeout_while(state, pause, |state| !state.has_rung));
    }

    pub(super) fn forget_keys(&self) {
        self.keys.replace(None);
    }

    pub(super) fn finish(&self, outcome: Result<Fetched, KeysError>, chance: f64) {
        let now = (self.timer)();
        let mut state = self.lock();
        match outcome {
            Ok(Fetched { keys, etag, fresh_for }) => {
                state.schedule.succeeded(now, fresh_for, chance);
                state.failure = None;
                state.etag = etag;
                if let Some((set, skipped)) = keys {
                    state.skipped = skipped;
                    self.keys.replace(Some(&set));
                }
            }
            Err(failure) => {
                state.schedule.failed(now, chance);
                state.failure = Some(Arc::new(failure));
            }
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The issuer says that its JWK Set has this `ETag`: fetches the set soon if it is another one, once for each
    /// `ETag`. `chance` is uniform in 0..1.
    pub(crate) fn announce(&self, etag: &str, chance: f64) {
        let opaque = |etag: &str| etag.trim_start_matches("W/").to_owned(); // a proxy that compresses weakens it
        let etag = opaque(etag);
        let mut state = self.lock();
        let is_known = state.etag.as_deref().map(opaque).as_ref() == Some(&etag);
        if state.announced.replace(etag.clone()) == Some(etag) || is_known {
            return;
        }
        state.schedule.announce((self.timer)(), chance);
        state.has_rung = true;
        self.bell.notify_one();
    }

    /// The issuer has withdrawn these keys: refuses what they have signed, and fetches those that sign now. `chance` is
    /// uniform in 0..1.
    pub(crate) fn withdraw(&self, key_ids: Vec<String>, chance: f64) {
        if self.keys.withdraw(key_ids) {
            let mut state = self.lock();
            state.schedule.withdrawn((self.timer)(), chance);
            state.has_rung = true;
            self.bell.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// The guard's end of it. The fetching ends when the last clone of the guard is dropped.
#[derive(Debug)]
pub(crate) struct Subscription(pub(super) Arc<Shared>);

impl Subscription {
    /// A token names a key that is not known.
    pub(crate) fn ask_for_key(&self, key_id: &str) {
        let now = (self.0.timer)();
        let mut state = self.0.lock();
        if state.schedule.ask_for_key(key_id, now) {
            state.has_rung = true;
            self.0.bell.notify_one();
        }
    }

    pub(super) fn status(&self) -> KeyStatus {
        let now = (self.0.timer)();
        let state = self.0.lock();
        let keys = self.0.keys.load();
        KeyStatus {
            issuer: Arc::clone(&self.0.issuer),
            keys: keys.set.as_ref().map_or(0, |set| set.keys().len()),
            age: state.schedule.age(now),
            failure: state.failure.clone(),
            skipped: state.skipped.clone(),
        }
    }

    /// Whether there are keys; if not, why they will not be waited for: a try has failed and the next is only
    /// after `until`. Wakes `waker` when that may have changed.
    pub(super) fn first_keys(&self, until: Duration, waker: &Waker) -> FirstKeys {
        let mut state = self.0.lock();
        if state.schedule.has_keys() {
            return FirstKeys::Here;
        }
        match &state.failure {
            Some(failure) if state.schedule.next_fetch() > until => {
                FirstKeys::Failed { issuer: Arc::clone(&self.0.issuer), failure: Arc::clone(failure) }
            }
            _ => {
                state.waiting.push(waker.clone());
                FirstKeys::Pending
            }
        }
    }
}

pub(super) enum FirstKeys {
    Here,
    Pending,
    Failed { issuer: Arc<str>, failure: Arc<KeysError> },
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_over = true;
        state.has_rung = true;
        self.0.bell.notify_one();
    }
}
