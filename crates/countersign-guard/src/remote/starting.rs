//! The wait for the first keys, on any runtime or none.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::error::StartError;
use super::shared::FirstKeys;
use crate::alarm::Alarm;
use crate::guard::Guard;

/// A guard that is waiting for its first keys: a future, or [`blocking`](Self::blocking). Dropped, it stops
/// asking.
#[derive(Debug)]
#[must_use = "the guard comes out of it"]
pub struct Starting(Option<Result<Waiting, StartError>>);

#[derive(Debug)]
struct Waiting {
    guard: Guard,
    /// No try after this one, by the guard's timer; `None`: not even the first is waited for.
    until: Option<Duration>,
    /// Feeds are not waited for any longer.
    feeds_until: Duration,
    alarm: Option<Alarm>,
}

impl Starting {
    pub(super) const fn failed(error: StartError) -> Self {
        Self(Some(Err(error)))
    }

    pub(super) const fn new(guard: Guard, until: Option<Duration>) -> Self {
        Self(Some(Ok(Waiting { guard, until, feeds_until: Duration::ZERO, alarm: None })))
    }

    /// Waits for the feeds too.
    pub(super) fn wait_for_feeds(mut self, until: Duration) -> Self {
        if let Some(Ok(waiting)) = &mut self.0 {
            waiting.feeds_until = until;
        }
        self
    }

    /// Waits on this thread.
    ///
    /// # Errors
    /// Each variant of [`StartError`], as it says.
    pub fn blocking(self) -> Result<Guard, StartError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut starting = pin!(self);
        loop {
            match starting.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Starting {
    type Output = Result<Guard, StartError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waiting = match self.0.take() {
            Some(Ok(waiting)) => waiting,
            Some(Err(error)) => return Poll::Ready(Err(error)),
            None => return Poll::Pending, // polled again after it was ready
        };
        let Some(until) = waiting.until else { return Poll::Ready(Ok(waiting.guard)) };
        for subscription in waiting.guard.realms().iter().filter_map(|realm| realm.subscription.as_ref()) {
            match subscription.first_keys(until, cx.waker()) {
                FirstKeys::Here => {}
                FirstKeys::Failed { issuer, failure } => {
                    return Poll::Ready(Err(StartError::NoKeys { issuer, failure }));
                }
                FirstKeys::Pending => {
                    self.0 = Some(Ok(waiting));
                    return Poll::Pending;
                }
            }
        }
        let waiting = match waiting.for_feeds(cx.waker()) {
            Ok(waiting) => waiting,
            Err(waiting) => {
                self.0 = Some(Ok(waiting));
                return Poll::Pending;
            }
        };
        Poll::Ready(Ok(waiting.guard))
    }
}

impl Waiting {
    /// Itself as an error while there is a feed to wait for.
    fn for_feeds(mut self, waker: &Waker) -> Result<Self, Self> {
        let mut feeds = self.guard.realms().iter().filter_map(|realm| realm.feed.as_ref());
        let alarms = self.guard.alarms();
        if feeds.all(|feed| feed.is_synced(waker)) || self.feeds_until <= alarms.now() {
            return Ok(self);
        }
        // Without a thread for it nothing would end the wait.
        match alarms.set(self.feeds_until, waker.clone()) {
            Ok(alarm) => self.alarm = Some(alarm),
            Err(_) => return Ok(self),
        }
        Err(self)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
