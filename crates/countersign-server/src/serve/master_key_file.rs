//! Finds the master key: in the environment, in a configured file, or in the file beside the database.

use anyhow::Context as _;
use countersign::base::master_key::MasterKeys;
use countersign::base::random::Random;
use countersign::flows::embedded;
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
    if let Some(secret) = &config.master_key {
        return MasterKeys::parse(&secret.0).context("COUNTERSIGN_MASTER_KEY");
    }
    let path = config.master_key_path();
    // A configured file must exist: if a secret is mounted too late, no other key may take its place.
    anyhow::ensure!(
        config.master_key_file.is_none() || path.exists(),
        "master_key_file: {} does not exist; make it with: countersign init",
        path.display()
    );
    Ok(embedded::master_keys(store, &path, random).await?)
}
