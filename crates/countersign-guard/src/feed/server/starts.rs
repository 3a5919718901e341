//! What followers begin with, encoded once for all that begin alike: after a restart there can be thousands in
//! the same second.

use std::sync::{Arc, Mutex, PoisonError};

use super::event::{Entry, Event, revoked};
use super::log::Log;

/// Everything that was known at one position, or what became known since a time.
#[derive(Debug)]
pub(super) struct Beginning {
    since: Option<i64>,
    pub(super) epoch: u64,
    made_at: i64,
    /// The last event that is contained in it.
    pub(super) position: u64,
    pub(super) events: Vec<Event>,
}

/// The beginnings of the last seconds.
#[derive(Debug, Default)]
pub(super) struct Starts {
    made: Mutex<Vec<Arc<Beginning>>>,
    /// One is made at a time.
    making: tokio::sync::Mutex<()>,
}

impl Starts {
    /// The beginning for followers that need everything since `since`, in Unix milliseconds, or all.
    pub(super) async fn get(&self, log: &Mutex<Log>, since: Option<i64>, now: i64) -> Arc<Beginning> {
        let _one = self.making.lock().await;
        self.forget_old(now);
        let (entries, position, epoch) = {
            let log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = |made: &&Arc<Beginning>| {
                made.since == since && made.epoch == log.epoch() && log.has(made.position)
            };
            if let Some(made) = made.iter().find(fits) {
                return Arc::clone(made);
            }
            (log.entries(since, now / 1000), log.last(), log.epoch())
        };
        let events = encode(entries).await;
        let made = Arc::new(Beginning { since, epoch, made_at: now, position, events });
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&made));
        made
    }

    /// Frees the memory of those that are old, or too many.
    pub(super) fn forget_old(&self, now: i64) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|made| (0..KEEP).contains(&(now - made.made_at)));
        let excess = made.len().saturating_sub(MOST - 1);
        made.drain(..excess);
    }
}

/// These events have no cursor: a follower that has read only some of them must begin again.
async fn encode(entries: Vec<Entry>) -> Vec<Event> {
    let encode = |entries| {
        let revoked = revoked(entries);
        revoked.iter().map(|revoked| Event::new("revoked", None::<u64>, revoked)).collect()
    };
    if entries.len() < FEW {
        return encode(entries);
    }
    // A million take a moment, in which this thread can serve others.
    tokio::task::spawn_blocking(move || encode(entries)).await.unwrap_or_default()
}

/// In milliseconds.
const KEEP: i64 = 10_000;
const MOST: usize = 4;
const FEW: usize = 5_000;
