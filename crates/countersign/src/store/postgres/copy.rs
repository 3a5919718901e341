//! A PostgreSQL database as the source of a copy, and as its target: one transaction that nobody sees before its end.

use std::pin::pin;
use std::time::Duration;

use bytes::BytesMut;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::history;
use super::engine::open::{self, Opening};
use super::engine::steps::MIGRATIONS;
use super::rows::number;
use super::{DatabaseUrl, OpenError};
use crate::base::random::Random;
use crate::store::copy::address::WhileServing;
use crate::store::copy::error::CopyError;
use crate::store::copy::rows::{BATCH, Draft, Fault, Row, Rows, TABLES, Table, Value};

/// The rows of a database, inside a transaction.
pub(in crate::store) struct PostgresRows {
    db: Connection,
    is_reading: bool,
}

impl PostgresRows {
    /// One moment of a database, to copy it.
    pub(in crate::store) async fn open(
        url: &DatabaseUrl,
        while_serving: WhileServing,
    ) -> Result<Self, CopyError> {
        let unreachable = |error| OpenError::of_connecting(error, url);
        let db = Connection::open(&open::target(url)?).await.map_err(unreachable)?;
        CopyError::check_schema(&MIGRATIONS, &history::find(&db).await.map_err(unreachable)?, url)?;
        if while_serving == WhileServing::Refuse && is_in_use(&db).await.map_err(unreachable)? {
            return Err(CopyError::InUse(url.to_string()));
        }
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PATIENT}");
        db.run(&begin).await.map_err(unreachable)?;
        Ok(Self { db, is_reading: false })
    }
}

/// An empty PostgreSQL database that is being filled.
pub(in crate::store) struct PostgresDraft(PostgresRows);

impl PostgresDraft {
    pub(in crate::store) async fn begin(url: &DatabaseUrl, random: &Random) -> Result<Self, CopyError> {
        let unreachable = |error| OpenError::of_connecting(error, url);
        let opening = Opening { url, migrations: &MIGRATIONS, random };
        let db = opening.prepare(&open::target(url)?).await?;
        // Nobody else writes until it is finished. Who does so now has filled it already, or will in a moment.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {PATIENT}; SET LOCAL lock_timeout = '5s';
             LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
            all_tables()
        );
        db.run(&begin).await.map_err(|error| {
            if error.is_refused_lock() {
                CopyError::InUse(url.to_string())
            } else {
                unreachable(error).into()
            }
        })?;
        let draft = Self(PostgresRows { db, is_reading: false });
        for table in &TABLES {
            let rows = draft.0.count(table).await.map_err(CopyError::target(table))?;
            if rows > 0 {
                let found = format!("{} has rows", table.name);
                return Err(CopyError::NotEmpty { database: url.to_string(), found });
            }
        }
        Ok(draft)
    }
}

impl Draft for PostgresDraft {
    type Rows = PostgresRows;

    fn rows(&mut self) -> &mut PostgresRows {
        &mut self.0
    }

