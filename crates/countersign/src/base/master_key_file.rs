//! The master key in a file: made once, and changed, wholly or not at all, readable by its owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::base::master_key::{MasterKeyError, MasterKeys};
use crate::base::master_key_change::MasterKeyChangeError;
use crate::base::random::Random;

/// Why a master key file cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyFileError {
    /// It is not there, and the database cannot be used without it.
    #[error("the master key {} is missing, and its database cannot be used without it: put the file back", .0.display())]
    Missing(PathBuf),
    /// It cannot be read or written.
    #[error("the key file {path} cannot be read or written", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in it is not a master key.
    #[error("the key file {path} is malformed", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MasterKeyError,
    },
    /// The keys in it cannot be changed so.
    #[error(transparent)]
    Change(#[from] MasterKeyChangeError),
}

impl MasterKeys {
    /// The keys in this file, if there is one. A file that others can read is used with a warning in the log: secrets
    /// that an orchestrator mounts often cannot have another mode.
    ///
    /// # Errors
    /// [`MasterKeyFileError::Io`] and [`MasterKeyFileError::Malformed`].
    pub fn read_file(path: &Path) -> Result<Option<Self>, MasterKeyFileError> {
        let mode = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|source| io_error(path, source))?.permissions().mode(),
        };
        if mode & 0o077 != 0 {
            let mode = format!("{:o}", mode & 0o777);
            tracing::warn!(path = %path.display(), mode, "the key file can be read by others on this machine");
        }
        let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|source| io_error(path, source))?;
        let malformed = |source| MasterKeyFileError::Malformed { path: path.to_owned(), source };
        Self::parse(&text).map(Some).map_err(malformed)
    }

    /// Makes a new key and a file for it, mode 0600 in a directory of mode 0700; reads the one that somebody else has
    /// just made there.
    ///
    /// # Errors
    /// [`MasterKeyFileError::Io`] when it cannot be written; see [`MasterKeys::read_file`] for the rest.
    pub fn make_file(path: &Path, random: &Random) -> Result<Self, MasterKeyFileError> {
        let keys = Self::generate(random);
        let is_new = write_new(path, keys.to_secret_text().as_bytes(), random)
            .map_err(|source| io_error(path, source))?;
        if is_new {
            return Ok(keys);
        }
        Self::read_file(path)?.ok_or_else(|| MasterKeyFileError::Missing(path.to_owned()))
    }

    /// Changes the keys in a file, wholly or not at all; gives what is in it then. Of two that change it at once, the second
    /// sees what the first has done. Owner, mode and comment lines stay; the comments stand first.
    ///
    /// # Errors
    /// [`MasterKeyFileError::Missing`] when there is no file, [`MasterKeyFileError::Change`] when `change` refuses,
    /// [`MasterKeyFileError::Io`] when it cannot be written; see [`MasterKeys::read_file`] for the rest.
    pub fn change_file(
        path: &Path,
        random: &Random,
        change: impl FnOnce(&Self) -> Result<Self, MasterKeyChangeError>,
    ) -> Result<Self, MasterKeyFileError> {
        let failed = |source| io_error(path, source);
        // A link stays one: what it points to is changed.
        let file = match fs::canonicalize(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(MasterKeyFileError::Missing(path.to_owned()));
            }
            file => file.map_err(failed)?,
        };
        let folder = fs::File::open(folder_of(&file)).map_err(failed)?;
        folder.lock().map_err(failed)?;
        let keys = Self::read_file(&file)?.ok_or_else(|| MasterKeyFileError::Missing(path.to_owned()))?;
        let changed = change(&keys)?;
        replace(&file, &changed, random).and_then(|()| folder.sync_all()).map_err(failed)?;
        Ok(changed)
    }
}

/// Puts another text in the place of a file's, durably once its folder is synced.
fn replace(path: &Path, keys: &MasterKeys, random: &Random) -> io::Result<()> {
    let (old, before) = (fs::metadata(path)?, fs::read_to_string(path).map(Zeroizing::new)?);
    let comments = before.lines().filter(|line| line.trim_start().starts_with('#'));
    let mut text = Zeroizing::new(String::new());
    for line in comments.chain([keys.to_secret_text().trim_end()]) {
        text.push_str(line);
        text.push('\n');
    }
    let temporary = path.with_extension(format!("new-{}", random.hex_name()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let mut write = || {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
            // Run by root: the server has to read it as before.
            std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.set_permissions(old.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary)))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn io_error(path: &Path, source: io::Error) -> MasterKeyFileError {
    MasterKeyFileError::Io { path: path.to_owned(), source }
}

/// Writes a file that was not there, wholly or not at all, and durably; false if there is one.
fn write_new(path: &Path, bytes: &[u8], random: &Random) -> io::Result<bool> {
    let folder = folder_of(path);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let temporary = path.with_extension(format!("new-{}", random.hex_name()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let linked = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
        // Fails if the name exists, where a rename would put another key in the place of one that is in use.
        fs::hard_link(&temporary, path)
    });
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => fs::File::open(folder)?.sync_all().map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/master.key");
        let random = Random::system();
        assert!(MasterKeys::read_file(&path).unwrap().is_none());
        let made = MasterKeys::make_file(&path, &random).unwrap();
        let again = MasterKeys::make_file(&path, &random).unwrap();
        assert_eq!(made.fingerprints(), again.fingerprints(), "the first one stays");
        let permissions = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((permissions(&path), permissions(path.parent().unwrap())), (0o600, 0o700));
        fs::write(&path, "nonsense").unwrap();
        assert!(matches!(MasterKeys::read_file(&path), Err(MasterKeyFileError::Malformed { .. })));
    }

    #[test]
    fn a_file_is_changed_by_one_at_a_time_and_wholly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("link.key");
        let random = Random::system();
        let add = || MasterKeys::change_file(&path, &random, |keys| keys.with_new(0, &random));
        assert!(matches!(add(), Err(MasterKeyFileError::Missing(_))));
        let file = folder.path().join("master.key");
        let first = MasterKeys::make_file(&file, &random).unwrap();
        let text = format!("# kept in the safe\n{}", first.to_secret_text().as_str());
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &path).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| add().unwrap());
            }
        });
        let keys = MasterKeys::read_file(&file).unwrap().unwrap();
        assert_eq!(keys.numbers(), (1..=21).collect::<Vec<_>>(), "nobody's key is lost");
        assert_eq!(keys.fingerprints()[0], first.fingerprints()[0]);
        let before = fs::read_to_string(&file).unwrap();
        assert!(before.starts_with("# kept in the safe\n1 "));
        let refused = MasterKeys::change_file(&path, &random, |keys| Ok(keys.without(1)?.0));
        assert!(matches!(refused, Err(MasterKeyFileError::Change(MasterKeyChangeError::Current(1)))));
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left over");
    }
}
