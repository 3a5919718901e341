//! The tables, brought up to date by whichever node comes first. A node that finds nothing to do takes no lock; of
//! several that find something, one locks a row and the others find it done. No advisory lock: a pooler loses those.

use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::Failure;

/// What the tables of a database are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::postgres) struct Schema {
    /// The last change that was made.
    pub(in crate::store::postgres) version: i64,
    /// The oldest version of the schema whose programs can still work with it.
    pub(in crate::store::postgres) oldest_reader: i64,
}

/// One change of the tables. Its number is that of the SQLite schema with the same columns.
struct Step {
    version: i64,
    oldest_reader: i64,
    sql: &'static str,
}

const STEPS: &[Step] = &[Step {
    version: 9,
    oldest_reader: 9,
    sql: include_str!("../../../../migrations/postgres/V0009__initial.sql"),
}];

/// Brings the tables up to date; gives what they are then. They may be newer than this program.
pub(in crate::store::postgres) async fn bring_up_to_date(db: &Connection) -> Result<Schema, Failure> {
    if let Some(schema) = find(db).await?.filter(|schema| schema.version >= newest()) {
        return Ok(schema);
    }
    let mut attempts = 0;
    loop {
        match migrate(db).await {
            Err(failure) if failure.is_crossed() && attempts < ATTEMPTS => attempts += 1,
            outcome => return outcome,
        }
    }
}

/// The newest schema that this program knows.
pub(in crate::store::postgres) fn newest() -> i64 {
    STEPS.last().map_or(0, |step| step.version)
}

async fn migrate(db: &Connection) -> Result<Schema, Failure> {
    db.begin().await?;
    match migrate_in_transaction(db).await {
        Ok(schema) => {
            db.commit().await?;
            Ok(schema)
        }
        Err(failure) => {
            db.roll_back().await?;
            Err(failure)
        }
    }
}

async fn migrate_in_transaction(db: &Connection) -> Result<Schema, Failure> {
    db.run(TABLES).await?;
    db.query("SELECT name FROM schema_lock WHERE name = 'schema' FOR UPDATE", &[]).await?;
    let before = read(db).await?.map_or(0, |schema| schema.version);
    for step in STEPS.iter().filter(|step| step.version > before) {
        db.run(step.sql).await?;
        db.execute(
            "INSERT INTO schema_history (version, oldest_reader) VALUES ($1, $2)",
            &[&step.version, &step.oldest_reader],
        )
        .await?;
    }
    read(db).await?.ok_or(Failure::Crossed)
}

/// What the tables are, if there are any.
pub(in crate::store::postgres) async fn find(db: &Connection) -> Result<Option<Schema>, Failure> {
    let is_there = "SELECT to_regclass('schema_history') IS NOT NULL";
    match db.optional(is_there, &[]).await? {
        Some(row) if row.try_get(0)? => read(db).await,
        _ => Ok(None),
    }
}

async fn read(db: &Connection) -> Result<Option<Schema>, Failure> {
    let newest = "SELECT version, oldest_reader FROM schema_history ORDER BY version DESC LIMIT 1";
    let row = db.optional(newest, &[]).await?;
    row.map(|row| Ok(Schema { version: row.try_get(0)?, oldest_reader: row.try_get(1)? })).transpose()
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS schema_lock (name text NOT NULL PRIMARY KEY);
    INSERT INTO schema_lock (name) VALUES ('schema') ON CONFLICT (name) DO NOTHING;
    CREATE TABLE IF NOT EXISTS schema_history (
        version       bigint NOT NULL PRIMARY KEY,
        oldest_reader bigint NOT NULL
    );";
const ATTEMPTS: u32 = 5;
