//! Opening a database file: who may, what is refused, and the settings that durability depends on.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::model::schema::{Migrate, Migrations, SchemaRefused, SchemaStatus};
use crate::store::sqlite::beside::beside;
use crate::store::sqlite::engine::schema::{self, NotMigrated};

/// Who opens a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// The server: the only one on its file (DB-6).
    Server,
    /// The command line, also while the server runs.
    Tool,
}

/// Why a database was not opened. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory that the file would be in cannot be made: its parent does not exist either.
    #[error("the directory {} does not exist", .0.display())]
    MissingDirectory(PathBuf),
    /// Another server process has this file open.
    #[error("the database {} is in use by another server process", .0.display())]
    InUse(PathBuf),
    /// It cannot be written, or not even read.
    #[error("no permission to read and write {}", .0.display())]
    NoPermission(PathBuf),
    /// The file is something else.
    #[error("{} is not an SQLite database", .0.display())]
    NotADatabase(PathBuf),
    /// It is an SQLite database, but of another program.
    #[error("{} is a database of another program", .0.display())]
    ForeignDatabase(PathBuf),
    /// The file is damaged; a backup is needed.
    #[error("the database {path} is damaged: {problem}", path = .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        problem: String,
    },
    /// This program cannot work with the tables as they are (DB-5).
    #[error("the database {path} cannot be used: {reason}", path = .path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: SchemaRefused,
    },
    /// The tables could not be brought up to date.
    #[error("the tables of {path} could not be brought up to date", path = .path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The SQLite library linked in can lose committed writes (DB-2).
    #[error("SQLite {0} can lose committed writes; at least 3.51.3 is needed")]
    OldSqlite(&'static str),
    /// Anything else that SQLite or the system refuses.
    #[error("the database {path} cannot be opened", path = .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Makes sure that the file exists, with its directory, that nobody else may read either (DB-3), and that it is not
/// another server's. The lock is held for as long as the file that is returned is open.
pub(in crate::store::sqlite) fn prepare_file(path: &Path, mode: OpenMode) -> Result<Option<File>, OpenError> {
    refuse_old_sqlite()?;
    make_directory(path)?;
    let lock = match mode {
        OpenMode::Server => Some(lock(path)?),
        OpenMode::Tool => None,
    };
    let file = private_file(path).map_err(|error| refused(path, error))?;
    let permissions = file.metadata().map_err(|error| refused(path, error))?.permissions();
    if permissions.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| refused(path, error))?;
    }
    Ok(lock)
}

/// Makes the directory that a file is in, for nobody else, if it is not there; its parent has to be.
pub(in crate::store::sqlite) fn make_directory(path: &Path) -> Result<(), OpenError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::MissingDirectory(directory.to_owned()))
        }
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(refused(path, error)),
        _ => Ok(()),
    }
}

/// Opens a connection with the settings that every connection has.
pub(in crate::store::sqlite) fn connect(path: &Path) -> Result<Connection, OpenError> {
    // SQLITE_OPEN_URI is off and the path absolute: no path is ever taken for a URI with options.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|error| failed(path, error))?;
    configure(&db).map_err(|error| failed(path, error))?;
    db.pragma_update(None, "journal_mode", "WAL").map_err(|error| failed(path, error))?;
    if db.is_readonly("main").map_err(|error| failed(path, error))? {
        return Err(OpenError::NoPermission(path.to_owned()));
    }
    Ok(db)
}

/// Opens the connection that writes. It has room for the inner pages of tables with ten million sessions: each change
/// would have to read some of them again else. A small database never uses it.
pub(in crate::store::sqlite) fn connect_writer(path: &Path) -> Result<Connection, OpenError> {
    let db = connect(path)?;
    db.pragma_update(None, "cache_size", WRITER_CACHE_KIB).map_err(|error| failed(path, error))?;
    Ok(db)
}

/// Opens a database for somebody who only looks: no file is made beside it, also where no server runs. SQLite would make its log
/// and its shared memory to read a database that nobody has open, and leave them there.
pub(in crate::store::sqlite) fn connect_to_look(path: &Path) -> Result<Connection, OpenError> {
    refuse_old_sqlite()?;
    // Whoever has it open has a log, if an empty one.
    if beside(path, "-wal").exists() {
        return connect_to_read(path);
    }
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        let _ = write!(uri, "%{byte:02x}"); // to a text, which takes everything
    }
    uri.push_str("?immutable=1");
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri, flags).map_err(|error| failed(path, error))?;
    configure(&db).map_err(|error| failed(path, error))?;
    refuse_foreign(&db, path)?;
    Ok(db)
}

/// Opens a database without changing anything in it.
pub(in crate::store::sqlite) fn connect_to_read(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|error| failed(path, error))?;
    configure(&db).map_err(|error| failed(path, error))?;
    refuse_foreign(&db, path)?;
    Ok(db)
}

