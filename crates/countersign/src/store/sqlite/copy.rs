//! A SQLite file as the source of a copy, and as its target: a file beside the one that it becomes at the end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params, params_from_iter};

use super::beside::{Unfinished, beside, in_its_place};
use super::engine::open::{self, OpenError};
use super::engine::schema::{self, MIGRATIONS};
use crate::store::copy::address::WhileServing;
use crate::store::copy::error::CopyError;
use crate::store::copy::rows::{BATCH, Draft, Fault, Row, Rows, Table, Value};

/// The rows of an open SQLite file, inside a transaction.
pub(in crate::store) struct SqliteRows {
    db: Connection,
    scan: Option<Scan>,
    /// No server starts on the file.
    _lock: Option<File>,
}

/// How far a table has been read, in the order in which it lies in the file.
struct Scan {
    sql: String,
    after: Stored,
}

impl SqliteRows {
    /// One moment of a file, to copy it.
    pub(in crate::store) fn open(path: &Path, while_serving: WhileServing) -> Result<Self, CopyError> {
        let path = std::path::absolute(path).map_err(|error| open::other(path, error))?;
        if !path.is_file() {
            return Err(CopyError::Missing(path.display().to_string()));
        }
        let lock = match while_serving {
            WhileServing::Refuse => Some(lock(&path)?),
            WhileServing::Allow => None,
        };
        let db = open::connect_to_read(&path)?;
        let found = schema::find(&db).map_err(|error| open::failed(&path, error))?;
        CopyError::check_schema(&MIGRATIONS, &found, path.display())?;
        // The first of these reads decides which moment it is.
        db.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
            .map_err(|error| open::failed(&path, error))?;
        Ok(Self { db, scan: None, _lock: lock })
    }
}

/// A SQLite file that is being written under another name. A copy that is killed leaves that one; the next deletes it.
pub(in crate::store) struct SqliteDraft {
    /// Before the lock, so that it is not another copy's that is deleted.
    file: Unfinished,
    /// The file that it becomes.
    path: PathBuf,
    rows: SqliteRows,
}

impl SqliteDraft {
    pub(in crate::store) fn begin(path: &Path) -> Result<Self, CopyError> {
        let path = std::path::absolute(path).map_err(|error| open::other(path, error))?;
        open::make_directory(&path)?;
        let lock = lock(&path)?;
        refuse_existing(&path)?;
        let file = Unfinished(beside(&path, ".copying"));
        file.delete();
        let mut db = open::connect_draft(&file.0)?;
        open::migrate(&mut db, &file.0, &MIGRATIONS)?;
        db.execute_batch("BEGIN").map_err(|error| open::failed(&path, error))?;
        Ok(Self { file, path, rows: SqliteRows { db, scan: None, _lock: Some(lock) } })
    }
}

impl Draft for SqliteDraft {
    type Rows = SqliteRows;

    fn rows(&mut self) -> &mut SqliteRows {
        &mut self.rows
    }

    async fn insert(&mut self, table: &Table, columns: &[String], rows: Vec<Row>) -> Result<(), Fault> {
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({marks})", table.name, columns.join(", "));
        let mut insert = self.rows.db.prepare_cached(&sql)?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    async fn set_last_number(&self, table: &Table, number: i64) -> Result<(), Fault> {
        let db = &self.rows.db;
        // Rows with numbers have made an entry, unless there are none.
        if db.execute("UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1", params![table.name, number])?
            == 0
        {
            db.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
                params![table.name, number],
            )?;
        }
        Ok(())
    }

    async fn finish(self) -> Result<(), Fault> {
        let Self { rows: SqliteRows { db, _lock, .. }, path, file } = self;
        db.execute_batch("COMMIT")?;
        db.close().map_err(|(_, error)| error)?;
        File::open(&file.0)?.sync_all()?;
        refuse_existing(&path)?;
        fs::rename(&file.0, &path)?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
        Ok(())
    }
}

impl Rows for SqliteRows {
    async fn columns(&self, table: &Table) -> Result<Vec<String>, Fault> {
        let mut names = self.db.prepare("SELECT name FROM pragma_table_info(?1)")?;
        Ok(names.query_map([table.name], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    async fn count(&self, table: &Table) -> Result<u64, Fault> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        Ok(u64::try_from(self.db.query_row(&sql, [], |row| row.get::<_, i64>(0))?)?)
    }

    async fn last_number(&self, table: &Table) -> Result<i64, Fault> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        Ok(self.db.query_row(sql, [table.name], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    async fn begin(&mut self, table: &Table, columns: &[String]) -> Result<(), Fault> {
        let (name, columns) = (table.name, columns.join(", "));
        // A table without row numbers lies in the order of its key.
        let is_keyed = "SELECT wr FROM pragma_table_list(?1)";
        let (key, after) = if self.db.query_row(is_keyed, [name], |row| row.get(0))? {
            let key = "SELECT name FROM pragma_table_info(?1) WHERE pk = 1";
            (self.db.query_row(key, [name], |row| row.get(0))?, Stored::Text(String::new()))
        } else {
            ("rowid".to_owned(), Stored::Integer(i64::MIN))
        };
        let sql =
            format!("SELECT {key}, {columns} FROM {name} WHERE {key} > ?1 ORDER BY {key} LIMIT {BATCH}");
        self.scan = Some(Scan { sql, after });
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<Row>, Fault> {
        let Some(scan) = &mut self.scan else { return Ok(Vec::new()) };
        let mut select = self.db.prepare_cached(&scan.sql)?;
        let count = select.column_count();
        let mut found = select.query([&scan.after])?;
        let (mut batch, mut last) = (Vec::new(), None);
        while let Some(row) = found.next()? {
            batch.push((1..count).map(|column| value(row.get_ref(column)?)).collect::<Result<Row, Fault>>()?);
            last = Some(row.get(0)?);
        }
        match last {
            Some(last) => scan.after = last,
            None => self.scan = None,
        }
        Ok(batch)
    }
}

fn value(stored: ValueRef<'_>) -> Result<Value, Fault> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err("a number with a fraction, which nothing here stores".into()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn refuse_existing(path: &Path) -> Result<(), CopyError> {
    match in_its_place(path) {
        Some(found) => Err(CopyError::NotEmpty {
            database: path.display().to_string(),
            found: format!("there is a file {}", found.display()),
        }),
        None => Ok(()),
    }
}

fn lock(path: &Path) -> Result<File, CopyError> {
    open::lock(path).map_err(|error| match error {
        OpenError::InUse(path) => CopyError::InUse(path.display().to_string()),
        error => error.into(),
    })
}
