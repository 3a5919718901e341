//! The contract for the chain of the audit log, and for the key that signs it (LG-6).

use super::answer::{Answer, Sealed};
use crate::model::audit_chain::{AuditGap, AuditHead, AuditRow, AuditSigner};
use crate::model::audit_verify::ChainedRow;

/// Keeps the chain. Rows join it after they were committed, so that no sign-in waits for another.
pub trait AuditChainStore: Sealed {
    /// Signs all rows that are written from now on. Only the first call counts.
    fn sign_audit_with(&self, signer: AuditSigner);

    /// The end of the chain.
    fn audit_head(&self) -> impl Answer<Option<AuditHead>>;

    /// What was deleted from it.
    fn audit_gaps(&self) -> impl Answer<Vec<AuditGap>>;

    /// Adds the rows with these numbers to the chain that are not in it, in this order; gives how many they are. The first call
    /// begins the chain, also without rows. Does nothing without a signer.
    fn chain_audit(&self, sequences: Vec<i64>, cursor: String) -> impl Answer<usize>;

    /// The places of the chain after a position, with their rows.
    fn audit_chain(&self, after: i64, limit: u32) -> impl Answer<Vec<ChainedRow>>;

    /// Rows that are in no chain, after a number.
    fn unchained_audit(&self, after: i64, limit: u32) -> impl Answer<Vec<AuditRow>>;
}
