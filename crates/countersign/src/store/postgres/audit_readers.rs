//! How far the readers of the audit log are, and whether they are told.

use tokio_postgres::Row;

use super::PostgresStore;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::value::Value;
use crate::base::clock::Timestamp;
use crate::model::audit_reader::{AuditReader, OffReason, ReaderFailing, ReaderNews, ReaderOff};
use crate::store::{AuditReaderStore, StoreError};

impl AuditReaderStore for PostgresStore {
    async fn audit_reader(&self, reader: String) -> Result<AuditReader, StoreError> {
        self.read("audit_reader", move |db| async move { load(&db, SELECT, &reader).await }).await
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

    async fn note_audit_reader(
        &self,
        reader: String,
        news: ReaderNews,
        now: Timestamp,
    ) -> Result<(AuditReader, AuditReader), StoreError> {
        self.write("note_audit_reader", (reader, news, now), |db, (reader, news, now)| async move {
            // Locked: nobody moves it meanwhile. Nobody else makes a reader that has no row.
            let before = load(&db, &format!("{SELECT} FOR UPDATE"), &reader).await?;
            let after = before.after(news, now);
            if after != before {
                store(&db, &reader, after).await?;
            }
            Ok((before, after))
        })
        .await
    }
}

const SELECT: &str =
    "SELECT position, failing_since, failed_at, off_at, off_because FROM audit_readers WHERE name = $1";

async fn load(db: &Connection, sql: &str, reader: &str) -> Result<AuditReader, Failure> {
    db.optional(sql, &[&reader]).await?.map_or(Ok(AuditReader::default()), |row| read(&row))
}

fn read(row: &Row) -> Result<AuditReader, Failure> {
    let at = |column: usize| row.try_get::<_, Option<Timestamp>>(column);
    let failing = at(1)?.zip(at(2)?).map(|(since, last)| ReaderFailing { since, last });
    let reason = row.try_get::<_, Option<&str>>(4)?.and_then(OffReason::from_name);
    // A reason of a newer version is one all the same.
    let off = at(3)?.map(|at| ReaderOff { at, reason: reason.unwrap_or(OffReason::Failing) });
    Ok(AuditReader { position: row.try_get(0)?, failing, off })
}

async fn store(db: &Connection, name: &str, reader: AuditReader) -> Result<(), Failure> {
    let AuditReader { position, failing, off } = reader;
    let (since, last) = (failing.map(|failing| failing.since), failing.map(|failing| failing.last));
    let (off_at, because) = (off.map(|off| off.at), off.map(|off| off.reason.name()));
    let values: [&dyn Value; 6] = [&name, &position, &since, &last, &off_at, &because];
    let sql = "INSERT INTO audit_readers (name, position, failing_since, failed_at, off_at, off_because)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (name) DO UPDATE SET failing_since = $3, failed_at = $4, off_at = $5, off_because = $6";
    db.execute(sql, &values).await.map(drop)
}
