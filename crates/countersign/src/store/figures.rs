//! What a store counts for metrics: its commits, and what it has written to the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::figures::{Counts, Histogram, LATENCIES, SIZES, labels};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::session::EndReason;

/// What a store has done since it was opened.
#[derive(Debug)]
pub(crate) struct StoreFigures {
    /// From the start of a commit to the answer that it is durable; on SQLite the work of its batch included.
    pub(crate) commits: Histogram,
    /// How many operations shared a commit.
    pub(crate) batch_sizes: Histogram,
    /// Transactions that were begun again.
    pub(crate) retries: Counts<RetryCode>,
    /// Copying the write-ahead log back; SQLite only.
    pub(crate) checkpoints: Histogram,
    /// The bytes of the write-ahead log; SQLite only.
    pub(crate) log_bytes: AtomicU64,
    /// Lines of the audit log that this process has written.
    pub(crate) events: Counts<AuditKind>,
    /// Sessions that this process has ended.
    pub(crate) ended: Counts<EndReason>,
}

/// What a store has done, and how it is now.
#[derive(Clone, Debug)]
pub struct StoreReading {
    /// What it has done.
    pub(crate) figures: Arc<StoreFigures>,
    /// How many operations wait.
    pub(crate) waiting: usize,
    /// Whether it takes nothing for now, because a disk or a database does not answer.
    pub(crate) is_stalled: bool,
}

labels! {
    /// Why a transaction was begun again.
    pub(crate) enum RetryCode {
        /// SQLSTATE: serialization failure.
        Serialization = "40001",
        /// SQLSTATE: deadlock.
        Deadlock = "40P01",
        /// SQLSTATE: another transaction has made the same.
        Duplicate = "23505",
        /// What decided which rows to lock was changed before they were locked.
        Crossed = "crossed",
    }
}

impl Default for StoreFigures {
    fn default() -> Self {
        Self {
            commits: Histogram::new(&LATENCIES),
            batch_sizes: Histogram::new(&SIZES),
            retries: Counts::default(),
            checkpoints: Histogram::new(&LATENCIES),
            log_bytes: AtomicU64::new(0),
            events: Counts::default(),
            ended: Counts::default(),
        }
    }
}

impl StoreFigures {
    /// Counts lines of the audit log, after their commit.
    pub(crate) fn recorded(&self, events: &[AuditEvent]) {
        for event in events {
            self.events.increment(event.kind);
            let reason = event.detail.as_deref().filter(|_| event.kind.ends_session());
            if let Some(reason) = reason.and_then(EndReason::from_name) {
                self.ended.increment(reason);
            }
        }
    }

    /// The size of the write-ahead log, as it is now.
    pub(crate) fn log_is(&self, bytes: u64) {
        self.log_bytes.store(bytes, Ordering::Relaxed);
    }
}
