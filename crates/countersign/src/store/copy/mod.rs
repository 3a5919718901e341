//! Copying a whole store into an empty one: SQLite into PostgreSQL, back, or into another of its kind. IDs, times, hashes,
//! keys and counts stay as they are, so every token stays valid.
//!
//! One moment of the source is read; nothing in it is changed. The target is either whole or as it was: on PostgreSQL all
//! is one transaction, and a SQLite file gets its name at the end. Rows are in memory a batch at a time.

pub(super) mod address;
pub(super) mod error;
pub(super) mod rows;

pub use self::address::{StoreAddress, WhileServing};
pub use self::error::CopyError;
use self::rows::{Draft, Rows, TABLES, Table, Tally};
use crate::base::random::Random;
use crate::store::postgres::copy::{PostgresDraft, PostgresRows};
use crate::store::sqlite::copy::{SqliteDraft, SqliteRows};

/// What a copy is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStep {
    /// Rows are written into the target.
    Copying,
    /// They are read back, to be compared.
    Comparing,
}

/// How far a copy has come. There is one for the beginning of each table and each step.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress {
    /// What is being done.
    pub step: CopyStep,
    /// The table.
    pub table: &'static str,
    /// Rows that are done.
    pub done: u64,
    /// Rows that there are.
    pub all: u64,
}

/// A table that is the same in both stores.
#[derive(Clone, Debug)]
pub struct CopiedTable {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// The sum of the SHA-256 of its rows, as 64 hex digits. It does not depend on their order.
    pub checksum: String,
}

/// Copies a store into an empty one; gives what is in both. It blocks the thread for a batch of rows at a time.
///
/// # Errors
/// Every variant of [`CopyError`]. The source is as it was. So is the target, unless the connection to it broke while it
/// committed: then it is empty, or the copy is whole.
pub async fn copy(
    from: &StoreAddress,
    to: &StoreAddress,
    while_serving: WhileServing,
    random: &Random,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Vec<CopiedTable>, CopyError> {
    if from.is_same(to) {
        return Err(CopyError::Same);
    }
    match from {
        StoreAddress::Sqlite(path) => {
            from_source(SqliteRows::open(path, while_serving)?, to, random, progress).await
        }
        StoreAddress::Postgres(url) => {
            from_source(PostgresRows::open(url, while_serving).await?, to, random, progress).await
        }
    }
}

async fn from_source(
    source: impl Rows,
    to: &StoreAddress,
    random: &Random,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Vec<CopiedTable>, CopyError> {
    match to {
        StoreAddress::Sqlite(path) => between(source, SqliteDraft::begin(path)?, progress).await,
        StoreAddress::Postgres(url) => {
            between(source, PostgresDraft::begin(url, random).await?, progress).await
        }
    }
}

async fn between(
    mut source: impl Rows,
    mut draft: impl Draft,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Vec<CopiedTable>, CopyError> {
    let mut copied = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        let columns = shared_columns(&source, draft.rows(), table).await?;
        let tally = copy_table(&mut source, &mut draft, table, &columns, progress).await?;
        copied.push((table, columns, tally));
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for (table, columns, read) in copied {
        let written = read_back(draft.rows(), table, &columns, read.rows, progress).await?;
        let rows = draft.rows().count(table).await.map_err(CopyError::target(table))?;
        if written != read || rows != read.rows {
            return Err(CopyError::Differs { table: table.name });
        }
        tables.push(CopiedTable { name: table.name, rows, checksum: read.checksum() });
    }
    draft.finish().await.map_err(CopyError::Commit)?;
    Ok(tables)
}

/// What both databases have, in one order.
async fn shared_columns(
    source: &impl Rows,
    target: &impl Rows,
    table: &Table,
) -> Result<Vec<String>, CopyError> {
    let there = target.columns(table).await.map_err(CopyError::target(table))?;
    let mut columns = source.columns(table).await.map_err(CopyError::source(table))?;
    columns.retain(|column| there.contains(column) && !table.own.contains(&column.as_str()));
    columns.sort();
    Ok(columns)
}

async fn copy_table(
    source: &mut impl Rows,
    draft: &mut impl Draft,
    table: &Table,
    columns: &[String],
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Tally, CopyError> {
    let mut tally = Tally::default();
    let all = source.count(table).await.map_err(CopyError::source(table))?;
    let mut report = |done| progress(CopyProgress { step: CopyStep::Copying, table: table.name, done, all });
    source.begin(table, columns).await.map_err(CopyError::source(table))?;
    report(0);
    loop {
        let rows = source.next().await.map_err(CopyError::source(table))?;
        if rows.is_empty() {
            break;
        }
        tally.add_all(&rows);
        draft.insert(table, columns, rows).await.map_err(CopyError::target(table))?;
        report(tally.rows);
    }
    if tally.rows != all {
        return Err(CopyError::Differs { table: table.name });
    }
    if table.numbered.is_some() {
        let number = source.last_number(table).await.map_err(CopyError::source(table))?;
        if number > 0 {
            draft.set_last_number(table, number).await.map_err(CopyError::target(table))?;
        }
    }
    Ok(tally)
}

async fn read_back(
    target: &mut impl Rows,
    table: &Table,
    columns: &[String],
    all: u64,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Tally, CopyError> {
    let mut tally = Tally::default();
    let mut report =
        |done| progress(CopyProgress { step: CopyStep::Comparing, table: table.name, done, all });
    target.begin(table, columns).await.map_err(CopyError::target(table))?;
    report(0);
    loop {
        let rows = target.next().await.map_err(CopyError::target(table))?;
        if rows.is_empty() {
            return Ok(tally);
        }
        tally.add_all(&rows);
        report(tally.rows);
    }
}