/// Makes a database that is thrown away unless everything in it succeeds: nothing has to be undone in it.
pub(in crate::store::sqlite) fn connect_draft(path: &Path) -> Result<Connection, OpenError> {
    refuse_old_sqlite()?;
    private_file(path).map_err(|error| refused(path, error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let db = Connection::open_with_flags(path, flags)?;
        configure(&db)?;
        db.pragma_update(None, "journal_mode", "OFF")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        db.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
        Ok(db)
    };
    open().map_err(|error| failed(path, error))
}

/// Opens a database that lives in memory and dies with its connection.
pub(in crate::store::sqlite) fn connect_in_memory() -> Result<Connection, OpenError> {
    refuse_old_sqlite()?;
    let path = Path::new(":memory:");
    let db = Connection::open_in_memory().map_err(|error| failed(path, error))?;
    configure(&db).map_err(|error| failed(path, error))?;
    Ok(db)
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(64);
    // Plans do not depend on the values bound: else SQLite compiles every statement with a `?` anew each time it runs.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.execute_batch(
        "PRAGMA synchronous = FULL; -- an acknowledged write survives a power failure (DB-1)
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 0; -- see checkpoint.rs
         PRAGMA journal_size_limit = 67108864;",
    )
}

/// Makes the changes of the tables without which this database is not opened.
pub(in crate::store::sqlite) fn migrate(
    db: &mut Connection,
    path: &Path,
    migrations: &Migrations,
) -> Result<(), OpenError> {
    refuse_foreign(db, path)?;
    schema::prepare(db, migrations).map_err(|error| not_migrated(path, error))
}

/// Makes the changes of the tables that are wanted; gives their numbers. One that contracts needs the file for itself.
pub(in crate::store::sqlite) fn migrate_file(
    path: &Path,
    migrations: &Migrations,
    wanted: Migrate,
) -> Result<Vec<i64>, OpenError> {
    let mode = if wanted == Migrate::Contract { OpenMode::Server } else { OpenMode::Tool };
    let _lock = prepare_file(path, mode)?;
    let mut db = connect(path)?;
    refuse_foreign(&db, path)?;
    schema::migrate(&mut db, migrations, wanted).map_err(|error| not_migrated(path, error))
}

/// What the tables of a file are.
pub(in crate::store::sqlite) fn status(
    path: &Path,
    migrations: &Migrations,
) -> Result<SchemaStatus, OpenError> {
    let db = connect_to_look(path)?;
    let found = schema::find(&db).map_err(|error| failed(path, error))?;
    Ok(migrations.status(&found, Vec::new()))
}

/// Looks for damage: everywhere in a small database, at the beginning of each table in a large one, where a whole check
/// would hold up the start.
pub(in crate::store::sqlite) fn check_for_damage(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let problem = || -> rusqlite::Result<Option<String>> {
        let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        if pages <= SMALL_DATABASE_PAGES {
            let report: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            return Ok(Some(report).filter(|report| report != "ok"));
        }
        for table in ["accounts", "sessions", "revocations", "signing_keys", "master_keys", "audit_log"] {
            db.prepare(&format!("SELECT * FROM {table} LIMIT 1"))?.query([])?.next()?;
        }
        Ok(None)
    };
    match problem().map_err(|error| failed(path, error))? {
        Some(problem) => Err(OpenError::Corrupt { path: path.to_owned(), problem }),
        None => Ok(()),
    }
}

pub(in crate::store::sqlite) fn other(path: &Path, source: io::Error) -> OpenError {
    OpenError::Other { path: path.to_owned(), source: Box::new(source) }
}

fn refuse_foreign(db: &Connection, path: &Path) -> Result<(), OpenError> {
    if schema::is_foreign(db).map_err(|error| failed(path, error))? {
        return Err(OpenError::ForeignDatabase(path.to_owned()));
    }
    Ok(())
}

fn not_migrated(path: &Path, error: NotMigrated) -> OpenError {
    match error {
        NotMigrated::Refused(reason) => OpenError::Schema { path: path.to_owned(), reason },
        NotMigrated::Failed(error) => match failed(path, error) {
            OpenError::Other { path, source } => OpenError::Migration { path, source },
            other => other,
        },
    }
}

/// Keeps other servers away for as long as the file that is returned is open.
pub(in crate::store::sqlite) fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = private_file(Path::new(&name)).map_err(|error| refused(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(refused(path, error)),
    }
}

/// Opens a file for its owner alone, whatever the umask; WAL and shared memory get the mode of the database.
pub(in crate::store::sqlite) fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn refuse_old_sqlite() -> Result<(), OpenError> {
    if rusqlite::version_number() < 3_051_003 {
        Err(OpenError::OldSqlite(rusqlite::version()))
    } else {
        Ok(())
    }
}

fn refused(path: &Path, error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            OpenError::NoPermission(path.to_owned())
        }
        _ => other(path, error),
    }
}

pub(in crate::store::sqlite) fn failed(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, problem: error.to_string() },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::NoPermission(path),
        _ => OpenError::Other { path, source: Box::new(error) },
    }
}

/// How long a write waits for a tool's, or a tool's for the server's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Negative: KiB, where a positive number would be pages.
const WRITER_CACHE_KIB: i64 = -32 * 1024;
/// 8 MiB: a whole check takes a few milliseconds.
const SMALL_DATABASE_PAGES: i64 = 2_000;

#[cfg(test)]
mod tests {
    use rusqlite::{OptionalExtension, StatementStatus};

    use super::*;

    #[test]
    fn a_statement_is_compiled_once_whatever_is_bound_to_it() {
        let mut db = connect_in_memory().unwrap();
        migrate(&mut db, Path::new(":memory:"), &schema::MIGRATIONS).unwrap();
        let sql =
            "SELECT s.revoked_at FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = ?1";
        for id in [[1_u8; 16], [2; 16], [3; 16]] {
            let mut statement = db.prepare_cached(sql).unwrap();
            assert_eq!(statement.query_row([id], |row| row.get::<_, u32>(0)).optional().unwrap(), None);
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        }
    }
}
