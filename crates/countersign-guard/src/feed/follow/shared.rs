//! [`Shared`]: what the follower's thread learns, as requests read it. A request takes no lock, and with
//! [`WhenLate::Accept`] does not even look at the time.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use super::ask::Asker;
use super::error::FollowError;
use super::machine::milliseconds;
use super::options::WhenLate;
use super::status::FeedStatus;
use crate::alarm::{Alarm, Alarms};
use crate::claims::AccessClaims;
use crate::clock::Timer;
use crate::refusal::Refusal;
use crate::revocation::Revocations;

/// Is told that a feed has become fresh, or late.
pub(crate) type OnChange = Arc<dyn Fn(&FeedStatus) + Send + Sync>;

pub(crate) struct Shared {
    issuer: Arc<str>,
    timer: Timer,
    on_change: Option<OnChange>,
    pub(crate) revocations: Revocations,
    /// Everything that ended up to then is known, in milliseconds of the timer; [`NEVER`].
    complete_until: AtomicI64,
    state: Mutex<State>,
    /// Whether `on_change` was last told that it is fresh.
    told: Mutex<Option<bool>>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    failure: Option<Arc<FollowError>>,
    waiting: Vec<Waker>,
    late_alarm: Option<Alarm>,
    is_over: bool,
}

const NEVER: i64 = i64::MIN;
/// In milliseconds: two heartbeats and a half.
pub(super) const FRESH: i64 = 5_000;

impl Shared {
    pub(crate) fn new(issuer: &str, timer: Timer, on_change: Option<OnChange>) -> Self {
        Self {
            issuer: issuer.into(),
            timer,
            on_change,
            revocations: Revocations::default(),
            complete_until: AtomicI64::new(NEVER),
            state: Mutex::default(),
            told: Mutex::default(),
            bell: Condvar::new(),
        }
    }

    pub(super) fn issuer(&self) -> Arc<str> {
        Arc::clone(&self.issuer)
    }

    pub(super) fn now(&self) -> Duration {
        (self.timer)()
    }

    /// The guard is gone.
    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Waits that long, or until the guard is gone.
    pub(super) fn rest(&self, pause: Duration) {
        drop(self.bell.wait_timeout_while(self.lock(), pause, |state| !state.is_over));
    }

    /// Everything that ended up to then is known, in milliseconds of the timer.
    pub(super) fn synced(&self, complete_until: Option<i64>) {
        self.complete_until.store(complete_until.unwrap_or(NEVER), Ordering::Release);
        let mut state = self.lock();
        state.failure = None;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        self.tell();
    }

    /// The server wants it to begin again: what is known stays, but it is not known to be everything.
    pub(super) fn forget(&self) {
        self.complete_until.store(NEVER, Ordering::Release);
        self.tell();
    }

    pub(super) fn failed(&self, failure: FollowError) {
        self.lock().failure = Some(Arc::new(failure));
    }

    /// How late it is, in milliseconds; `None` if it has never been complete.
    pub(super) fn lag(&self) -> Option<i64> {
        let complete_until = self.complete_until.load(Ordering::Acquire);
        (complete_until != NEVER).then(|| milliseconds(self.now()).saturating_sub(complete_until).max(0))
    }

    fn is_fresh(&self) -> bool {
        self.lag().is_some_and(|lag| lag <= FRESH)
    }

    fn status(&self) -> FeedStatus {
        FeedStatus {
            issuer: self.issuer(),
            is_fresh: self.is_fresh(),
            lag: self.lag().map(|lag| Duration::from_millis(lag.unsigned_abs())),
            entries: self.revocations.len(),
            failure: self.lock().failure.clone(),
            ask_failure: None,
        }
    }

