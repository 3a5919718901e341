//! The contract for those who are sent the audit log: how far each of them is.

use super::answer::{Answer, Sealed};

/// Keeps for each reader the position in the chain of the audit log up to which it has the rows.
pub trait AuditReaderStore: Sealed {
    /// The position of this reader; 0 for a new one, which has nothing.
    fn audit_position(&self, reader: String) -> impl Answer<i64>;

    /// Moves it from one position to another; gives whether it was there. If not, somebody else has moved it in the meantime.
    fn move_audit_position(&self, reader: String, from: i64, to: i64) -> impl Answer<bool>;
}
