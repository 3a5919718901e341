//! The contract for house-keeping, presence and readiness.

use super::answer::{Answer, Sealed};
use super::figures::StoreReading;
use crate::base::clock::Timestamp;
use crate::model::context::Context;
use crate::model::retention::{Sweep, Swept};

/// Keeps a store small, and says whether it works.
pub trait Upkeep: Sealed {
    /// Deletes one small batch of what nothing needs any more, and goes on where the last call has stopped
    /// looking.
    ///
    /// | what | when it goes |
    /// |---|---|
    /// | a revocation | 120 s after it stops to matter |
    /// | a session that is over | `keep_sessions` later, or an access token's life if that is longer |
    /// | a line of the audit log | after `keep_audit` |
    /// | a count of fewer than `few_failures` failed sign-ins | 24 hours after the last one |
    /// | any count of failed sign-ins | 400 days after the last one |
    /// | a failed or refused login in the audit log | when there are 100,000 newer ones |
    /// | a figure of an overview | after 25 hours by the minute, after 32 days by the hour |
    /// | a delivery that was made | a day later |
    /// | a delivery that was given up, or that nobody tried | 30 days later |
    ///
    /// The limits are computed in `model::retention`; a store only translates
    /// them.
    fn sweep(&self, sweep: Sweep) -> impl Answer<Swept>;

    /// Tells the other nodes that this one is serving, and which schemas it works with: call it four times a minute. It fails
    /// if the tables have been changed in a way that this program cannot work with; [`check`](Self::check) then does so too,
    /// until that is over. A store that serves one node at a time has nobody to tell.
    fn report_node(&self) -> impl Answer<()>;

    /// Whether this process is the one that sweeps. Of several nodes on one store one is, from when it is told so until
    /// it has not asked for 30 s of the store's time: then the next that asks takes its place. Two may take
    /// themselves for it for a while; that costs work, and no row too many.
    fn may_sweep(&self) -> impl Answer<bool>;

    /// The time of the store, where several machines share it and have to agree on the time. `None` where the
    /// machine's own will do.
    fn time(&self) -> impl Answer<Option<Timestamp>>;

    /// What it has done, and how it is now, for metrics.
    fn reading(&self) -> StoreReading;

    /// Remembers that a backup of what was there at `at` was made.
    fn record_backup(&self, at: Timestamp, context: &Context) -> impl Answer<()>;

    /// Of when the last backup is.
    fn last_backup(&self) -> impl Answer<Option<Timestamp>>;

    /// Whether it can be read, and written too if the last write failed: for the readiness probe.
    fn check(&self, now: Timestamp) -> impl Answer<()>;
}
