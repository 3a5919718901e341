//! Sending the audit log to another place, which need not be there all the time: row by row in the order of the chain, each at
//! least once, from one node at a time.

use crate::Countersign;
use crate::model::audit_reader::{AuditReader, ReaderNews};
use crate::model::audit_verify::ChainedRow;
use crate::store::{Store, StoreError};

/// Rows of the audit log that a reader does not have yet.
#[derive(Debug)]
pub struct UnreadAudit {
    reader: String,
    after: i64,
    rows: Vec<ChainedRow>,
}

impl UnreadAudit {
    /// The rows, in the order of the chain: at most 500, and none if there are no others, or if another node sends them.
    #[must_use]
    pub fn rows(&self) -> &[ChainedRow] {
        &self.rows
    }

    /// Whether there may be more behind them.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.rows.len() >= AT_ONCE as usize
    }
}

impl<S: Store> Countersign<S> {
    /// The next rows for a reader. They are in the chain about a second after they were written. Of several nodes on one store
    /// one gets them, the one that sweeps; when it is gone, another does, and may repeat some.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn unread_audit(&self, reader: &str) -> Result<UnreadAudit, StoreError> {
        let after = self.store.audit_reader(reader.to_owned()).await?.position;
        let mut rows = self.store.audit_chain(after, AT_ONCE).await?;
        // Asked only where there is something to send: it is a write.
        if !rows.is_empty() && !self.store.may_sweep().await? {
            rows.clear();
        }
        Ok(UnreadAudit { reader: reader.to_owned(), after, rows })
    }

    /// Remembers that the reader has these rows up to a position. Until then they come again. Gives whether it may go on
    /// with the others: not if somebody else has moved it in the meantime.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn audit_was_read(&self, unread: &mut UnreadAudit, up_to: i64) -> Result<bool, StoreError> {
        let after = std::mem::replace(&mut unread.after, up_to);
        self.store.move_audit_position(unread.reader.clone(), after, up_to).await
    }

    /// A reader, and the position in the chain up to which it could be.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn audit_reader(&self, reader: &str) -> Result<(AuditReader, i64), StoreError> {
        let found = self.store.audit_reader(reader.to_owned()).await?;
        let head = self.store.audit_head().await?;
        Ok((found, head.map_or(0, |head| head.position)))
    }

    /// Remembers what became known of a reader; gives it as it was and as it is. It holds for all nodes, and who sends has to see
    /// whether it is [off](AuditReader::off).
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn note_audit_reader(
        &self,
        reader: &str,
        news: ReaderNews,
    ) -> Result<(AuditReader, AuditReader), StoreError> {
        self.store.note_audit_reader(reader.to_owned(), news, self.clock().now()).await
    }

    /// Lets a reader go on behind another position: back, to have rows again, or forward, to leave some out.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn move_audit_reader(&self, reader: &str, to: i64) -> Result<(), StoreError> {
        loop {
            let from = self.store.audit_reader(reader.to_owned()).await?.position;
            if self.store.move_audit_position(reader.to_owned(), from, to).await? {
                return Ok(());
            }
        }
    }
}

const AT_ONCE: u32 = 500;
