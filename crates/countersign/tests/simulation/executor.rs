//! Runs use cases one store call at a time, in whatever order the schedule says: a task stops before each of
//! its store calls and goes on when it is told to. So a seed gives the same run each time, with real threads
//! and a real database underneath.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// A use case under way.
pub(crate) type Task<T> = Pin<Box<dyn Future<Output = T>>>;

thread_local! {
    static AT_STORE: Cell<bool> = const { Cell::new(false) };
}

/// Where a task stops: just before a store call.
pub(crate) async fn stop_before_store_call() {
    let mut stopped = false;
    poll_fn(|_| {
        if stopped {
            return Poll::Ready(());
        }
        stopped = true;
        AT_STORE.set(true);
        Poll::Pending
    })
    .await;
}

/// Runs a task until it is done or stops before a store call. What it waits for otherwise (a password hash)
/// is awaited.
pub(crate) fn step<T>(task: &mut Task<T>) -> Option<T> {
    let waker = waker();
    loop {
        AT_STORE.set(false);
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if AT_STORE.get() => return None,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs a future to its end, here and now; it may stop before store calls as often as it likes.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = waker();
    loop {
        AT_STORE.set(false);
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending if AT_STORE.get() => {}
            Poll::Pending => thread::park(),
        }
    }
}

fn waker() -> Waker {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    Waker::from(Arc::new(Unpark(thread::current())))
}
