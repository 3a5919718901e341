//! The database in a backup: one moment of a file that is in use, what is in it, and what becomes of it when it is put back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::apply::Transaction;
use super::engine::open::{self, OpenError};
use super::engine::schema::{self, MIGRATIONS};
use super::{keys, load};
use crate::base::clock::Timestamp;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::model::audit_chain::AuditSigner;
use crate::model::context::Context;
use crate::model::milestone::Milestone;
use crate::model::sealed_key::SealedKey;
use crate::model::session::{SessionPolicy, end_before, ends_all_at};
use crate::store::backup::error::BackupError;

/// What is in a database.
pub(in crate::store) struct Contents {
    pub(in crate::store) schema: i64,
    pub(in crate::store) rows: BTreeMap<String, u64>,
    pub(in crate::store) master_keys: Vec<(u8, [u8; 32])>,
    pub(in crate::store) signing_keys: Vec<String>,
    /// The latest time at which a session began or was refreshed, or a ticket was made.
    pub(in crate::store) newest: Option<Timestamp>,
}

/// Writes what is committed at this moment into an empty file, while others read and write. `progress` hears how many bytes are
/// there, of about how many.
pub(in crate::store) fn snapshot(
    path: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), BackupError> {
    let db = open::connect_to_read(path)?;
    // SQLite makes no file of its own then: this one is for its owner alone, whatever the umask.
    open::private_file(to).map_err(BackupError::of(to))?;
    let pages = |db: &Connection| -> rusqlite::Result<i64> {
        let size: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
        Ok(size * db.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?)
    };
    let all = pages(&db).map_err(|error| failed(path, error))?.unsigned_abs();
    let name = to.to_str().ok_or_else(|| BackupError::of(to)(std::io::ErrorKind::InvalidFilename.into()))?;
    std::thread::scope(|scope| {
        let copying = scope.spawn(move || db.execute("VACUUM INTO ?1", [name]));
        while !copying.is_finished() {
            std::thread::park_timeout(LOOK_EVERY);
            progress(fs::metadata(to).map_or(0, |found| found.len()).min(all), all);
        }
        match copying.join() {
            Ok(copied) => copied.map(drop).map_err(|error| failed(to, error)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Looks at all of a database that nobody writes.
pub(in crate::store) fn contents(path: &Path) -> Result<Contents, BackupError> {
    let db = open::connect_to_read(path)?;
    read_contents(&db).map_err(|error| failed(path, error))
}

fn read_contents(db: &Connection) -> rusqlite::Result<Contents> {
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let names: Vec<String> = db.prepare(names)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut rows = BTreeMap::new();
    for name in names {
        let sql = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
        rows.insert(name, db.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs());
    }
    let keys = "SELECT number, fingerprint FROM master_keys ORDER BY number";
    let key = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let signing = "SELECT kid FROM signing_keys ORDER BY number";
    // Copies that an older program made have no tickets.
    let tickets =
        if rows.contains_key("tickets") { "UNION ALL SELECT max(created_at) FROM tickets" } else { "" };
    let newest = format!("SELECT max(at) FROM (SELECT max(rotated_at) AS at FROM sessions {tickets})");
    Ok(Contents {
        schema: schema::find(db)?.version(),
        rows,
        master_keys: db.prepare(keys)?.query_map([], key)?.collect::<Result<_, _>>()?,
        signing_keys: db.prepare(signing)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?,
        newest: db
            .query_row(&newest, [], |row| row.get::<_, Option<i64>>(0))?
            .map(Timestamp::from_unix_millis),
    })
}

/// Looks for damage in all of it.
pub(in crate::store) fn check(path: &Path) -> Result<(), BackupError> {
    let db = open::connect_to_read(path)?;
    let found = db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match found.map_err(|error| failed(path, error))?.as_str() {
        "ok" => Ok(()),
        problem => Err(OpenError::Corrupt { path: path.to_owned(), problem: problem.to_owned() }.into()),
    }
}

/// Brings the tables of a database up to date that is to be put back, and ends the sessions in it; gives the instant of that.
/// Then all of it is on the disk.
pub(in crate::store) fn make_ready(
    path: &Path,
    ends_sessions: bool,
    (keys, random): (&MasterKeys, &Random),
    context: &Context,
) -> Result<Option<Timestamp>, BackupError> {
    let mut db = open::connect_draft(path)?;
    open::migrate(&mut db, path, &MIGRATIONS)?;
    let not_before = if ends_sessions {
        let sealed = keys::sealed_key(&db, SealedKey::Audit).map_err(|error| failed(path, error))?;
        // A key that does not open stops the server that is started next.
        let signer = sealed.and_then(|sealed| AuditSigner::open(&sealed, keys, random).ok());
        Some(end_sessions(&db, context, signer.as_ref()).map_err(|error| failed(path, error))?)
    } else {
        None
    };
    db.close().map_err(|(_, error)| failed(path, error))?;
    File::open(path).and_then(|file| file.sync_all()).map_err(BackupError::of(path))?;
    Ok(not_before)
}

fn end_sessions(
    db: &Connection,
    context: &Context,
    signer: Option<&AuditSigner>,
) -> rusqlite::Result<Timestamp> {
    db.execute_batch("BEGIN")?;
    // No rule that is asked here looks at the policy.
    let tx = Transaction::new(db, SessionPolicy::default(), context.origin()).signed_by(signer);
    let found = load::milestone(db, Milestone::SessionsNotBefore)?;
    let not_before = tx.apply(end_before(found, ends_all_at(context.now)))?;
    db.execute_batch("COMMIT")?;
    Ok(not_before)
}

/// Keeps servers and other commands away from a file for as long as the result lives.
pub(in crate::store) fn lock(path: &Path) -> Result<File, BackupError> {
    open::lock(path).map_err(|error| match error {
        OpenError::InUse(path) => BackupError::InUse(path),
        error => error.into(),
    })
}

/// Makes the directory of a database, for its owner alone.
pub(in crate::store) fn make_directory(path: &Path) -> Result<(), BackupError> {
    Ok(open::make_directory(path)?)
}

/// A new or empty file for its owner alone.
pub(in crate::store) fn private_file(path: &Path) -> Result<File, BackupError> {
    open::private_file(path).map_err(BackupError::of(path))
}

fn failed(path: &Path, error: rusqlite::Error) -> BackupError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => BackupError::Full(path.to_owned()),
        _ => open::failed(path, error).into(),
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(50);
