//! The audit log.

use std::sync::Arc;

use tokio_postgres::Row;
use tracing::Instrument as _;

use super::batch::{Pending, PendingRecord};
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::follow::{Key, Log, Page};
use super::{PostgresStore, rows, span};
use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind, AuditPage, AuditQuery};
use crate::model::audit_cursor::{AuditCursor, AuditPlace};
use crate::model::context::Context;
use crate::model::seen::Seen;
use crate::store::audit::log;
use crate::store::{AuditStore, StoreError};

impl AuditStore for PostgresStore {
    async fn record(&self, event: AuditEvent, context: &Context) -> Result<(), StoreError> {
        let origin = context.origin();
        let (line, signer) = (event.clone(), Arc::clone(&self.signer));
        let recorded = self.batches[0]
            .ask(|reply| Pending::Record(PendingRecord { event: line, origin, signer, reply }));
        recorded.instrument(span("record")).await.map_err(|error| self.failed_to_write("record", error))?;
        log(&[event], &origin, &self.figures);
        Ok(())
    }

    async fn audit_log(&self, query: AuditQuery) -> Result<AuditPage, StoreError> {
        self.read("audit_log", move |db| async move {
            match query.before {
                Some(before) => look_back(&db, &query, before).await,
                None => go_on(&db, &query).await,
            }
        })
        .await
    }
}

/// The next lines that were not read.
async fn go_on(db: &Connection, query: &AuditQuery) -> Result<AuditPage, Failure> {
    let anywhere = (0, Timestamp::from_unix_millis(i64::MIN));
    if let AuditPlace::Seen { run, seen, .. } = &query.after.0 {
        let page = unread(db, query, seen, anywhere, query.limit).await?;
        if page.server == *run {
            return finish(page);
        }
    }
    finish(unread(db, query, &Seen::default(), query.after.elsewhere(), query.limit).await?)
}

/// Lines before one, and a cursor for those that are written from now on.
async fn look_back(db: &Connection, query: &AuditQuery, before: i64) -> Result<AuditPage, Failure> {
    // First: what is written meanwhile comes again.
    let now = unread(db, query, &Seen::default(), (0, Timestamp::from_unix_millis(i64::MIN)), 0).await?;
    // What somebody did to others is little among much, and has an index of its own.
    let by_account = match query.by_account {
        Some(_) => "actor_id = $7 AND account_id IS DISTINCT FROM actor_id",
        None => "$7 IS NULL",
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log
         WHERE sequence < $1 AND ($2 IS NULL OR kind = $2) AND ($3 IS NULL OR account_id = $3) AND {by_account}
               AND at >= $5 AND at < $6
         ORDER BY sequence DESC LIMIT $4"
    );
    let (kind, (since, until)) = (query.kind.map(AuditKind::name), query.range());
    let limit = i64::from(query.limit);
    let lines = db
        .query(&sql, &[&before, &kind, &query.account_id, &limit, &since, &until, &query.by_account])
        .await?;
    finish(Page { rows: lines, ..now })
}

async fn unread(
    db: &Connection,
    query: &AuditQuery,
    seen: &Seen,
    (after, begun): (i64, Timestamp),
    limit: u32,
) -> Result<Page, Failure> {
    let (since, until) = query.range();
    let log = Log {
        table: "audit_log",
        columns: COLUMNS,
        key: Key::Sequence,
        condition:
            "sequence > $6 AND at >= $7 AND ($8 IS NULL OR kind = $8) AND ($9 IS NULL OR account_id = $9)
                    AND at < $10",
        values: &[&after, &since.max(begun), &query.kind.map(AuditKind::name), &query.account_id, &until],
    };
    log.page(db, seen, limit).await
}

fn finish(page: Page) -> Result<AuditPage, Failure> {
    let lines = page.rows.iter().map(|row: &Row| rows::audit_record(row)).collect::<Result<_, _>>()?;
    let place = AuditPlace::Seen { run: page.server, seen: page.seen, read_at: page.read_at };
    Ok(AuditPage { lines, next: AuditCursor(place) })
}

const COLUMNS: &str =
    "sequence, at, actor, actor_id, address, kind, account_id, session_id, detail, request_id";
