//! What processes that share a store tell each other of their counts, and what becomes of it: each sends what it has
//! counted since the last time and takes the totals back. So failures add up over all of them, in whatever order
//! they come, and a pardon forgives also what happened before it and is heard of later.

use super::options::ThrottleOptions;
use super::record::{ThrottleKey, ThrottleRecord};
use super::rule::Failures;
use crate::base::clock::Timestamp;

/// What one process has counted, to be added to what a store keeps.
#[derive(Clone, Debug)]
pub struct ThrottleExchange {
    /// At most one for each key.
    pub deltas: Vec<ThrottleDelta>,
    /// The time of the process. What is a minute later than that came from a clock that was wrong.
    pub now: Timestamp,
    /// Say which failures are so long ago that they no longer count.
    pub options: ThrottleOptions,
}

/// What one process has counted for one key since it last said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleDelta {
    /// The account or device.
    pub key: ThrottleKey,
    /// The last pardon, if there was one.
    pub pardon: Option<Pardon>,
    /// When each failure was counted: those since the pardon, and no more than a key can have.
    pub failed_at: Vec<Timestamp>,
}

/// Failures that are forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pardon {
    /// When.
    pub at: Timestamp,
    /// How many stay counted: 0, or as many as do not stop an account.
    pub leaves: u32,
}

impl ThrottleExchange {
    /// The totals of a key after this exchange, from those that the store has, if it has any.
    pub(crate) fn total(&self, stored: Option<&ThrottleRecord>, delta: &ThrottleDelta) -> ThrottleRecord {
        let stored = stored.map_or(Failures::NONE, Failures::from);
        stored.with(delta, self.now, &self.options).into_record(delta.key)
    }
}

impl ThrottleDelta {
    pub(super) const fn none(key: ThrottleKey) -> Self {
        Self { key, pardon: None, failed_at: Vec::new() }
    }

    /// Forgives what was counted until now.
    pub(super) fn forgive(&mut self, pardon: Pardon) {
        let since = u32::try_from(self.failed_at.len()).unwrap_or(u32::MAX);
        self.pardon = Some(self.pardon.map_or(pardon, |earlier| Pardon {
            at: earlier.at.max(pardon.at),
            leaves: earlier.leaves.saturating_add(since).min(pardon.leaves),
        }));
        self.failed_at.clear();
    }

    /// Puts something before it that was taken out and could not be sent.
    pub(super) fn follow(&mut self, mut earlier: Self) {
        if let Some(pardon) = self.pardon {
            earlier.forgive(pardon);
        }
        earlier.failed_at.append(&mut self.failed_at);
        *self = earlier;
    }
}