    /// Says so if it has become fresh, or late.
    fn tell(&self) {
        let Some(on_change) = &self.on_change else { return };
        // Held while it is said: two threads do not say it in the wrong order.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let status = self.status();
        if told.replace(status.is_fresh) != Some(status.is_fresh) {
            on_change(&status);
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

/// The guard's end of it. The following ends when the last clone of the guard is dropped.
#[derive(Debug)]
pub(crate) struct FeedSubscription {
    pub(super) shared: Arc<Shared>,
    pub(super) when_late: WhenLate,
    /// With [`WhenLate::Ask`].
    pub(super) asker: Option<Asker>,
}

impl FeedSubscription {
    pub(crate) const fn new(shared: Arc<Shared>, when_late: WhenLate, asker: Option<Asker>) -> Self {
        Self { shared, when_late, asker }
    }

    pub(crate) fn revocations(&self) -> &Revocations {
        &self.shared.revocations
    }

    /// What asks about sessions while the feed is late, if that is what is done then.
    pub(crate) const fn asker(&self) -> Option<&Asker> {
        self.asker.as_ref()
    }

    /// Whether a token passes whose session is not known to have ended. `now` is in Unix seconds.
    pub(crate) fn check_age(&self, session_id: &str, claims: &AccessClaims, now: i64) -> Result<(), Refusal> {
        match self.when_late {
            WhenLate::Accept => Ok(()),
            _ if self.shared.is_fresh() => Ok(()),
            WhenLate::Reject => Err(Refusal::FeedLate),
            WhenLate::Ask => match &self.asker {
                Some(asker) if asker.is_active(session_id) => Ok(()),
                _ => Err(Refusal::FeedLate),
            },
            WhenLate::ShortLeash(leash) => {
                let leash = i64::try_from(leash.as_secs()).unwrap_or(i64::MAX);
                let is_young =
                    claims.issued_at().is_some_and(|issued_at| issued_at >= now.saturating_sub(leash));
                if is_young { Ok(()) } else { Err(Refusal::TooOld) }
            }
        }
    }

    pub(crate) fn status(&self) -> FeedStatus {
        let ask_failure = self.asker.as_ref().and_then(Asker::failure);
        FeedStatus { ask_failure, ..self.shared.status() }
    }

    /// Whether everything has been heard once; wakes `waker` when it has.
    pub(crate) fn is_synced(&self, waker: &Waker) -> bool {
        let mut state = self.shared.lock();
        let is_synced = self.shared.lag().is_some();
        if !is_synced {
            state.waiting.push(waker.clone());
        }
        is_synced
    }

    /// From now on the issuer can be asked, where that is wanted.
    pub(crate) fn start_asking(&self) -> io::Result<()> {
        self.asker.as_ref().map_or(Ok(()), Asker::spawn)
    }

    /// From now on it is said when the feed becomes late.
    pub(crate) fn notice_lateness(&self, alarms: Weak<Alarms>) {
        Lateness { shared: Arc::downgrade(&self.shared), alarms }.wait(FRESH);
    }
}

impl Drop for FeedSubscription {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.bell.notify_one();
    }
}

/// Wakes when a feed may have become late. Holds neither feed nor guard.
struct Lateness {
    shared: Weak<Shared>,
    alarms: Weak<Alarms>,
}

impl Lateness {
    fn wait(self, milliseconds: i64) {
        let (Some(shared), Some(alarms)) = (self.shared.upgrade(), self.alarms.upgrade()) else { return };
        let at = alarms.now() + Duration::from_millis(milliseconds.unsigned_abs() + 1);
        // Without a thread for it, lateness is still acted on, though nobody is told.
        let alarm = alarms.set(at, Waker::from(Arc::new(self))).ok();
        let earlier = std::mem::replace(&mut shared.lock().late_alarm, alarm);
        drop(earlier); // not under the lock
    }
}

impl Wake for Lateness {
    fn wake(self: Arc<Self>) {
        let Some(shared) = self.shared.upgrade() else { return };
        shared.tell();
        let left = shared.lag().map(|lag| FRESH - lag).filter(|left| *left > 0);
        Self { shared: Weak::clone(&self.shared), alarms: Weak::clone(&self.alarms) }
            .wait(left.unwrap_or(FRESH));
    }
}
