//! The contract for the audit log.

use super::answer::{Answer, Sealed};
use crate::model::audit::{AuditEvent, AuditQuery, AuditRecord};
use crate::model::context::Context;

/// Keeps what was done. Most lines are written by the verbs of the other traits, in the transaction of the
/// change that they describe (LG-5).
pub trait AuditStore: Sealed {
    /// Writes an event that goes with no change: a failed login.
    fn record(&self, event: AuditEvent, context: &Context) -> impl Answer<()>;

    /// Reads the audit log, oldest first. A line of a newer version, with a kind that this one does not know,
    /// is given with the name that it was stored under: it never makes the others unreadable.
    fn audit_log(&self, query: AuditQuery) -> impl Answer<Vec<AuditRecord>>;
}
