//! Looks at the hashes of passwords: what one costs here, and a sample of those that are stored.

use countersign::calibrate::measure;
use countersign::options::HashingOptions;
use countersign::store::{AccountStore as _, AnyStore, StoreError};
use countersign::{Clock, PasswordHasher, Random};

use crate::cli::doctor::seen::PasswordsSeen;
use crate::config::Config;
use crate::serve::options;

/// What hashes cost here; measured only if that is wanted. `None` if the pepper cannot be read, which another finding says.
pub(super) fn costs(config: &Config, is_measured: bool) -> Option<(PasswordsSeen, HashingOptions)> {
    let hashing = options::hashing(config).ok()?;
    let seen = PasswordsSeen {
        hash_time: is_measured.then(|| measure(&hashing, &Clock::system())),
        threads: hashing.threads.get() as u64,
        bytes_per_hash: u64::from(hashing.argon2.memory_kib()) * 1024,
        budget: hashing.memory_budget_bytes,
        ..PasswordsSeen::default()
    };
    Some((seen, hashing))
}

/// Adds what a fair sample of the stored hashes is.
pub(super) async fn sample(
    opened: &AnyStore,
    hashing: &HashingOptions,
    seen: &mut PasswordsSeen,
) -> Result<(), StoreError> {
    let stored = opened.password_hashes(SAMPLE).await?;
    let Ok(hasher) = PasswordHasher::new(hashing, Clock::system(), Random::system()) else { return Ok(()) };
    let is_foreign = |hash: &&_| !hasher.without_pepper(hash).as_str().starts_with(OURS);
    seen.sampled = stored.len() as u64;
    seen.foreign = stored.iter().filter(is_foreign).count() as u64;
    let is_outdated = |hash: &&_| hasher.with_newest_pepper(hash).is_some();
    seen.outdated_pepper = hashing.pepper.as_ref().map(|_| stored.iter().filter(is_outdated).count() as u64);
    Ok(())
}

const SAMPLE: u32 = 2_000;
const OURS: &str = "$argon2id$";
