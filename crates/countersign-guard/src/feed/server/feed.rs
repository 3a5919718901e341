//! [`Feed`]: what is recorded becomes events, and every request is answered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use http::Response;
use tokio::time::{Instant, sleep, timeout_at};

use super::event::Sid;
use super::followers::{FeedCaller, FollowerStatus};
use super::request::{FeedError, FeedRequest};
use super::shared::{FeedOptions, HEARTBEAT, Shared};
use super::{document, stream};

/// The feed of the sessions that this process knows to have ended. Clones share it.
///
/// [`run`](Self::run) has to run beside the routes: it makes the events and the heartbeat.
#[derive(Clone)]
pub struct Feed(pub(super) Arc<Shared>);

/// A session that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its ID (`sid`).
    pub session_id: String,
    /// When a verifier may have accepted its last access token, in Unix seconds.
    pub until: i64,
    /// When it became known that it ended, in Unix milliseconds. Without it, every follower that comes back gets
    /// this entry.
    pub known_at: Option<i64>,
}

impl Feed {
    /// An empty feed. `clock` gives Unix milliseconds.
    #[must_use]
    pub fn new(options: FeedOptions, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared::new(options, Box::new(clock))))
    }

    /// Adds ended sessions. What is known already is no news.
    pub fn record(&self, ended: impl IntoIterator<Item = Ended>) {
        let now = self.0.now() / 1000;
        let mut log = self.0.log();
        for Ended { session_id, until, known_at } in ended {
            if now < until {
                log.record(Sid::from(session_id.as_str()), until, known_at);
            }
        }
        if log.has_pending() {
            self.0.bell.notify_one();
        }
    }

    /// Says that everything that ended up to `as_of`, in Unix milliseconds, has been recorded, and which
    /// `ETag` the JWK Set has now. Without such calls followers see how old their knowledge is.
    pub fn synced(&self, as_of: i64, keys: Option<String>) {
        let keys_changed = self.0.log().synced(as_of, keys);
        if keys_changed {
            self.beat();
        }
    }

    /// Makes followers refuse what the keys with these IDs have signed, from the next [`synced`](Self::synced) on, which
    /// tells them at once. What was said before stays so. Of more than [`MAX_WITHDRAWN`](crate::feed::wire::MAX_WITHDRAWN)
    /// the last are said.
    pub fn withdraw(&self, key_ids: &[String]) {
        self.0.log().withdraw(key_ids);
    }

    /// Tells every follower to forget what it has and to come back, and begins another epoch. For a store that
    /// was restored from a backup.
    pub fn reset(&self, epoch: u64) {
        self.0.log().begin_anew(epoch);
        self.wake();
    }

    /// Says that tokens issued before `issued_at`, in Unix seconds, are refused, for good: every follower hears it first when
    /// it comes, and those that are there are told to come back. A later call can move the instant on, never back.
    pub fn revoke_issued_before(&self, issued_at: i64) {
        if self.0.log().revoke_issued_before(issued_at) {
            self.wake();
        }
    }

    /// Ends every stream, for a server that stops: followers come back at once, perhaps to another node.
    pub fn close(&self) {
        self.0.news.send_replace(true);
    }

    /// Makes every follower look again whether it may stay.
    pub fn wake(&self) {
        self.0.news.send_modify(|_| {});
    }

    /// The followers of this moment, the longest connected first.
    #[must_use]
    pub fn followers(&self) -> Vec<FollowerStatus> {
        let last = self.0.log().last();
        self.0.followers.list(last, self.0.now())
    }

    /// Makes events of what is recorded, the first at once and further ones 50 ms later, and the
    /// heartbeat. Runs until it is dropped.
    pub async fn run(&self) {
        let mut next_beat = Instant::now();
        loop {
            let _rung = timeout_at(next_beat, self.0.bell.notified()).await;
            let now = Instant::now();
            // The bell may ring all the time: the clock decides, not which of the two was first.
            if now >= next_beat {
                self.beat();
                next_beat = now + HEARTBEAT;
            } else {
                drop(self.0.flushed_log());
            }
            let crowded = self.0.followers.len() > CROWD;
            sleep(if crowded { CROWDED_FLUSH_EVERY } else { FLUSH_EVERY }).await;
        }
    }

    /// Responds to a request for the feed.
    ///
    /// # Errors
    /// [`FeedError::Full`] and [`FeedError::Withdrawn`].
    pub async fn respond(
        &self,
        request: FeedRequest,
        caller: FeedCaller,
    ) -> Result<Response<Body>, FeedError> {
        let admission = self.0.followers.admit(caller, request.is_stream, self.0.now());
        let admission = admission.ok_or(FeedError::Full)?;
        if request.is_stream {
            Ok(stream::respond(&self.0, request.after, admission).await)
        } else {
            document::respond(&self.0, &request, &admission).await
        }
    }

    fn beat(&self) {
        let now = self.0.now();
        let mut log = self.0.log();
        log.beat();
        log.forget_expired(now / 1000);
        drop(log);
        self.0.starts.forget_old(now);
        self.wake();
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("options", &self.0.options).finish_non_exhaustive()
    }
}

/// News that comes closer together shares its events.
const FLUSH_EVERY: Duration = Duration::from_millis(50);
/// With more followers than [`CROWD`], every write counts.
const CROWDED_FLUSH_EVERY: Duration = Duration::from_millis(200);
const CROWD: usize = 2_000;
