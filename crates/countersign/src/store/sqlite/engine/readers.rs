//! The threads that read, and how a caller learns that the disk under its read does not answer (LM-7): a reader whose
//! query makes no step for one to two intervals is held up. A long query makes steps, so it is never taken for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use crate::store::sqlite::engine::job::Job;
use crate::store::sqlite::engine::queue::Queue;

/// What others may know of the readers.
#[derive(Debug)]
pub(in crate::store::sqlite) struct Readers {
    /// For each: odd while it is at work, and grows with the work.
    steps: Vec<Arc<AtomicU64>>,
    held_up: watch::Sender<HeldUp>,
}

/// Which readers are held up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store::sqlite) struct HeldUp {
    bits: u32,
    all: bool,
}

impl HeldUp {
    /// Whether nobody is left to read anything.
    pub(in crate::store::sqlite) const fn all(self) -> bool {
        self.all
    }

    /// Whether what this reader has begun, or nobody yet, does not go on.
    pub(in crate::store::sqlite) fn holds(self, reader: Option<usize>) -> bool {
        reader.map_or(self.all, |reader| self.bits & 1 << reader != 0)
    }
}

impl Readers {
    pub(in crate::store::sqlite) fn new(count: usize) -> Self {
        let steps = (0..count).map(|_| Arc::default()).collect();
        Self { steps, held_up: watch::Sender::default() }
    }

    /// Tells when a reader is held up, or goes on.
    pub(in crate::store::sqlite) fn held_up(&self) -> watch::Receiver<HeldUp> {
        self.held_up.subscribe()
    }

    /// Looks at every reader once in an interval, until `stop`.
    pub(in crate::store::sqlite) fn watch(&self, stop: &AtomicBool) {
        let mut before = vec![0; self.steps.len()];
        while !stop.load(Ordering::SeqCst) {
            thread::park_timeout(STALL_INTERVAL);
            let mut now = HeldUp { bits: 0, all: !before.is_empty() };
            for (reader, (steps, before)) in self.steps.iter().zip(&mut before).enumerate() {
                let seen = steps.load(Ordering::SeqCst);
                let is_held_up = seen % 2 == 1 && seen == *before;
                now.bits |= u32::from(is_held_up) << reader;
                now.all &= is_held_up;
                *before = seen;
            }
            self.held_up.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
    }

    /// The work of one reader, until the queue is closed.
    pub(in crate::store::sqlite) fn read(
        &self,
        reader: usize,
        db: &mut Connection,
        reads: &Queue<Job>,
    ) -> rusqlite::Result<()> {
        let Some(steps) = self.steps.get(reader) else { return Ok(()) };
        let counted = Arc::clone(steps);
        let goes_on = move || {
            counted.fetch_add(2, Ordering::Relaxed);
            false
        };
        db.progress_handler(INSTRUCTIONS_A_STEP, Some(goes_on))?;
        let mut taken = Vec::with_capacity(1);
        while reads.take(1, &mut taken) {
            for mut job in taken.drain(..) {
                job.begin(reader);
                steps.fetch_add(1, Ordering::SeqCst);
                // A failed read keeps its error for its answer.
                let _ = job.run(db);
                steps.fetch_add(1, Ordering::SeqCst);
                job.answer(None);
            }
        }
        Ok(())
    }
}

/// A disk that answers needs far less than one to two of these for the few pages that a step reads.
const STALL_INTERVAL: Duration = Duration::from_millis(1_250);
/// Each reads a page or two at most.
const INSTRUCTIONS_A_STEP: i32 = 100;
