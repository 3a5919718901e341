//! Where the master key comes from. It is made once, for a database that has none yet; for any other, a missing key is
//! an error, never a reason to make another one (KM-4).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use countersign::master_key::MasterKeys;
use countersign::random::Random;
use countersign::store::Store;
use zeroize::Zeroizing;

use crate::config::Config;

/// The configured master keys; new ones if this is a new database and nothing else is configured.
///
/// # Errors
/// The key cannot be read, is malformed, or is missing for a database that was used with one.
pub(crate) async fn load_or_make(
    config: &Config,
    store: &impl Store,
    random: &Random,
) -> anyhow::Result<MasterKeys> {
    if let Some(secret) = &config.master_key {
        return MasterKeys::parse(&secret.0).context("COUNTERSIGN_MASTER_KEY");
    }
    let path = config.master_key_path();
    if let Some(keys) = read(&path)? {
        return Ok(keys);
    }
    let in_use = !store.master_key_fingerprints().await?.is_empty();
    anyhow::ensure!(
        !in_use,
        "the master key {} is missing, and the database {} cannot be used without it; put the file back (or set \
         master_key_file or COUNTERSIGN_MASTER_KEY). Nothing was changed",
        path.display(),
        config.database_path().display()
    );
    // A file that was named is expected to be there: a secret that is mounted too late must not be made anew.
    anyhow::ensure!(
        config.master_key_file.is_none(),
        "master_key_file: {} does not exist; make it with: countersign init",
        path.display()
    );
    make(&path, random)
}

/// Makes a new master key file, mode 0600 in a directory of mode 0700, or reads the one that somebody else has just made.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn make(path: &Path, random: &Random) -> anyhow::Result<MasterKeys> {
    let keys = MasterKeys::generate(random);
    if write_new(path, keys.to_secret_text().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?
    {
        return Ok(keys);
    }
    read(path)?.with_context(|| format!("{} was here and is gone", path.display()))
}

/// The keys in the file, if there is one.
fn read(path: &Path) -> anyhow::Result<Option<MasterKeys>> {
    let describe = || format!("the master key {}", path.display());
    let mode = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.with_context(describe)?.permissions().mode(),
    };
    if mode & 0o077 != 0 {
        // Not refused: secrets that an orchestrator mounts often cannot have another mode.
        tracing::warn!(
            path = %path.display(),
            mode = format!("{:o}", mode & 0o777),
            "the master key can be read by others on this machine; chmod 600 makes it private"
        );
    }
    let text = fs::read_to_string(path).map(Zeroizing::new).with_context(describe)?;
    MasterKeys::parse(&text).map(Some).with_context(describe)
}

/// Writes a file that was not there, wholly or not at all, and durably; false if there is one.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
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
