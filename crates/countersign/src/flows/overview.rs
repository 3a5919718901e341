//! What an administrator sees first: what has happened lately, and how things are now.

use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::Algorithm;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::model::activity::{ActivityQuery, Figure, Grain, History, Range};
use crate::model::finding::Findings;
use crate::model::key_ring::KeyState;
use crate::options::Signing;
use crate::store::{Store, StoreError};

/// What has happened, and how things are.
#[derive(Debug)]
pub(crate) struct Overview {
    pub(crate) at: Timestamp,
    pub(crate) history: History,
    /// When sessions were last counted, and how many were alive.
    pub(crate) sessions: Option<(Timestamp, u64)>,
    /// Passwords that wait for their computation on this node.
    pub(crate) hashing_queue: usize,
    /// Services that follow the feed of this node.
    pub(crate) followers: usize,
    /// For how long the slowest of them has not had everything.
    pub(crate) feed_lag: Option<Duration>,
    pub(crate) next_key_at: Option<Timestamp>,
    pub(crate) last_backup_at: Option<Timestamp>,
    /// What is not as it should be around this node, if anybody has looked.
    pub(crate) findings: Option<Arc<Findings>>,
}

impl<S: Store> Countersign<S> {
    /// Shows administrators what is not as it should be around this system, in the overview, until the next call. Without a
    /// call the overview says nothing about it.
    pub fn show_findings(&self, findings: Findings) {
        self.findings.store(Some(Arc::new(findings)));
    }

    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub(crate) async fn overview(&self, range: Range) -> Result<Overview, StoreError> {
        self.note_activity();
        let now = self.clock.now();
        let stored = self.store.activity(range.query(now)).await?;
        let history = History::new(range, now, stored, &self.noted());
        let followers = self.feed.followers();
        Ok(Overview {
            at: now,
            history,
            sessions: self.sessions_alive(now).await?,
            hashing_queue: self.hasher.stats().waiting,
            followers: followers.len(),
            feed_lag: followers.iter().map(|follower| follower.lag).max(),
            next_key_at: self.next_key_at(now),
            last_backup_at: self.store.last_backup().await?,
            findings: self.findings.load_full(),
        })
    }

    async fn sessions_alive(&self, now: Timestamp) -> Result<Option<(Timestamp, u64)>, StoreError> {
        let step = Grain::Minute.length();
        let query = ActivityQuery { grain: Grain::Minute, since: now.minus(COUNTED_WITHIN), step };
        let stored = self.store.activity(query).await?.into_iter().map(|row| (row.figure, row.at, row.value));
        let waiting = self.noted().rows(Grain::Minute).into_iter().map(|row| (row.figure, row.at, row.value));
        let counted = stored.chain(waiting).filter(|(figure, ..)| *figure == Figure::Sessions);
        Ok(counted.map(|(_, at, value)| (at, value)).max())
    }

    /// When the next key of a line takes over, of the line where that is soonest: as planned, if it is there; otherwise when
    /// the present one is as old as it may get. `None` where nothing is rotated.
    pub(crate) fn next_key_at(&self, now: Timestamp) -> Option<Timestamp> {
        let rotation = Some(self.options.keys.rotate_every).filter(|every| *every != Duration::MAX);
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return None;
        }
        let keys = self.list_keys(now);
        let of_line = |algorithm: Algorithm, state: KeyState| {
            keys.iter().filter(move |key| key.algorithm == algorithm.name() && key.state == state)
        };
        let takes_over = self.options.algorithms().into_iter().filter_map(|algorithm| {
            let planned = of_line(algorithm, KeyState::Next).map(|key| key.active_from).min();
            let active = of_line(algorithm, KeyState::Active).map(|key| key.active_from).max();
            planned.or_else(|| Some(active?.plus(rotation?)))
        });
        takes_over.min()
    }
}

/// So long it may take to count a hundred million sessions, and more.
const COUNTED_WITHIN: Duration = Duration::from_hours(3);
