//! The contract for failed sign-ins in a row, which are kept over a restart (TH-6).

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::throttle::ThrottleRecord;

/// Keeps counts of failed sign-ins.
pub trait ThrottleStore: Sealed {
    /// Keeps these counts, one for each key. A count replaces the one that is kept if its last failure is as
    /// late or later, and also if it is more than a minute earlier: then the kept one came from a clock that
    /// was ahead, and would otherwise stay until that time comes.
    ///
    /// A count of zero is kept and given back like any other. It says that what was counted until then is
    /// forgiven, which other processes have to learn; only [`sweep`](super::Upkeep::sweep) deletes it.
    fn save_throttle(&self, records: Vec<ThrottleRecord>) -> impl Answer<()>;

    /// Counts whose last failure is at or after `since`, the newest first, at most `limit`.
    fn throttle_records(&self, since: Timestamp, limit: u32) -> impl Answer<Vec<ThrottleRecord>>;
}
