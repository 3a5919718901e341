//! Reading a backup: to look whether it is good, and to put it back.

use std::fs::{self, File};
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context as Hash, SHA256};

use super::error::BackupError;
use super::files::{BackupStep, LINE, Progress, absolute, copy, hex, sync_directory};
use super::manifest::{FORMAT, MAX_BYTES, Manifest};
use crate::base::clock::Timestamp;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::base::sealed_file::OpeningReader;
use crate::model::context::Context;
use crate::store::sqlite::backup as sqlite;
use crate::store::sqlite::beside::{Unfinished, beside, in_its_place};

/// What becomes of the sessions in a backup that is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// They end: nobody knows which of them had ended since (DB-4).
    End,
    /// They go on, also those that had ended since. Only for a backup after which nothing has happened.
    GoOn,
}

/// A backup that was put back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Restored {
    /// What was in it.
    pub manifest: Manifest,
    /// Sessions that began before have ended; those that begin from then on go on. A second or two away.
    pub not_before: Option<Timestamp>,
}

/// Looks whether a backup is whole and what is in it agrees with its manifest, which it gives. The database is decrypted into a
/// file in the directory `scratch` meanwhile.
///
/// # Errors
/// See the variants of [`BackupError`].
pub fn verify(
    file: &Path,
    scratch: &Path,
    keys: &MasterKeys,
    progress: Progress<'_>,
) -> Result<Manifest, BackupError> {
    let (file, place) = (absolute(file)?, absolute(&scratch.join("countersign.db.verifying"))?);
    let _lock = sqlite::lock(&place)?;
    let place = Unfinished(place);
    place.delete();
    extract(&file, &place.0, keys, progress).map(|(manifest, _)| manifest)
}

/// Makes the database `path` of a backup. There must be none, and no server. All sessions end, unless they are to go on.
///
/// # Errors
/// See the variants of [`BackupError`]: there is no database then, as before.
pub fn restore(
    file: &Path,
    path: &Path,
    keys: (&MasterKeys, &Random),
    (sessions, context): (Sessions, &Context),
    progress: Progress<'_>,
) -> Result<Restored, BackupError> {
    let (file, path) = (absolute(file)?, absolute(path)?);
    sqlite::make_directory(&path)?;
    let _lock = sqlite::lock(&path)?;
    refuse_database(&path)?;
    let draft = Unfinished(beside(&path, ".restoring"));
    draft.delete();
    let (manifest, newest) = extract(&file, &draft.0, keys.0, progress)?;
    let newest = newest.max(Some(Timestamp::from_unix_millis(manifest.made_at)));
    if let Some(newest) = newest.filter(|newest| *newest > context.now) {
        return Err(BackupError::ClockBehind(newest));
    }
    let not_before = sqlite::make_ready(&draft.0, sessions == Sessions::End, keys, context)?;
    refuse_database(&path)?;
    fs::rename(&draft.0, &path).map_err(BackupError::of(&path))?;
    sync_directory(&path)?;
    Ok(Restored { manifest, not_before })
}

fn refuse_database(path: &Path) -> Result<(), BackupError> {
    in_its_place(path).map_or(Ok(()), |found| Err(BackupError::Exists(found)))
}

/// Decrypts the database into a file and compares it with the manifest; gives that, and when a session of it was last used or a ticket made.
fn extract(
    file: &Path,
    to: &Path,
    keys: &MasterKeys,
    progress: Progress<'_>,
) -> Result<(Manifest, Option<Timestamp>), BackupError> {
    let sealed = File::open(file).map_err(BackupError::of(file))?;
    let mut sealed =
        OpeningReader::begin(BufReader::new(sealed), LINE, keys).map_err(BackupError::of(file))?;
    let manifest = read_manifest(&mut sealed).map_err(BackupError::of(file))?;
    let differs = |problem: String| BackupError::Differs { file: file.to_owned(), problem };
    if manifest.format != FORMAT {
        return Err(differs(format!("its format is {}, and this program reads {FORMAT}", manifest.format)));
    }
    let mut plain = sqlite::private_file(to)?;
    let (mut hash, mut done) = (Hash::new(&SHA256), 0);
    let mut failed_to_write = false;
    let copied = copy(&mut sealed, |bytes| {
        hash.update(bytes);
        done += bytes.len() as u64;
        progress(BackupStep::Sealing, done, manifest.database_bytes);
        plain.write_all(bytes).inspect_err(|_| failed_to_write = true)
    });
    copied.map_err(BackupError::of(if failed_to_write { to } else { file }))?;
    if (done, hex(hash.finish().as_ref())) != (manifest.database_bytes, manifest.database_sha256.clone()) {
        return Err(differs("its checksum is another one".to_owned()));
    }
    sqlite::check(to)?;
    let found = sqlite::contents(to)?;
    if (found.schema, &found.rows) != (manifest.schema, &manifest.rows) {
        return Err(differs("it has other tables or rows".to_owned()));
    }
    Ok((manifest, found.newest))
}

fn read_manifest(sealed: &mut impl std::io::Read) -> std::io::Result<Manifest> {
    let mut len = [0; 4];
    sealed.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len).min(MAX_BYTES);
    let mut about = Vec::new();
    sealed.take(len.into()).read_to_end(&mut about)?;
    Ok(serde_json::from_slice(&about)?)
}
