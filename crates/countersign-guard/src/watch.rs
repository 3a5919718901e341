//! [`Watch`]: until when a connection that outlives its request may go on. A WebSocket or a stream was opened with a
//! token, and nobody sends another one: the guard says when the token expires, and when its session ends.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::alarm::Alarm;
use crate::claims::AccessClaims;
use crate::guard::Guard;
use crate::revocation::Watcher;

/// Why the claims no longer count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The token has expired: the client can come back with a new one.
    Expired,
    /// The session has ended, for example by a logout.
    Revoked,
}

/// Resolves once the claims no longer count; on any runtime. Dropped, it leaves nothing behind. It keeps the guard, so
/// the guard's feed goes on.
#[must_use = "it does nothing unless it is awaited"]
pub struct Watch {
    guard: Guard,
    claims: AccessClaims,
    watchers: Vec<Watcher>,
    alarm: Option<Alarm>,
}

impl Guard {
    /// Waits for the end of these claims, which this guard has accepted: the token expires or its session ends,
    /// whichever comes first. A session that another process ends is noticed with a feed (feature `remote`).
    ///
    /// ```no_run
    /// # async fn serve(_: impl Future<Output = ()>) {}
    /// # async fn handle(guard: countersign_guard::Guard, claims: countersign_guard::AccessClaims) {
    /// # async fn talk() {}
    /// use std::{future::poll_fn, pin::pin, task::Poll};
    ///
    /// let (mut ended, mut talk) = (pin!(guard.watch(&claims)), pin!(talk()));
    /// poll_fn(|cx| match (ended.as_mut().poll(cx), talk.as_mut().poll(cx)) {
    ///     (Poll::Pending, Poll::Pending) => Poll::Pending, // or `tokio::select!` on the two
    ///     _ => Poll::Ready(()),
    /// })
    /// .await;
    /// # }
    /// ```
    ///
    /// Where the system refuses to start the one thread that this needs, it resolves at once with
    /// [`Ended::Expired`]: a connection that nobody can end does not begin.
    pub fn watch(&self, claims: &AccessClaims) -> Watch {
        Watch { guard: self.clone(), claims: claims.clone(), watchers: Vec::new(), alarm: None }
    }
}

impl Future for Watch {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        let this = &mut *self;
        if let Some(session_id) = this.claims.session_id() {
            let sets = this.guard.revocations_for(&this.claims);
            // First watch, then look: what comes in between wakes.
            this.watchers = sets.iter().map(|set| set.watch(session_id, cx.waker().clone())).collect();
        }
        if this.guard.revocations_for(&this.claims).iter().any(|set| set.refuses(&this.claims)) {
            return Poll::Ready(Ended::Revoked);
        }
        let left = this.guard.seconds_left(&this.claims);
        if left <= 0 {
            return Poll::Ready(Ended::Expired);
        }
        let pause = Duration::from_secs(left.unsigned_abs()).min(LOOK_AGAIN);
        let alarms = this.guard.alarms();
        match alarms.set(alarms.now().saturating_add(pause), cx.waker().clone()) {
            Ok(alarm) => this.alarm = Some(alarm),
            Err(_) => return Poll::Ready(Ended::Expired),
        }
        Poll::Pending
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("alarm", &self.alarm).finish_non_exhaustive()
    }
}

/// The time of day may be set while a long wait goes on.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
