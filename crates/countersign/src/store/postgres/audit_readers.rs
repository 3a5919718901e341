//! How far the readers of the audit log are.

use super::PostgresStore;
use crate::store::{AuditReaderStore, StoreError};

impl AuditReaderStore for PostgresStore {
    async fn audit_position(&self, reader: String) -> Result<i64, StoreError> {
        self.read("audit_position", move |db| async move {
            let sql = "SELECT position FROM audit_readers WHERE name = $1";
            let found = db.optional(sql, &[&reader.as_str()]).await?;
            found.map_or(Ok(0), |row| Ok(row.try_get(0)?))
        })
        .await
    }

    async fn move_audit_position(&self, reader: String, from: i64, to: i64) -> Result<bool, StoreError> {
        self.write("move_audit_position", (reader, from, to), |db, (reader, from, to)| async move {
            // A new reader is at 0 without a row.
            let moved = db
                .execute(
                    "INSERT INTO audit_readers AS here (name, position) SELECT $1, $3
                     WHERE $2 = 0 OR EXISTS (SELECT 1 FROM audit_readers WHERE name = $1)
                     ON CONFLICT (name) DO UPDATE SET position = excluded.position WHERE here.position = $2",
                    &[&reader.as_str(), &from, &to],
                )
                .await?;
            Ok(moved == 1)
        })
        .await
    }
}
