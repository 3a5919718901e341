//! What making and reading a backup share.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::BackupError;

/// What is being done, how many bytes of it are done, and how many there are.
pub type Progress<'a> = &'a mut dyn FnMut(BackupStep, u64, u64);

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupStep {
    /// One moment of the database is copied.
    Copying,
    /// The copy is encrypted, or decrypted.
    Sealing,
}

/// Gives all of a file, a piece at a time.
pub(super) fn copy(
    from: &mut impl Read,
    mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        take(buffer.get(..count).unwrap_or_default())?;
    }
}

pub(super) fn sync_directory(path: &Path) -> Result<(), BackupError> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    File::open(directory).and_then(|file| file.sync_all()).map_err(BackupError::of(directory))
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, BackupError> {
    std::path::absolute(path).map_err(BackupError::of(path))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

pub(super) const LINE: &[u8] = b"countersign backup 1\n";
const PIECE: usize = 256 * 1024;
