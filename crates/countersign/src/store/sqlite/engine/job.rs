//! One piece of work for a thread that owns a connection, with the way back to whoever asked. Work runs even when its
//! caller has gone away, so a request that was cut off leaves the old state or the new one (CC-6). Only work whose caller
//! was told that it will not be done is not done: a rotation that is committed long after its client was answered 503
//! would make that client's next try a reuse.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::StoreError;

/// Work that waits, whatever its answer's type.
pub(in crate::store::sqlite) type Job = Box<dyn Work + Send>;

pub(in crate::store::sqlite) trait Work {
    /// This thread has it now.
    fn begin(&self, thread: usize);
    /// Does it. An error means that nothing of it may stay.
    fn run(&mut self, db: &Connection) -> Result<(), Failed>;
    /// It is committed after all, but whoever waited for it was told `stall` ago at most that it is not.
    fn catch_up(&self, db: &Connection, stall: Duration) -> rusqlite::Result<()>;
    /// Answers: with what it came to, or with `lost` when the transaction around it could not be committed.
    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>);
}

/// The work's own error is kept for its answer.
pub(in crate::store::sqlite) struct Failed;

/// What a caller holds of its job.
pub(in crate::store::sqlite) struct Ticket<T> {
    answer: oneshot::Receiver<Result<T, StoreError>>,
    withdrawn: Arc<AtomicBool>,
    thread: Arc<OnceLock<usize>>,
}

impl<T> Ticket<T> {
    /// The thread that has it, once one has.
    pub(in crate::store::sqlite) fn thread(&self) -> Option<usize> {
        self.thread.get().copied()
    }

    /// Its answer (an error if nobody will give one), or `None` when the other future is ready first.
    pub(in crate::store::sqlite) async fn answer_or<E>(
        &mut self,
        other: impl Future<Output = E>,
    ) -> Option<Result<Result<T, StoreError>, oneshot::error::RecvError>> {
        let mut other = pin!(other);
        poll_fn(|cx| match pin!(&mut self.answer).poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => other.as_mut().poll(cx).map(|_| None),
        })
        .await
    }

    /// It shall not be done any more, if it has not begun.
    pub(in crate::store::sqlite) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::SeqCst);
    }
}

/// What is to be done when what came of some work was committed too late.
pub(in crate::store::sqlite) type CatchUp<T> = fn(&Connection, &T, Duration) -> rusqlite::Result<()>;

/// Packs work.
pub(in crate::store::sqlite) fn job<T, F>(
    verb: &'static str,
    work: F,
    catch_up: Option<CatchUp<T>>,
) -> (Job, Ticket<T>)
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let withdrawn = Arc::new(AtomicBool::new(false));
    let thread = Arc::new(OnceLock::new());
    let ticket = Ticket { answer, withdrawn: Arc::clone(&withdrawn), thread: Arc::clone(&thread) };
    (Box::new(Pending { verb, work: Some(work), outcome: None, catch_up, reply, withdrawn, thread }), ticket)
}

struct Pending<T, F> {
    verb: &'static str,
    work: Option<F>,
    outcome: Option<rusqlite::Result<T>>,
    catch_up: Option<CatchUp<T>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    withdrawn: Arc<AtomicBool>,
    thread: Arc<OnceLock<usize>>,
}

impl<T, F: FnOnce(&Connection) -> rusqlite::Result<T>> Work for Pending<T, F> {
    fn begin(&self, thread: usize) {
        // Nobody has had it before.
        let _ = self.thread.set(thread);
    }

    fn run(&mut self, db: &Connection) -> Result<(), Failed> {
        let wanted = !self.withdrawn.load(Ordering::SeqCst);
        let outcome = self.work.take().filter(|_| wanted).map(|work| work(db));
        let failed = matches!(outcome, Some(Err(_)));
        self.outcome = outcome;
        if failed { Err(Failed) } else { Ok(()) }
    }

    fn catch_up(&self, db: &Connection, stall: Duration) -> rusqlite::Result<()> {
        match (&self.outcome, self.catch_up) {
            (Some(Ok(outcome)), Some(catch_up)) => catch_up(db, outcome, stall),
            _ => Ok(()),
        }
    }

    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>) {
        let answer = match (self.outcome, lost) {
            (Some(Err(error)), _) => Err(unavailable(self.verb, error)),
            (Some(Ok(answer)), None) => Ok(answer),
            (_, Some(error)) => Err(unavailable(self.verb, Arc::clone(error))),
            (None, None) => return, // dropping the sender tells the caller that nobody will answer
        };
        // The caller may have gone away; what is committed stays committed.
        let _ = self.reply.send(answer);
    }
}

/// Says which verb did not succeed, and why.
pub(in crate::store::sqlite) fn unavailable(
    verb: &'static str,
    reason: impl Into<Box<dyn Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable(Box::new(VerbFailed { verb, reason: reason.into() }))
}

#[derive(Debug, thiserror::Error)]
#[error("{verb} did not succeed")]
struct VerbFailed {
    verb: &'static str,
    #[source]
    reason: Box<dyn Error + Send + Sync>,
}
