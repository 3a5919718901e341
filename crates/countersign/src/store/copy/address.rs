//! Where a store is: the path of a file, or the address of a database; and whether it may be in use.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::store::postgres::{DatabaseUrl, InvalidDatabaseUrl};

/// Where a store is.
#[derive(Clone, Debug)]
pub enum StoreAddress {
    /// In a SQLite file.
    Sqlite(PathBuf),
    /// In a PostgreSQL database.
    Postgres(Box<DatabaseUrl>),
}

impl StoreAddress {
    /// Reads `postgres://…`, or else the path of a SQLite file. The path of a directory, or one that ends with `/`, means the
    /// file `countersign.db` in it.
    ///
    /// # Errors
    /// Every variant of [`InvalidDatabaseUrl`], except that for another scheme.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        match DatabaseUrl::parse(text) {
            Ok(url) => Ok(Self::Postgres(Box::new(url))),
            Err(InvalidDatabaseUrl::Scheme) => {
                let path = Path::new(text);
                let is_directory = path.is_dir() || text.ends_with('/');
                Ok(Self::Sqlite(if is_directory { path.join("countersign.db") } else { path.to_owned() }))
            }
            Err(invalid) => Err(invalid),
        }
    }

    /// Whether both are certainly one store. Two names of one database may stay unnoticed; it is not empty then.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sqlite(one), Self::Sqlite(other)) => match (one.canonicalize(), other.canonicalize()) {
                (Ok(one), Ok(other)) => one == other,
                _ => one == other,
            },
            (Self::Postgres(one), Self::Postgres(other)) => one.to_string() == other.to_string(),
            _ => false,
        }
    }
}

/// The path, or `postgres://host:5432/database`: never a password.
impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// Whether a store is copied that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileServing {
    /// No. No server can start on a SQLite file while it is copied.
    Refuse,
    /// One moment of it is copied. What is written later, log-outs too, is not in the copy.
    Allow,
}
