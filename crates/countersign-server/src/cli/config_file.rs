//! Adds to the configuration file: behind what is there, which stays as it is written. The file is the old one or the new one at
//! any moment, and belongs to whom it belonged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A configuration file that nobody else adds to meanwhile.
pub(super) struct ConfigFile {
    /// The file itself, where the configured path is a link.
    path: PathBuf,
    text: String,
    /// Locked until this is dropped.
    folder: File,
}

impl ConfigFile {
    /// Reads it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let open = || -> io::Result<Self> {
            let path = fs::canonicalize(path)?;
            let folder = File::open(path.parent().unwrap_or(Path::new("/")))?;
            folder.lock()?;
            Ok(Self { text: fs::read_to_string(&path)?, path, folder })
        };
        open().with_context(|| path.display().to_string())
    }

    /// What it would be with this behind what is there.
    pub(super) fn with(&self, more: &str) -> String {
        let newline = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
        format!("{}{newline}{more}", self.text)
    }

    /// Puts this text in its place.
    ///
    /// # Errors
    /// It cannot be written; then it is as it was.
    pub(super) fn replace(self, text: &str) -> anyhow::Result<()> {
        let path = self.path.display();
        replace(&self.path, text)
            .and_then(|()| self.folder.sync_all())
            .with_context(|| format!("cannot write {path}"))
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let old = fs::metadata(path)?;
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let mut write = || {
        own_as(&file, &old)?;
        file.set_permissions(old.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Gives a new file to the owner of another one. Run by root: the server has to read it.
///
/// # Errors
/// That is for root to do.
pub(super) fn own_as(file: &File, other: &fs::Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) == (other.uid(), other.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(other.uid()), Some(other.gid()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_there_stays_as_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("c.toml"), folder.path().join("link.toml"));
        std::os::unix::fs::symlink("c.toml", &link).unwrap();
        for (before, after) in [("", "b\n"), ("a  = 1 # x\n", "a  = 1 # x\nb\n"), ("a", "a\nb\n")] {
            fs::write(&path, before).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let file = ConfigFile::open(&link).unwrap();
            let text = file.with("b\n");
            file.replace(&text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "a link stays one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }
}
