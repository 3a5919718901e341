//! Finds the master key: in the environment, in a configured file, or in the file beside the database.

use std::path::PathBuf;

use anyhow::Context as _;
use countersign::MasterKeys;
use countersign::Random;
use countersign::store::Store;

use crate::config::Config;

/// The configured master keys. If none is configured and the database is new, makes a key file.
///
/// # Errors
/// The key cannot be read, is malformed, or is missing for a database that was used with one (KM-4).
pub(crate) async fn load_or_make(
    config: &Config,
    store: &impl Store,
    random: &Random,
) -> anyhow::Result<MasterKeys> {
    let path = config.master_key_path();
    // `init` for a shared store makes a configured file too, as it does before it opens a database of its own.
    let given = if config.store.is_some() { in_environment(config)? } else { configured(config)? };
    if let Some(keys) = given {
        return Ok(keys);
    }
    Ok(countersign::master_keys(store, &path, random).await?)
}

/// The configured master keys, of which none is made here.
///
/// # Errors
/// They cannot be read, or there are none.
pub(crate) fn require(config: &Config) -> anyhow::Result<MasterKeys> {
    if let Some(keys) = configured(config)? {
        return Ok(keys);
    }
    let path = config.master_key_path();
    let remedy = if config.store.is_some() {
        ": all nodes of a shared store have the same master key; copy it there, or for a new database make it with: \
         countersign init"
    } else {
        ""
    };
    MasterKeys::read_file(&path)?.with_context(|| format!("{} does not exist{remedy}", path.display()))
}

/// The file whose keys a command may change.
///
/// # Errors
/// The keys are in the environment.
pub(crate) fn path(config: &Config) -> anyhow::Result<PathBuf> {
    anyhow::ensure!(
        config.master_key.is_none(),
        "the master key is in the environment: put the lines there yourself, the key to use first, and a new key as: \
         <its number> $(countersign secret)"
    );
    Ok(config.master_key_path())
}

fn in_environment(config: &Config) -> anyhow::Result<Option<MasterKeys>> {
    let keys = config.master_key.as_ref().map(|secret| MasterKeys::parse(&secret.0));
    keys.transpose().context("COUNTERSIGN_MASTER_KEY")
}

/// The key in the environment or in a configured file; `None` if neither is configured.
fn configured(config: &Config) -> anyhow::Result<Option<MasterKeys>> {
    if let Some(keys) = in_environment(config)? {
        return Ok(Some(keys));
    }
    let Some(path) = &config.master_key_file else { return Ok(None) };
    // A configured file must exist: if a secret is mounted too late, no other key may take its place.
    let missing =
        || format!("master_key_file: {} does not exist; make it with: countersign init", path.display());
    MasterKeys::read_file(path)?.with_context(missing).map(Some)
}
