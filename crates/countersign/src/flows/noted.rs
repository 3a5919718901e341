//! What a process has noted for the overview and not stored yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::figures::{Counts, Label};
use crate::model::activity::{Activity, Figure};

/// What this process has noted and not stored.
#[derive(Debug, Default)]
pub(crate) struct Noted(Mutex<Pending>);

/// It is stored a minute after it was noted, or later.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The counters, as they were last read.
    counted: BTreeMap<(Figure, &'static str), u64>,
    pub(super) waiting: Activity,
    /// Sessions alive among those that the present sweep has looked at.
    pub(super) alive: u64,
}

impl Noted {
    pub(super) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    pub(super) fn count<L: Label>(&mut self, now: Timestamp, figure: Figure, counts: &Counts<L>) {
        for (label, total) in counts.all() {
            let before = self.counted.insert((figure, label.label()), total).unwrap_or_default();
            self.waiting.note(now, figure, label.label(), total.saturating_sub(before));
        }
    }
}
