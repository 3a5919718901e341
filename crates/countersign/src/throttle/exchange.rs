//! What processes that share a store tell each other of their counts, and what becomes of it: each sends what it has
//! counted since the last time and takes the totals back. So failures add up over all of them, in whatever order
//! they come, and a pardon forgives also what happened before it and is heard of later.

use super::options::ThrottleOptions;
pub use super::record::ThrottleDelta;
use super::record::ThrottleRecord;
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

impl ThrottleExchange {
    /// The totals of a key after this exchange, from those that the store has, if it has any.
    pub(crate) fn total(&self, stored: Option<&ThrottleRecord>, delta: &ThrottleDelta) -> ThrottleRecord {
        let stored = stored.map_or(Failures::NONE, Failures::from);
        stored.with(delta, self.now, &self.options).into_record(delta.key)
    }
}
