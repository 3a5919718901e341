//! From configuration to a running authentication system: the database, the master key, the options.

use anyhow::Context as _;
use countersign::base::clock::Clock;
use countersign::base::random::Random;
use countersign::options::Signing;
use countersign::store::KeyStore as _;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::{Countersign, OpenError};
use countersign_jwt::{Algorithm, SigningKey};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::serve::master_key_file;
use crate::serve::options::options;

/// The system over its embedded database.
pub(crate) type Instance = Countersign<SqliteStore>;

/// What an instance is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// To serve: alone on its database.
    Serve,
    /// To look after accounts and sessions, also beside the server.
    Manage,
    /// To look at signing keys, and make none.
    ViewKeys,
    /// To make the next signing key.
    RotateKeys,
}

/// Opens the database and everything in it. `origin` is the issuer.
///
/// # Errors
/// What stands in the way, in words for the operator. An existing database is as it was then.
pub(crate) async fn open(config: &Config, origin: &str, task: Task) -> anyhow::Result<Instance> {
    let mode = if task == Task::Serve { OpenMode::Server } else { OpenMode::Tool };
    let store = SqliteStore::open(config.database_path(), mode, config.session_policy())?;
    let random = Random::system();
    let master_keys = master_key_file::load_or_make(config, &store, &random).await?;
    let mut options = options(config, origin)?;
    options.signing = match task {
        Task::Serve => signing(config)?,
        Task::Manage => signs_nothing(&random)?,
        Task::ViewKeys if store.signing_keys().await?.is_empty() => signs_nothing(&random)?,
        Task::ViewKeys | Task::RotateKeys => signing_of_store(config, &store).await?,
    };
    let opened = Countersign::open(store, options, master_keys, Clock::system(), random).await;
    opened.map_err(|error| match error {
        OpenError::Pepper(_) => anyhow::Error::from(error).context("password.pepper_file"),
        error => error.into(),
    })
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
