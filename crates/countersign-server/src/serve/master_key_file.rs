//! Where the master key comes from: the environment, a file that was named, or the file beside the database.

use anyhow::Context as _;
use countersign::base::master_key::MasterKeys;
use countersign::base::random::Random;
use countersign::flows::embedded;
use countersign::store::Store;

use crate::config::Config;

/// The configured master keys; new ones if this is a new database and nothing else is configured.
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
    // A file that was named is expected to be there: a secret that is mounted too late must not be made anew.
    anyhow::ensure!(
        config.master_key_file.is_none() || path.exists(),
        "master_key_file: {} does not exist; make it with: countersign init",
        path.display()
    );
    Ok(embedded::master_keys(store, &path, random).await?)
}