    async fn insert(&mut self, table: &Table, columns: &[String], rows: Vec<Row>) -> Result<(), Fault> {
        let (db, columns) = (&self.0.db, columns.join(", "));
        let found = db.columns(&format!("SELECT {columns} FROM {}", table.name)).await?;
        let types: Vec<Type> = found.into_iter().map(|(_, sql_type)| sql_type).collect();
        let sink = db.copy_in(&format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", table.name)).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in rows {
            writer.as_mut().write_raw(row).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn set_last_number(&self, table: &Table, number: i64) -> Result<(), Fault> {
        let set = format!("SELECT setval('{}', $1)", self.0.sequence(table).await?);
        self.0.db.query(&set, &[&number]).await?;
        Ok(())
    }

    async fn finish(self) -> Result<(), Fault> {
        // Nodes that start at once plan with what is there, and not with empty tables.
        self.0.db.run(&format!("ANALYZE {}", all_tables())).await?;
        Ok(self.0.db.commit().await?)
    }
}

impl PostgresRows {
    /// The name of what numbers a table's rows, quoted where it has to be.
    async fn sequence(&self, table: &Table) -> Result<String, Failure> {
        let row = self
            .db
            .optional("SELECT pg_get_serial_sequence($1, $2)", &[&table.name, &table.numbered])
            .await?;
        Ok(row.ok_or(Failure::Crossed)?.try_get(0)?)
    }
}

impl Rows for PostgresRows {
    async fn columns(&self, table: &Table) -> Result<Vec<String>, Fault> {
        let columns = self.db.columns(&format!("SELECT * FROM {}", table.name)).await?;
        Ok(columns.into_iter().map(|(name, _)| name).collect())
    }

    async fn count(&self, table: &Table) -> Result<u64, Fault> {
        let rows = self.db.query(&format!("SELECT count(*) FROM {}", table.name), &[]).await?;
        Ok(rows.first().map_or(Ok(0), |row| number(row, 0))?)
    }

    async fn last_number(&self, table: &Table) -> Result<i64, Fault> {
        let sequence = self.sequence(table).await?;
        let last = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
        let row = self.db.optional(&last, &[]).await?;
        Ok(row.ok_or(Failure::Crossed)?.try_get(0)?)
    }

    async fn begin(&mut self, table: &Table, columns: &[String]) -> Result<(), Fault> {
        let columns = columns.join(", ");
        self.db
            .run(&format!("DECLARE rows NO SCROLL CURSOR FOR SELECT {columns} FROM {}", table.name))
            .await?;
        self.is_reading = true;
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<Row>, Fault> {
        if !self.is_reading {
            return Ok(Vec::new());
        }
        let found = self.db.query(&format!("FETCH {BATCH} FROM rows"), &[]).await?;
        if found.is_empty() {
            self.db.run("CLOSE rows").await?;
            self.is_reading = false;
        }
        let row = |row: &tokio_postgres::Row| (0..row.len()).map(|column| Ok(row.try_get(column)?)).collect();
        found.iter().map(row).collect()
    }
}

impl FromSql<'_> for Value {
    fn from_sql(found: &Type, raw: &[u8]) -> Result<Self, Fault> {
        Ok(match *found {
            Type::UUID | Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::INT8 => Self::Integer(i64::from_sql(found, raw)?),
            Type::BOOL => Self::Integer(bool::from_sql(found, raw)?.into()),
            _ => Self::Text(String::from_sql(found, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(Self::Null)
    }

    fn accepts(found: &Type) -> bool {
        [Type::UUID, Type::BYTEA, Type::INT8, Type::BOOL, Type::TEXT].contains(found)
    }
}

impl ToSql for Value {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match (self, wanted) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Integer(number), &Type::INT8) => number.to_sql(wanted, out),
            (Self::Integer(yes @ 0..=1), &Type::BOOL) => (*yes == 1).to_sql(wanted, out),
            (Self::Text(text), &Type::TEXT) => text.to_sql(wanted, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(wanted, out),
            (Self::Bytes(bytes), &Type::UUID) if bytes.len() == 16 => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            _ => Err(format!("a value that is no {wanted}").into()),
        }
    }

    fn accepts(wanted: &Type) -> bool {
        <Self as FromSql>::accepts(wanted)
    }

    to_sql_checked!();
}

fn all_tables() -> String {
    TABLES.each_ref().map(|table| table.name).join(", ")
}

/// Whether nodes are connected; those that were stopped just now get a moment to be gone.
async fn is_in_use(db: &Connection) -> Result<bool, Failure> {
    let others = "SELECT 1::bigint FROM pg_stat_activity WHERE datname = current_database()
                  AND application_name = 'countersign' AND pid <> pg_backend_pid() LIMIT 1";
    for _ in 0..LOOKS {
        if db.optional(others, &[]).await?.is_none() {
            return Ok(false);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(true)
}

/// A copy may wait for the other side as long as that takes.
const PATIENT: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
