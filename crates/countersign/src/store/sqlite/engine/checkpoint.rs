//! When the write-ahead log is copied back into the database. SQLite's own way would do it inside some unlucky commit;
//! here a thread with a connection of its own does it while the writer goes on, and the writer only takes the small
//! rest when the log has to start over.

use std::mem;
use std::sync::Arc;

use rusqlite::Connection;

use crate::base::clock::Stopwatch;
use crate::store::figures::StoreFigures;
use crate::store::sqlite::engine::queue::Queue;

/// From so many pages on that are not copied back yet, the checkpointer is woken: 4 MiB.
const WAKE_PAGES: i64 = 1_000;
/// From so many pages on, the log has to start over: 64 MiB. The writer then copies what the checkpointer has left.
const START_OVER_PAGES: i64 = 16_000;
/// The checkpointer is not keeping up at all: the writer copies everything itself rather than let the log grow.
const TOO_MANY_PAGES: i64 = 64_000;

/// A page of SQLite's default size in the log, with its header.
const BYTES_A_PAGE: u64 = 4096 + 24;

/// What is in the write-ahead log.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::sqlite) struct Log {
    pages: i64,
    copied: i64,
}

/// What the writer knows of its log.
pub(in crate::store::sqlite) struct Watch {
    checkpointer: Arc<Queue<()>>,
    figures: Arc<StoreFigures>,
    /// The log has grown long, and the operator was told.
    is_held_up: bool,
}

impl Watch {
    pub(in crate::store::sqlite) const fn new(
        checkpointer: Arc<Queue<()>>,
        figures: Arc<StoreFigures>,
    ) -> Self {
        Self { checkpointer, figures, is_held_up: false }
    }

    #[cfg(test)]
    pub(in crate::store::sqlite) const fn is_held_up(&self) -> bool {
        self.is_held_up
    }

    /// Called by the writer between two batches.
    pub(in crate::store::sqlite) fn after_batch(&mut self, db: &Connection) {
        let Ok(log) = pragma(db, "PRAGMA wal_checkpoint(NOOP)") else { return };
        self.figures.log_is(u64::try_from(log.pages).unwrap_or(0) * BYTES_A_PAGE);
        let left = log.pages - log.copied;
        let is_theirs = log.pages >= START_OVER_PAGES && is_litestreams(db);
        if log.pages < START_OVER_PAGES {
            self.is_held_up = false;
        } else if !is_theirs && left >= START_OVER_PAGES && !mem::replace(&mut self.is_held_up, true) {
            tracing::warn!(
                "the write-ahead log is over 64 MiB and grows: another program has been reading the database for long, \
                 or the disk is too slow"
            );
        }
        if !is_theirs && (log.pages >= TOO_MANY_PAGES || (log.pages >= START_OVER_PAGES && left < WAKE_PAGES))
        {
            // Nobody else writes now, so the copy is complete and the next write begins the log anew.
            copy_back(db, &self.figures);
        } else if left >= WAKE_PAGES {
            let _ = self.checkpointer.push(()); // it is already woken when its queue of one is full
        }
    }
}

/// Whether Litestream copies this database elsewhere. It reads the log all the time, so nobody else can make it start over; what
/// a writer would copy back for that would cost every batch, and gain nothing.
pub(in crate::store::sqlite) fn is_litestreams(db: &Connection) -> bool {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = '_litestream_seq'";
    db.prepare_cached(sql)
        .and_then(|mut found| found.query_row([], |row| row.get::<_, i64>(0)))
        .is_ok_and(|count| count > 0)
}

/// The checkpointer's thread, until `wakes` is closed.
pub(in crate::store::sqlite) fn run(db: &Connection, wakes: &Queue<()>, figures: &StoreFigures) {
    let mut taken = Vec::with_capacity(1);
    while wakes.take(1, &mut taken) {
        taken.clear();
        copy_back(db, figures);
    }
}

fn copy_back(db: &Connection, figures: &StoreFigures) {
    let took = Stopwatch::start();
    match pragma(db, "PRAGMA wal_checkpoint(PASSIVE)") {
        Ok(log) => {
            figures.checkpoints.observe(took.elapsed());
            tracing::trace!(?log, "checkpoint");
        }
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log could not be copied back; it is tried again");
        }
    }
}

fn pragma(db: &Connection, sql: &str) -> rusqlite::Result<Log> {
    db.prepare_cached(sql)?.query_row([], |row| Ok(Log { pages: row.get(1)?, copied: row.get(2)? }))
}
