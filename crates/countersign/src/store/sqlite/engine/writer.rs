//! The one thread that writes: group commit. It takes every waiting operation into one transaction, each inside a
//! savepoint of its own, commits once with an fsync, and only then answers them all. So durability costs one fsync a
//! batch instead of one a request, and one operation's failure rolls back itself alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ffi};
use tokio::sync::watch;

use crate::base::clock::Stopwatch;
use crate::store::figures::StoreFigures;
use crate::store::sqlite::engine::job::{Failed, Job};
use crate::store::sqlite::engine::queue::Queue;

/// What others may know of the writer.
#[derive(Debug)]
pub(in crate::store::sqlite) struct Progress {
    /// Grows by one when a batch begins and when it ends: odd while one is under way.
    steps: AtomicU64,
    failed: AtomicBool,
    stalled: watch::Sender<bool>,
    /// For how many intervals the batch under way has been stalled.
    intervals: AtomicU32,
    figures: Arc<StoreFigures>,
}

impl Progress {
    pub(in crate::store::sqlite) fn new() -> Self {
        Self {
            steps: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            stalled: watch::Sender::new(false),
            intervals: AtomicU32::new(0),
            figures: Arc::default(),
        }
    }

    pub(in crate::store::sqlite) const fn figures(&self) -> &Arc<StoreFigures> {
        &self.figures
    }

    /// Whether the last batch that had something to write could not be committed.
    pub(in crate::store::sqlite) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Tells when one batch takes longer than any disk should.
    pub(in crate::store::sqlite) fn stalled(&self) -> watch::Receiver<bool> {
        self.stalled.subscribe()
    }

    /// How long the batch under way has taken at most, if whoever waits for it was told that the disk does not answer.
    fn stall(&self) -> Option<Duration> {
        match self.intervals.load(Ordering::SeqCst) {
            0 => None,
            // It began up to one interval before it was first seen, and the last one is not over.
            counted => Some(STALL_INTERVAL * (counted + 2)),
        }
    }

    /// Counts a batch that was committed.
    fn count(&self, size: usize, took: &Stopwatch) {
        self.figures.commits.observe(took.elapsed());
        self.figures.batch_sizes.count(u64::try_from(size).unwrap_or(u64::MAX));
    }

    fn begin(&self) {
        self.steps.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether the batch could not be committed; `None` when it had nothing to write.
    fn end(&self, failed: Option<bool>) {
        self.steps.fetch_add(1, Ordering::SeqCst);
        if let Some(failed) = failed {
            self.failed.store(failed, Ordering::SeqCst);
        }
        self.intervals.store(0, Ordering::SeqCst);
        self.stalled.send_if_modified(std::mem::take);
    }
}

/// Commits what waits in `queue` until it is closed.
pub(in crate::store::sqlite) fn run(
    db: &Connection,
    queue: &Queue<Job>,
    progress: &Progress,
    mut after_batch: impl FnMut(&Connection),
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while queue.take(MAX_BATCH, &mut batch) {
        let (took, size) = (Stopwatch::start(), batch.len());
        progress.begin();
        let changes = db.total_changes();
        let lost = commit_together(db, &mut batch).err().map(Arc::new);
        if let Some(error) = &lost {
            tracing::error!(%error, operations = batch.len(), "a batch of writes could not be committed");
        } else if let Some(stall) = progress.stall()
            && let Err(error) = catch_up(db, &batch, stall)
        {
            tracing::error!(%error, "what a stalled disk committed late could not be put right");
        }
        // What changed nothing asked nothing of the disk, and tells nothing about it.
        let has_written = db.total_changes() > changes;
        progress.end((lost.is_some() || has_written).then_some(lost.is_some()));
        if lost.is_none() && has_written {
            progress.count(size, &took);
        }
        for job in batch.drain(..) {
            job.answer(lost.as_ref());
        }
        after_batch(db);
    }
}

/// Watches the writer until `stop`: when one batch takes longer than one to two intervals, whoever waits is told, and
/// nobody new is let in, until the disk answers again (LM-7).
pub(in crate::store::sqlite) fn watch_for_stalls(progress: &Progress, stop: &AtomicBool) {
    let mut before = 0;
    while !stop.load(Ordering::SeqCst) {
        thread::park_timeout(STALL_INTERVAL);
        let steps = progress.steps.load(Ordering::SeqCst);
        let stalled = steps % 2 == 1 && steps == before;
        let intervals = if stalled { progress.intervals.load(Ordering::SeqCst) + 1 } else { 0 };
        progress.intervals.store(intervals, Ordering::SeqCst);
        progress.stalled.send_if_modified(|before| std::mem::replace(before, stalled) != stalled);
        before = steps;
    }
}

fn commit_together(db: &Connection, batch: &mut [Job]) -> rusqlite::Result<()> {
    in_transaction(db, || run_each(db, batch))
}

/// Before anybody is answered or anything else begins.
fn catch_up(db: &Connection, batch: &[Job], stall: Duration) -> rusqlite::Result<()> {
    in_transaction(db, || batch.iter().try_for_each(|job| job.catch_up(db, stall)))
}

fn in_transaction(db: &Connection, work: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    execute(db, "BEGIN IMMEDIATE")?;
    let outcome = work().and_then(|()| execute(db, "COMMIT"));
    if outcome.is_err() && !db.is_autocommit() {
        execute(db, "ROLLBACK")?;
    }
    outcome
}

fn run_each(db: &Connection, batch: &mut [Job]) -> rusqlite::Result<()> {
    for job in batch {
        execute(db, "SAVEPOINT operation")?;
        if let Err(Failed) = job.run(db) {
            // A full or failing disk makes SQLite roll back everything, not only this savepoint.
            if db.is_autocommit() {
                return Err(rusqlite::Error::SqliteFailure(
                    ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK),
                    None,
                ));
            }
            execute(db, "ROLLBACK TO operation")?;
        }
        execute(db, "RELEASE operation")?;
    }
    Ok(())
}

fn execute(db: &Connection, sql: &str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(drop)
}

/// More than can wait while one fsync runs; few enough that nobody waits long for the rest of his batch.
const MAX_BATCH: usize = 256;
/// A disk that needs longer than one to two of these for a batch is taken for stalled.
const STALL_INTERVAL: Duration = Duration::from_millis(1_250);
