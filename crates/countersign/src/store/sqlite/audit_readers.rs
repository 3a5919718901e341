//! How far the readers of the audit log are.

use rusqlite::{Connection, OptionalExtension, params};

use super::SqliteStore;
use crate::store::{AuditReaderStore, StoreError};

impl AuditReaderStore for SqliteStore {
    async fn audit_position(&self, reader: String) -> Result<i64, StoreError> {
        self.read("audit_position", move |db| position(db, &reader)).await
    }

    async fn move_audit_position(&self, reader: String, from: i64, to: i64) -> Result<bool, StoreError> {
        self.write("move_audit_position", move |db| {
            if position(db, &reader)? != from {
                return Ok(false);
            }
            db.prepare_cached("INSERT OR REPLACE INTO audit_readers (name, position) VALUES (?1, ?2)")?
                .execute(params![reader, to])?;
            Ok(true)
        })
        .await
    }
}

fn position(db: &Connection, reader: &str) -> rusqlite::Result<i64> {
    let found = db
        .prepare_cached("SELECT position FROM audit_readers WHERE name = ?1")?
        .query_row([reader], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}
