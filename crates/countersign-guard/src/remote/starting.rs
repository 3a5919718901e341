//! The wait for the first keys, on any runtime or none.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::error::StartError;
use super::shared::FirstKeys;
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
}

impl Starting {
    pub(super) const fn failed(error: StartError) -> Self {
        Self(Some(Err(error)))
    }

    pub(super) const fn new(guard: Guard, until: Option<Duration>) -> Self {
        Self(Some(Ok(Waiting { guard, until })))
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
        Poll::Ready(Ok(waiting.guard))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
