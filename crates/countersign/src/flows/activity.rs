//! What has happened, kept for the overview: noted from the counters every second, stored every minute.

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::model::activity::{Activity, Figure};
use crate::model::retention::Swept;
use crate::store::{Store, StoreError};

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
