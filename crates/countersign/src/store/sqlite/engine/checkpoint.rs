//! When the write-ahead log is copied back into the database. SQLite's own way would do it inside some unlucky commit;
//! here a thread with a connection of its own does it while the writer goes on, and the writer only takes the small
//! rest when the log has to start over.

use std::mem;

use rusqlite::Connection;

use crate::store::sqlite::engine::queue::Queue;

/// From so many pages on that are not copied back yet, the checkpointer is woken: 4 MiB.
const WAKE_PAGES: i64 = 1_000;
/// From so many pages on, the log has to start over: 64 MiB. The writer then copies what the checkpointer has left.
const START_OVER_PAGES: i64 = 16_000;
/// The checkpointer is not keeping up at all: the writer copies everything itself rather than let the log grow.
const TOO_MANY_PAGES: i64 = 64_000;

/// What is in the write-ahead log.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::sqlite) struct Log {
    pages: i64,
    copied: i64,
}

/// Called by the writer between two batches. `is_held_up`: the log has grown long, and the operator was told.
pub(in crate::store::sqlite) fn after_batch(
    db: &Connection,
    checkpointer: &Queue<()>,
    is_held_up: &mut bool,
) {
    let Ok(log) = pragma(db, "PRAGMA wal_checkpoint(NOOP)") else { return };
    let left = log.pages - log.copied;
    if log.pages < START_OVER_PAGES {
        *is_held_up = false;
    } else if left >= START_OVER_PAGES && !mem::replace(is_held_up, true) {
        tracing::warn!(
            "the write-ahead log is over 64 MiB and grows: another program has been reading the database for long, \
             or the disk is too slow"
        );
    }
    if log.pages >= TOO_MANY_PAGES || (log.pages >= START_OVER_PAGES && left < WAKE_PAGES) {
        // Nobody else writes now, so the copy is complete and the next write begins the log anew.
        report(pragma(db, "PRAGMA wal_checkpoint(PASSIVE)"));
    } else if left >= WAKE_PAGES {
        let _ = checkpointer.push(()); // it is already woken when its queue of one is full
    }
}

/// The checkpointer's thread, until `wakes` is closed.
pub(in crate::store::sqlite) fn run(db: &Connection, wakes: &Queue<()>) {
    let mut taken = Vec::with_capacity(1);
    while wakes.take(1, &mut taken) {
        taken.clear();
        report(pragma(db, "PRAGMA wal_checkpoint(PASSIVE)"));
    }
}

fn report(outcome: rusqlite::Result<Log>) {
    match outcome {
        Ok(log) => tracing::trace!(?log, "checkpoint"),
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log could not be copied back; it is tried again");
        }
    }
}

fn pragma(db: &Connection, sql: &str) -> rusqlite::Result<Log> {
    db.prepare_cached(sql)?.query_row([], |row| Ok(Log { pages: row.get(1)?, copied: row.get(2)? }))
}
