//! One piece of work for a thread that owns a connection, with the way back to whoever asked. Work runs even when its
//! caller has gone away, so a request that was cut off leaves the old state or the new one (CC-6).

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::StoreError;

/// Work that waits, whatever its answer's type.
pub(super) type Job = Box<dyn Work + Send>;

pub(super) trait Work {
    /// Does it. An error means that nothing of it may stay.
    fn run(&mut self, db: &Connection) -> Result<(), Failed>;
    /// Answers: with what it came to, or with `lost` when the transaction around it could not be committed.
    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>);
}

/// The work's own error is kept for its answer.
pub(super) struct Failed;

/// Packs work; the answer arrives at the receiver.
pub(super) fn job<T, F>(work: F) -> (Job, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    (Box::new(Pending { work: Some(work), outcome: None, reply }), answer)
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F: FnOnce(&Connection) -> rusqlite::Result<T>> Work for Pending<T, F> {
    fn run(&mut self, db: &Connection) -> Result<(), Failed> {
        let outcome = self.work.take().map(|work| work(db));
        let failed = matches!(outcome, Some(Err(_)));
        self.outcome = outcome;
        if failed { Err(Failed) } else { Ok(()) }
    }

    fn answer(self: Box<Self>, lost: Option<&Arc<rusqlite::Error>>) {
        let answer = match (self.outcome, lost) {
            (Some(Err(error)), _) => Err(StoreError::Unavailable(Box::new(error))),
            (Some(Ok(answer)), None) => Ok(answer),
            (_, Some(error)) => Err(StoreError::Unavailable(Box::new(Arc::clone(error)))),
            (None, None) => return, // dropping the sender tells the caller that nobody will answer
        };
        // The caller may have gone away; what is committed stays committed.
        let _ = self.reply.send(answer);
    }
}
