//! The contract for failed sign-ins in a row, which all processes on one store count together (TH-6).

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::throttle::{ThrottleExchange, ThrottleRecord};

/// Keeps counts of failed sign-ins.
pub trait ThrottleStore: Sealed {
    /// Adds what one process has counted, and gives the totals of the same keys. What others add at the same time is
    /// neither lost nor counted twice. Failures from before the last pardon of a key do not count, whenever they come;
    /// a pardon forgives everything that came before it.
    ///
    /// A total of zero is kept and given back like any other: other processes have to learn that what was counted until
    /// then is forgiven. Only [`sweep`](super::Upkeep::sweep) deletes it. A crash of a database of several nodes may
    /// forget the last second of exchanges: a failed sign-in does not wait for its disk.
    fn exchange_throttle(&self, exchange: ThrottleExchange) -> impl Answer<Vec<ThrottleRecord>>;

    /// Totals whose last failure or pardon is at or after `since`, those of the latest failures first, at most `limit`.
    fn throttle_records(&self, since: Timestamp, limit: u32) -> impl Answer<Vec<ThrottleRecord>>;
}
