//! The audit log.

use rusqlite::params;

use super::{SqliteStore, rows};
use crate::base::id::AccountId;
use crate::model::audit::{AuditEvent, AuditKind, AuditPage, AuditQuery, AuditRecord};
use crate::model::audit_cursor::AuditCursor;
use crate::model::context::Context;
use crate::model::plan::Plan;
use crate::store::{AuditStore, StoreError};

impl AuditStore for SqliteStore {
    async fn record(&self, event: AuditEvent, context: &Context) -> Result<(), StoreError> {
        self.change("record", context, move |tx| tx.apply(Plan::record(event))).await
    }

    async fn audit_log(&self, query: AuditQuery) -> Result<AuditPage, StoreError> {
        let (after, begun) = query.after.elsewhere();
        let (since, until) = query.range();
        self.read("audit_log", move |db| {
            // An account's events are few among many, and there is an index for them; a kind is looked for on
            // the way.
            let of_account = if query.account_id.is_some() { "account_id = ?3" } else { "?3 IS NULL" };
            let by_account = if query.by_account.is_some() {
                "actor_id = ?8 AND account_id IS NOT actor_id"
            } else {
                "?8 IS NULL"
            };
            let order = if query.before.is_some() { "DESC" } else { "ASC" };
            // First: what is written meanwhile comes again.
            let last = db
                .prepare_cached("SELECT coalesce(max(sequence), 0) FROM audit_log")?
                .query_row([], |row| row.get(0))?;
            let lines: Vec<AuditRecord> = db
                .prepare_cached(&format!(
                "SELECT sequence, at, actor, actor_id, address, kind, account_id, session_id, detail, request_id
                 FROM audit_log
                 WHERE sequence > ?1 AND sequence < ?5 AND at >= ?6 AND at < ?7 AND (?2 IS NULL OR kind = ?2) AND {of_account}
                   AND {by_account}
                 ORDER BY sequence {order} LIMIT ?4"
            ))?
            .query_map(
                params![
                    after,
                    query.kind.map(AuditKind::name),
                    query.account_id.as_ref().map(AccountId::as_bytes),
                    query.limit,
                    query.before.unwrap_or(i64::MAX),
                    since.max(begun).as_unix_millis(),
                    until.as_unix_millis(),
                    query.by_account.as_ref().map(AccountId::as_bytes),
                ],
                rows::audit_record,
            )?
            .collect::<rusqlite::Result<_>>()?;
            let has_more = query.before.is_none() && lines.len() >= query.limit as usize;
            let newest = lines.iter().map(|line| line.sequence).max().unwrap_or(after);
            let next = if has_more { newest } else { newest.max(last) };
            Ok(AuditPage { lines, next: AuditCursor::after(next) })
        })
        .await
    }
}
