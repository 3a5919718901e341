//! A clock that follows another one, which has to be asked over a network: that of a database which several nodes
//! share, so that they agree on what has expired. It goes on by the monotonic clock of this machine, so that a
//! time of day that is set here changes nothing, and it never goes back: if it is ahead, it stands until the other
//! one has come up to it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::timestamp::Timestamp;

/// A question for the time, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it was asked: the monotonic time here.
    pub asked: Duration,
    /// When the answer came.
    pub answered: Duration,
    /// The time there, at some moment in between.
    pub remote: Timestamp,
}

impl Sample {
    /// The most exact of these: the shortest round trip leaves the least doubt when in between it was.
    #[must_use]
    pub fn fastest(samples: &[Self]) -> Option<Self> {
        samples.iter().min_by_key(|sample| sample.round_trip()).copied()
    }

    /// How far what follows from it can be wrong: half of this, either way.
    pub(super) fn round_trip(&self) -> Duration {
        self.answered.saturating_sub(self.asked)
    }

    /// When the answer is most likely to be from.
    pub(crate) fn middle(&self) -> Duration {
        self.asked + self.round_trip() / 2
    }

    /// The time there when the monotonic clock here was zero.
    fn origin(&self) -> Timestamp {
        self.remote.minus(self.middle())
    }
}

#[derive(Debug)]
pub(super) struct Following {
    origin: AtomicI64,
    latest: AtomicI64,
}

impl Following {
    pub(super) fn new(sample: Sample) -> Self {
        let origin = AtomicI64::new(sample.origin().as_unix_millis());
        Self { origin, latest: AtomicI64::new(i64::MIN) }
    }

    pub(super) fn follow(&self, sample: Sample) {
        self.origin.store(sample.origin().as_unix_millis(), Ordering::SeqCst);
    }

    pub(super) fn now(&self, monotonic: Duration) -> Timestamp {
        let origin = Timestamp::from_unix_millis(self.origin.load(Ordering::SeqCst));
        let now = origin.plus(monotonic).as_unix_millis();
        Timestamp::from_unix_millis(self.latest.fetch_max(now, Ordering::SeqCst).max(now))
    }
}
