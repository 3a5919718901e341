//! Making a backup.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context as Hash, SHA256};

use super::error::BackupError;
use super::files::{BackupStep, LINE, Progress, absolute, copy, hex, sync_directory};
use super::manifest::{FORMAT, MAX_BYTES, Manifest};
use crate::base::clock::Timestamp;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::base::sealed_file::SealingWriter;
use crate::store::sqlite::backup as sqlite;
use crate::store::sqlite::beside::{Unfinished, beside};

/// Backs the database `path` up into the new file `to`, while others may read and write it; gives what is in it. What is
/// committed at `now` is. It needs room for a copy beside the database, which is deleted in the end.
///
/// # Errors
/// See the variants of [`BackupError`]: no backup is there then.
pub fn back_up(
    path: &Path,
    to: &Path,
    (keys, random): (&MasterKeys, &Random),
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Manifest, BackupError> {
    let (path, to) = (absolute(path)?, absolute(to)?);
    refuse_existing(&to)?;
    let snapshot = beside(&path, ".snapshot");
    let _lock = sqlite::lock(&snapshot)?;
    let snapshot = Unfinished(snapshot);
    snapshot.delete();
    sqlite::snapshot(&path, &snapshot.0, &mut |done, all| progress(BackupStep::Copying, done, all))?;
    let manifest = describe(&snapshot.0, now)?;
    let unfinished = Unfinished(beside(&to, ".unfinished"));
    unfinished.delete();
    seal(&snapshot.0, &unfinished.0, &manifest, (keys, random), progress)?;
    refuse_existing(&to)?;
    fs::rename(&unfinished.0, &to).map_err(BackupError::of(&to))?;
    sync_directory(&to)?;
    Ok(manifest)
}

fn describe(snapshot: &Path, now: Timestamp) -> Result<Manifest, BackupError> {
    let found = sqlite::contents(snapshot)?;
    let mut file = File::open(snapshot).map_err(BackupError::of(snapshot))?;
    let mut hash = Hash::new(&SHA256);
    let mut database_bytes = 0;
    copy(&mut file, |bytes| {
        hash.update(bytes);
        database_bytes += bytes.len() as u64;
        Ok(())
    })
    .map_err(BackupError::of(snapshot))?;
    Ok(Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: found.schema,
        made_at: now.as_unix_millis(),
        master_keys: found.master_keys.into_iter().map(|(number, print)| (number, hex(&print))).collect(),
        signing_keys: found.signing_keys,
        rows: found.rows,
        database_bytes,
        database_sha256: hex(hash.finish().as_ref()),
    })
}

fn seal(
    snapshot: &Path,
    to: &Path,
    manifest: &Manifest,
    (keys, random): (&MasterKeys, &Random),
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let mut write = || {
        let file = new_file(to)?;
        let mut sealed = SealingWriter::begin(BufWriter::new(file), LINE, keys, random)?;
        let about = serde_json::to_vec(manifest)?;
        sealed.write_all(&u32::try_from(about.len()).unwrap_or(MAX_BYTES).to_be_bytes())?;
        sealed.write_all(&about)?;
        let mut done = 0;
        copy(&mut File::open(snapshot)?, |bytes| {
            sealed.write_all(bytes)?;
            done += bytes.len() as u64;
            progress(BackupStep::Sealing, done, manifest.database_bytes);
            Ok(())
        })?;
        let file = sealed.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()
    };
    write().map_err(BackupError::of(to))
}

fn new_file(to: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(to)
}

fn refuse_existing(path: &Path) -> Result<(), BackupError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(BackupError::Exists(path.to_owned())),
        Err(_) => Ok(()),
    }
}
