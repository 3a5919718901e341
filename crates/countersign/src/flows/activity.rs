//! What has happened, kept for the overview: noted from the counters every second, stored every minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::figures::{Counts, Label};
use crate::model::activity::{Activity, Figure};
use crate::model::retention::Swept;
use crate::store::{Store, StoreError};

/// What this process has noted and not stored.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<Pending>);

#[derive(Debug, Default)]
struct Pending {
    /// The counters, as they were last read.
    counted: BTreeMap<(Figure, &'static str), u64>,
    waiting: Activity,
    /// Sessions alive among those that the present sweep has looked at.
    alive: u64,
}

impl<S: Store> Countersign<S> {
    /// Stores what has happened since the last time, for the overview of administrators. [`run_upkeep`](Self::run_upkeep) does so
    /// every minute; call it once more before the program ends, or that minute is missing.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; the next call stores it too.
    pub async fn store_activity(&self) -> Result<(), StoreError> {
        self.note_activity();
        let noted = std::mem::take(&mut self.noted.pending().waiting);
        if noted.is_empty() {
            return Ok(());
        }
        let stored = self.store.add_activity(noted.clone()).await;
        if stored.is_err() {
            let mut pending = self.noted.pending();
            pending.waiting.add(noted);
            pending.waiting.forget_old(self.clock.now());
        }
        stored
    }

    /// Notes what has happened since the last time, and what is so now.
    pub(crate) fn note_activity(&self) {
        let (now, figures) = (self.clock.now(), &self.figures);
        let lag = self.feed.followers().iter().map(|follower| follower.lag).max();
        let mut pending = self.noted.pending();
        pending.count(now, Figure::Logins, &figures.logins);
        pending.count(now, Figure::Refreshes, &figures.refreshes);
        let waiting = u64::try_from(self.hasher.stats().waiting).unwrap_or(u64::MAX);
        pending.waiting.note(now, Figure::HashingQueue, "", waiting);
        if let Some(lag) = lag {
            let lag = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
            pending.waiting.note(now, Figure::FeedLag, "", lag);
        }
    }

    /// Notes how many sessions are alive, when a sweep has looked at all of them: so nothing has to count them besides.
    pub(crate) fn note_swept(&self, now: Timestamp, swept: Swept) {
        let mut pending = self.noted.pending();
        pending.alive += swept.alive;
        if !swept.more {
            let alive = std::mem::take(&mut pending.alive);
            pending.waiting.note(now, Figure::Sessions, "", alive);
        }
    }

    /// What is not stored yet.
    pub(crate) fn noted(&self) -> Activity {
        self.noted.pending().waiting.clone()
    }
}

impl Noted {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn count<L: Label>(&mut self, now: Timestamp, figure: Figure, counts: &Counts<L>) {
        for (label, total) in counts.all() {
            let before = self.counted.insert((figure, label.label()), total).unwrap_or_default();
            self.waiting.note(now, figure, label.label(), total.saturating_sub(before));
        }
    }
}
