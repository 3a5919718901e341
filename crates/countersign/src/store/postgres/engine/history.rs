//! Which changes of the tables were made.

use crate::model::schema::{Made, Schema};
use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::Failure;

/// What the tables are.
pub(in crate::store::postgres) async fn find(db: &Connection) -> Result<Schema, Failure> {
    let is_there = "SELECT to_regclass('schema_history') IS NOT NULL";
    match db.optional(is_there, &[]).await? {
        Some(row) if row.try_get(0)? => read(db).await,
        _ => Ok(Schema::default()),
    }
}

/// The same where there are tables.
pub(in crate::store::postgres) async fn read(db: &Connection) -> Result<Schema, Failure> {
    let rows = db.query("SELECT version, oldest_reader, program FROM schema_history", &[]).await?;
    let made = rows.iter().map(|row| {
        Ok(Made { version: row.try_get(0)?, oldest_reader: row.try_get(1)?, program: row.try_get(2)? })
    });
    Ok(Schema::new(made.collect::<Result<_, tokio_postgres::Error>>()?))
}

pub(in crate::store::postgres) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS schema_lock (name text NOT NULL PRIMARY KEY);
    INSERT INTO schema_lock (name) VALUES ('schema') ON CONFLICT (name) DO NOTHING;
    CREATE TABLE IF NOT EXISTS schema_history (
        version       bigint NOT NULL PRIMARY KEY,
        oldest_reader bigint NOT NULL,
        program       text   NOT NULL
    );";
