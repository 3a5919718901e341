//! Files beside a database: one that becomes it, or that is of use for a moment only.

use std::fs;
use std::path::{Path, PathBuf};

/// A file that is deleted unless it gets another name.
pub(in crate::store) struct Unfinished(pub(in crate::store) PathBuf);

impl Unfinished {
    /// Deletes what an earlier attempt has left, too.
    pub(in crate::store) fn delete(&self) {
        // SQLite leaves its journal behind where it fails. What cannot be deleted is named by the next attempt.
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(&self.0, suffix));
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.delete();
    }
}

/// What is in the place of a database that is to be made. A log without its database would be taken for that of the new one.
pub(in crate::store) fn in_its_place(path: &Path) -> Option<PathBuf> {
    let is_there = |suffix: &&str| match fs::symlink_metadata(beside(path, suffix)) {
        Ok(found) => suffix.is_empty() || found.len() > 0,
        Err(_) => false,
    };
    ["", "-wal", "-journal"].iter().find(|suffix| is_there(suffix)).map(|suffix| beside(path, suffix))
}

/// The name with something after it.
pub(in crate::store) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
