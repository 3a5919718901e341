//! What a database file is like, for `doctor`: nothing is changed, and no file is made beside it.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::beside::beside;
use super::engine::checkpoint::is_litestreams;
use super::engine::open::{self, OpenError};

/// What was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileFindings {
    /// The version of SQLite in this program, such as `3.51.3`.
    pub version: &'static str,
    /// Whether changes go to a write-ahead log first, so that readers and the writer do not wait for each other.
    pub has_log: bool,
    /// The size of the database.
    pub bytes: u64,
    /// The size of its write-ahead log.
    pub log_bytes: u64,
    /// Whether Litestream copies it.
    pub is_litestreams: bool,
}

/// Looks at a database file.
///
/// # Errors
/// See the variants of [`OpenError`].
pub fn inspect(path: impl AsRef<Path>) -> Result<FileFindings, OpenError> {
    let path = std::path::absolute(path.as_ref()).map_err(|error| open::other(path.as_ref(), error))?;
    let other = |error| open::other(&path, error);
    let db = open::connect_to_look(&path)?;
    let mut head = [0; 20];
    File::open(&path).and_then(|mut file| file.read_exact(&mut head)).map_err(other)?;
    Ok(FileFindings {
        version: rusqlite::version(),
        has_log: head[18..] == [WITH_LOG; 2],
        bytes: fs::metadata(&path).map_err(other)?.len(),
        log_bytes: fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len()),
        is_litestreams: is_litestreams(&db),
    })
}

/// The versions of the file format for writing and reading, in the file's head (SQLite, Database File Format, §1.3.3).
const WITH_LOG: u8 = 2;
