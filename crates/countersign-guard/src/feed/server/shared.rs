//! What the parts of a feed share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::followers::Followers;
use super::log::Log;
use super::starts::{Beginning, Starts};
use crate::feed::wire::{FeedMode, Hello, VERSION};

/// What a feed has to know.
#[derive(Clone, Debug)]
pub struct FeedOptions {
    /// The issuer whose sessions these are.
    pub issuer: String,
    /// How long an entry can be of use: the longest life of an access token, and the leeway of verifiers.
    pub retain: Duration,
    /// The most followers at once; further ones get 503.
    pub max_followers: usize,
    /// A random number that no other feed has.
    pub epoch: u64,
}

/// See the module.
pub(super) struct Shared {
    pub(super) options: FeedOptions,
    /// Unix milliseconds.
    pub(super) clock: Box<dyn Fn() -> i64 + Send + Sync>,
    pub(super) log: Mutex<Log>,
    pub(super) starts: Starts,
    pub(super) followers: Arc<Followers>,
    /// Something has been recorded.
    pub(super) bell: Notify,
    /// Followers have to look again; true once they have to leave.
    pub(super) news: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(options: FeedOptions, clock: Box<dyn Fn() -> i64 + Send + Sync>) -> Self {
        let log = Log::new(options.epoch, options.retain, RING_BYTES);
        let followers = Followers::new(options.max_followers);
        Self {
            options,
            clock,
            log: Mutex::new(log),
            starts: Starts::default(),
            followers,
            bell: Notify::new(),
            news: watch::Sender::new(false),
        }
    }

    pub(super) fn now(&self) -> i64 {
        (self.clock)()
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log, in which everything that was recorded is an event.
    pub(super) fn flushed_log(&self) -> MutexGuard<'_, Log> {
        let mut log = self.log();
        if log.flush() {
            self.news.send_modify(|_| {});
        }
        log
    }

    /// What followers begin with that need everything since `since`, in Unix milliseconds, or all.
    pub(super) async fn beginning(&self, since: Option<i64>) -> Arc<Beginning> {
        self.starts.get(&self.log, since, self.now()).await
    }

    /// `not_before` is the log's, read with the place that the follower begins at.
    pub(super) fn hello(&self, mode: FeedMode, not_before: Option<i64>) -> Hello {
        Hello {
            v: VERSION,
            iss: self.options.issuer.clone(),
            mode,
            heartbeat: HEARTBEAT.as_secs(),
            retain: self.options.retain.as_secs(),
            now: self.now(),
            not_before,
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).finish_non_exhaustive()
    }
}

/// How often followers hear that they have everything.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(2);
/// A follower that was away for a minute under a thousand logouts a second gets just what it missed.
const RING_BYTES: usize = 4 << 20;
