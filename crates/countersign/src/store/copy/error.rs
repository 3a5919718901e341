//! Why a store was not copied.

use std::fmt;

use crate::model::schema::{Migrations, Schema};
use crate::store::copy::rows::{Fault, Table};
use crate::store::{postgres, sqlite};

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source is the target.
    #[error("the store to copy and the one to copy it to are the same")]
    Same,
    /// There is no such file, or the database has none of our tables.
    #[error("there is no store in {0}")]
    Missing(String),
    /// A server or another copy is running on it.
    #[error("{0} is in use: stop the servers on it first")]
    InUse(String),
    /// The source was made or changed by another version of this program.
    #[error(
        "the tables of {database} have version {version} and this program's have {known}: {}",
        if version > known { "copy it with the newer program" } else { "open it once with this program, which brings them up to date" }
    )]
    OtherSchema {
        /// The source.
        database: String,
        /// The version of its tables.
        version: i64,
        /// The version that this program makes.
        known: i64,
    },
    /// The target is there already, and not empty.
    #[error("{database} is not empty: {found}. A copy never adds to what is there")]
    NotEmpty {
        /// The target.
        database: String,
        /// What was found.
        found: String,
    },
    /// The SQLite file cannot be opened or made.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// The PostgreSQL database cannot be opened.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// The source cannot be read.
    #[error("{table} cannot be read: nothing was copied")]
    Read {
        /// The table.
        table: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The target cannot be written, or read back.
    #[error("{table} cannot be written: nothing was copied")]
    Write {
        /// The table.
        table: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The target does not give back what was written, or the source not as many rows as it has.
    #[error("{table} is not the same after copying: nothing was copied")]
    Differs {
        /// The table.
        table: &'static str,
    },
    /// The end of the copy did not succeed.
    #[error("the copy was not completed: its target is as it was, unless it is found whole")]
    Commit(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl CopyError {
    /// Refuses tables that are not those of this program.
    pub(in crate::store) fn check_schema(
        migrations: &Migrations,
        found: &Schema,
        database: impl fmt::Display,
    ) -> Result<(), Self> {
        let (database, version) = (database.to_string(), found.version());
        if version == 0 {
            return Err(Self::Missing(database));
        }
        if migrations.is_current(found) {
            return Ok(());
        }
        Err(Self::OtherSchema { database, version, known: migrations.range().newest })
    }

    pub(in crate::store) fn source(table: &Table) -> impl FnOnce(Fault) -> Self + use<> {
        let table = table.name;
        move |source| Self::Read { table, source }
    }

    pub(in crate::store) fn target(table: &Table) -> impl FnOnce(Fault) -> Self + use<> {
        let table = table.name;
        move |source| Self::Write { table, source }
    }
}
