//! From configuration to a running authentication system: the database, the master key, the options.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context as _;
use countersign::clock::Clock;
use countersign::key_ring::KeySchedule;
use countersign::options::Signing;
use countersign::password::Argon2Cost;
use countersign::random::Random;
use countersign::session::SessionPolicy;
use countersign::store::Store as _;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::{Countersign, Options};
use countersign_jwt::{Algorithm, SigningKey};
use zeroize::Zeroizing;

use crate::config::{Config, TokenType};
use crate::master_key_file;

/// The system over its embedded database.
pub(crate) type Instance = Countersign<SqliteStore>;

/// What an instance is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To serve: alone on its database.
    Serve,
    /// To look after accounts and sessions, also beside the server.
    Manage,
    /// To look at signing keys, or make the next.
    Keys,
}

/// Opens the database and everything in it. `origin` is the issuer.
///
/// # Errors
/// What stands in the way, in words for the operator. An existing database is as it was then.
pub(crate) async fn open(config: &Config, origin: &str, purpose: Purpose) -> anyhow::Result<Instance> {
    let mode = if purpose == Purpose::Serve { OpenMode::Server } else { OpenMode::Tool };
    let store = SqliteStore::open(config.database_path(), mode, session_policy(config))?;
    let random = Random::system();
    let master_keys = master_key_file::load_or_make(config, &store, &random).await?;
    let mut options = options(config, origin)?;
    options.signing = match purpose {
        Purpose::Serve => signing(config)?,
        Purpose::Manage => signs_nothing(&random)?,
        Purpose::Keys => signing_of_store(config, &store).await?,
    };
    Ok(Countersign::open(store, options, master_keys, Clock::system(), random).await?)
}

fn session_policy(config: &Config) -> SessionPolicy {
    SessionPolicy {
        min_age: config.session_min_age,
        grace: config.session_grace,
        idle_ttl: config.session_idle_ttl,
        absolute_ttl: config.session_absolute_ttl,
        access_token_ttl: config.access_token_ttl,
        max_sessions: config.session_max_per_account,
    }
}

fn options(config: &Config, origin: &str) -> anyhow::Result<Options> {
    let mut options = Options::new(origin, config.audience.as_deref().unwrap_or(origin));
    options.token_type = match config.token_type {
        TokenType::AtJwt => countersign_jwt::TokenType::AccessToken,
        TokenType::Jwt => countersign_jwt::TokenType::Exactly("JWT".into()),
    };
    options.sessions = session_policy(config);
    options.keys = KeySchedule {
        // Zero is never: the sum with any instant is then the end of time.
        rotate_every: if config.keys_rotate_every.is_zero() {
            Duration::MAX
        } else {
            config.keys_rotate_every
        },
        publish_ahead: config.keys_publish_before,
        ..KeySchedule::default()
    };
    options.passwords.min_length = usize::try_from(config.password_min_length)?;
    if let Some(threads) = NonZeroUsize::new(usize::try_from(config.password_hash_threads)?) {
        options.hashing.threads = threads;
    }
    let memory_kib = u32::try_from(config.password_hash_memory.0 >> 10)?;
    options.hashing.argon2 = Argon2Cost::new(memory_kib, 2, 1)?;
    options.keep_audit = config.retention_audit;
    Ok(options)
}

/// What signs, as configured.
fn signing(config: &Config) -> anyhow::Result<Signing> {
    let Some(secret) = &config.jwt_secret else {
        let algorithm = Algorithm::from_name(&config.algorithm).context("an unknown algorithm")?;
        return Ok(Signing::KeyPair(algorithm));
    };
    // The text as it stands, not what its hex digits spell: so do all the libraries that people verify with.
    Ok(Signing::SharedSecret(SigningKey::hmac(Algorithm::Hs256, secret.0.as_bytes())?))
}

/// As configured, but a command makes no key of another algorithm than the newest: that is for the server to do, which
/// may run with another configuration.
async fn signing_of_store(config: &Config, store: &SqliteStore) -> anyhow::Result<Signing> {
    let newest = store.signing_keys().await?.pop().and_then(|key| Algorithm::from_name(&key.algorithm));
    Ok(match (signing(config)?, newest) {
        (Signing::KeyPair(_), Some(newest)) => Signing::KeyPair(newest),
        (configured, _) => configured,
    })
}

/// A secret that is forgotten at once: somebody who looks after accounts needs no signing key, and a command that runs
/// with another configuration than the server must not make one.
fn signs_nothing(random: &Random) -> anyhow::Result<Signing> {
    let secret = Zeroizing::new(random.bytes::<32>());
    Ok(Signing::SharedSecret(SigningKey::hmac(Algorithm::Hs256, secret.as_slice())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    /// Two lists of defaults, one that operators read and one that embedders get, say the same.
    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_library() {
        let config = Config::load(Settings::default()).unwrap();
        let configured = options(&config, "https://a.example").unwrap();
        let library = Options::new("https://a.example", "https://a.example");
        assert_eq!(configured.sessions, library.sessions);
        assert_eq!(configured.keys, library.keys);
        assert_eq!(configured.token_type, library.token_type);
        assert_eq!(configured.passwords.min_length, library.passwords.min_length);
        assert_eq!(configured.hashing.threads, library.hashing.threads);
        assert_eq!(configured.hashing.argon2, library.hashing.argon2);
        assert_eq!(configured.keep_audit, library.keep_audit);
        assert!(matches!(signing(&config).unwrap(), Signing::KeyPair(Algorithm::Es256)));
    }
}
