//! Reading the audit log, and the events that follow from no change in the store.

use crate::Countersign;
use crate::model::audit::{AuditEvent, AuditKind, AuditPage, AuditQuery};
use crate::model::context::Context;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// A page of the audit log.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn audit_log(&self, query: AuditQuery) -> Result<AuditPage, StoreError> {
        self.store.audit_log(query).await
    }

    /// Writes to the audit log that all accounts are exported with their password hashes. Call it before the
    /// first is read, so that no export goes unrecorded.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn record_export(&self, context: &Context) -> Result<(), StoreError> {
        self.store.record(AuditEvent::new(AuditKind::AccountsExported), context).await
    }
}
