//! How far the readers of the audit log are, and whether they are told.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use crate::base::clock::Timestamp;
use crate::model::audit_reader::{AuditReader, OffReason, ReaderFailing, ReaderNews, ReaderOff};
use crate::store::{AuditReaderStore, StoreError};

impl AuditReaderStore for SqliteStore {
    async fn audit_reader(&self, reader: String) -> Result<AuditReader, StoreError> {
        self.read("audit_reader", move |db| load(db, &reader)).await
    }

    async fn move_audit_position(&self, reader: String, from: i64, to: i64) -> Result<bool, StoreError> {
        self.write("move_audit_position", move |db| {
            if load(db, &reader)?.position != from {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO audit_readers (name, position) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET position = excluded.position",
            )?
            .execute(params![reader, to])?;
            Ok(true)
        })
        .await
    }

    async fn note_audit_reader(
        &self,
        reader: String,
        news: ReaderNews,
        now: Timestamp,
    ) -> Result<(AuditReader, AuditReader), StoreError> {
        self.write("note_audit_reader", move |db| {
            let before = load(db, &reader)?;
            let after = before.after(news, now);
            if after != before {
                store(db, &reader, after)?;
            }
            Ok((before, after))
        })
        .await
    }
}

fn load(db: &Connection, reader: &str) -> rusqlite::Result<AuditReader> {
    let found = db
        .prepare_cached(
            "SELECT position, failing_since, failed_at, off_at, off_because FROM audit_readers WHERE name = ?1",
        )?
        .query_row([reader], read)
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditReader> {
    let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp::from_unix_millis));
    let failing = at(1)?.zip(at(2)?).map(|(since, last)| ReaderFailing { since, last });
    let reason = row.get::<_, Option<String>>(4)?.and_then(|name| OffReason::from_name(&name));
    // A reason of a newer version is one all the same.
    let off = at(3)?.map(|at| ReaderOff { at, reason: reason.unwrap_or(OffReason::Failing) });
    Ok(AuditReader { position: row.get(0)?, failing, off })
}

fn store(db: &Connection, name: &str, reader: AuditReader) -> rusqlite::Result<()> {
    let AuditReader { position, failing, off } = reader;
    db.prepare_cached(
        "INSERT OR REPLACE INTO audit_readers (name, position, failing_since, failed_at, off_at, off_because)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        name,
        position,
        failing.map(|failing| failing.since.as_unix_millis()),
        failing.map(|failing| failing.last.as_unix_millis()),
        off.map(|off| off.at.as_unix_millis()),
        off.map(|off| off.reason.name()),
    ])
    .map(drop)
}
