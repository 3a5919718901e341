//! Why there is no backup, or why one is not restored.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::clock::Timestamp;
use crate::base::master_key::SealError;
use crate::store::sqlite::OpenError;

/// Why a backup was not made, read or restored. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is something of this name, which is never overwritten.
    #[error("{} exists already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// A server, or another command, is using this database.
    #[error("{} is in use: stop the server, or wait for the other command", .0.display())]
    InUse(PathBuf),
    /// The disk is full.
    #[error("there is not enough room on the disk for {}", .0.display())]
    Full(PathBuf),
    /// The master key of this number is needed.
    #[error("{file} needs the master key number {number}, which is not configured", file = .file.display())]
    UnknownKey {
        /// The backup.
        file: PathBuf,
        /// The number.
        number: u8,
    },
    /// It was changed, is not whole, is something else, or was made with another master key.
    #[error("{} is no backup that this master key opens: it is damaged, not whole, something else, or of another master key", .0.display())]
    Damaged(PathBuf),
    /// What is in it is not what its manifest says.
    #[error("the database in {file} is not what was backed up: {problem}", file = .file.display())]
    Differs {
        /// The backup.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The clock of this machine is behind what the backup knows, so sessions and tickets of it would live again.
    #[error("the clock of this machine is behind the backup, which knows of {}: set it first", utc(*.0))]
    ClockBehind(Timestamp),
    /// The database in it, or the one that is backed up, cannot be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The system refuses something else.
    #[error("{}", .path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn utc(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_unix_millis());
    at.map_or_else(|_| "a time out of range".to_owned(), |at| at.to_string())
}

impl BackupError {
    /// Why a file could not be read or written.
    pub(in crate::store) fn of(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
                io::ErrorKind::AlreadyExists => Self::Exists(path),
                io::ErrorKind::InvalidData => match source.get_ref().and_then(|error| error.downcast_ref()) {
                    Some(SealError::UnknownKey(number)) => Self::UnknownKey { file: path, number: *number },
                    _ => Self::Damaged(path),
                },
                io::ErrorKind::UnexpectedEof => Self::Damaged(path),
                _ => Self::System { path, source },
            }
        }
    }
}
