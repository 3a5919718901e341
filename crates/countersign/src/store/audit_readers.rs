//! The contract for those who are sent the audit log: how far each of them is, and whether it is told.

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::model::audit_reader::{AuditReader, ReaderNews};

/// Keeps for each reader the position in the chain of the audit log up to which it has the rows, and whether it takes them.
pub trait AuditReaderStore: Sealed {
    /// This reader; a new one has nothing.
    fn audit_reader(&self, reader: String) -> impl Answer<AuditReader>;

    /// Moves it from one position to another; gives whether it was there. If not, somebody else has moved it in the meantime.
    fn move_audit_position(&self, reader: String, from: i64, to: i64) -> impl Answer<bool>;

    /// Changes it by [`AuditReader::after`]; gives it as it was and as it is.
    fn note_audit_reader(
        &self,
        reader: String,
        news: ReaderNews,
        now: Timestamp,
    ) -> impl Answer<(AuditReader, AuditReader)>;
}
