//! The audit log.

use super::batch::{Pending, PendingRecord};
use super::{PostgresStore, rows};
use crate::model::audit::{AuditEvent, AuditKind, AuditQuery, AuditRecord};
use crate::model::context::Context;
use crate::store::audit::log;
use crate::store::{AuditStore, StoreError};

impl AuditStore for PostgresStore {
    async fn record(&self, event: AuditEvent, context: &Context) -> Result<(), StoreError> {
        let origin = context.origin();
        let line = event.clone();
        let recorded =
            self.batches[0].ask(|reply| Pending::Record(PendingRecord { event: line, origin, reply }));
        recorded.await.map_err(|error| self.failed_to_write("record", error))?;
        log(&[event], &origin);
        Ok(())
    }

    async fn audit_log(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        self.read("audit_log", move |db| async move {
            let order = if query.before.is_some() { "DESC" } else { "ASC" };
            let sql = format!(
                "SELECT sequence, at, actor, actor_id, address, kind, account_id, session_id, detail, request_id
                 FROM audit_log
                 WHERE sequence > $1 AND sequence < $5 AND ($2 IS NULL OR kind = $2)
                   AND ($3 IS NULL OR account_id = $3)
                 ORDER BY sequence {order} LIMIT $4"
            );
            let found = db
                .query(
                    &sql,
                    &[
                        &query.after,
                        &query.kind.map(AuditKind::name),
                        &query.account_id,
                        &i64::from(query.limit),
                        &query.before.unwrap_or(i64::MAX),
                    ],
                )
                .await?;
            found.iter().map(rows::audit_record).collect()
        })
        .await
    }
}
