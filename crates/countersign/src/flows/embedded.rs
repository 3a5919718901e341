//! Everything in one directory: the SQLite database and, beside it, the master key. What the server's
//! defaults and most embedders want.

use std::path::Path;

use crate::base::clock::Clock;
use crate::base::master_key::MasterKeys;
use crate::base::master_key_file::MasterKeyFileError;
use crate::base::random::Random;
use crate::store::sqlite::{OpenMode, SqliteStore};
use crate::store::{Store, StoreError};
use crate::{Countersign, OpenError, Options, store};

/// Why the directory could not be opened. Nothing in an existing database has been changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenDirectoryError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] store::sqlite::OpenError),
    /// The master key cannot be read or made.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyFileError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key is another one, or the options are out of range.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Countersign<SqliteStore> {
    /// Opens `countersign.db` and `master.key` in `directory`, making what is missing: the directory (its
    /// parent must exist) with mode 0700, the files with mode 0600. A master key is made only for a database
    /// that has not been used with one (KM-4).
    ///
    /// # Errors
    /// Every variant of [`OpenDirectoryError`].
    pub async fn open_directory(
        directory: impl AsRef<Path>,
        options: Options,
    ) -> Result<Self, OpenDirectoryError> {
        let (directory, random) = (directory.as_ref(), Random::system());
        let store = SqliteStore::open(directory.join("countersign.db"), OpenMode::Server, options.sessions)?;
        let master_keys = master_keys(&store, &directory.join("master.key"), &random).await?;
        Ok(Self::open(store, options, master_keys, Clock::system(), random).await?)
    }
}

/// The master keys in the file; a new one when there is no file and the store has not been used with any.
///
/// # Errors
/// [`OpenDirectoryError::MasterKey`] when the file cannot be read or made, or is missing for a store that
/// needs it, and [`OpenDirectoryError::Store`] when the store did not answer.
pub async fn master_keys(
    store: &impl Store,
    path: &Path,
    random: &Random,
) -> Result<MasterKeys, OpenDirectoryError> {
    if let Some(keys) = MasterKeys::read_file(path)? {
        return Ok(keys);
    }
    if !store.master_key_fingerprints().await?.is_empty() {
        return Err(MasterKeyFileError::Missing(path.to_owned()).into());
    }
    Ok(MasterKeys::make_file(path, random)?)
}
