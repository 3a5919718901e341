//! Opens the authentication system that a configuration describes: database, master key, options.

use std::path::{Path, PathBuf};

use countersign::Clock;
use countersign::Random;
use countersign::options::Signing;
use countersign::store::KeyStore as _;
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::{Countersign, OpenError};
use countersign_jwt::{Algorithm, SigningKey};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::serve::options::options;
use crate::serve::upstream::upstream;
use crate::serve::{dev_mark, master_key_file};

/// The authentication system with its embedded database.
pub(crate) type Instance = Countersign<SqliteStore>;

/// Why an instance is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// To serve requests: the only server on its database.
    Serve,
    /// To manage accounts and sessions, also while the server runs.
    Manage,
    /// To list signing keys without making one.
    ViewKeys,
    /// To make the next signing key.
    RotateKeys,
}

/// Checks that the database exists: a mistyped path must not lead to a new, empty one.
///
/// # Errors
/// There is none; the message says where, and what makes one.
pub(crate) fn require_database(config: &Config) -> anyhow::Result<()> {
    let path = config.database_path();
    let dev = if dev_mark::is_marked(Path::new(DEV_DATA_DIR)) {
        "; for the data of `countersign dev` add: --data-dir countersign-dev"
    } else {
        ""
    };
    anyhow::ensure!(
        path.exists(),
        "there is no database {}; make one with: countersign init{dev}",
        shown(&path).display()
    );
    Ok(())
}

/// The data directory of `countersign dev`.
pub(crate) const DEV_DATA_DIR: &str = "countersign-dev";

/// A path as people can find it, whichever folder they are in.
pub(crate) fn shown(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Opens the database and everything in it, and makes what is missing. `origin` is the issuer.
///
/// # Errors
/// The database, the master key or the pepper cannot be used; the message is for the operator. An existing
/// database is not changed.
pub(crate) async fn open(config: &Config, origin: &str, task: Task) -> anyhow::Result<Instance> {
    let mode = if task == Task::Serve { OpenMode::Server } else { OpenMode::Tool };
    let store = SqliteStore::open(config.database_path(), mode, config.session_policy())?;
    let random = Random::system();
    let master_keys = master_key_file::load_or_make(config, &store, &random).await?;
    let mut options = options(config, origin)?;
    if task == Task::Serve {
        options.upstream = upstream(config)?;
    }
    let newest = match task {
        Task::ViewKeys | Task::RotateKeys => store.signing_keys().await?.pop(),
        Task::Serve | Task::Manage => None,
    };
    options.signing = match (task, &newest) {
        (Task::Serve | Task::RotateKeys, _) | (Task::ViewKeys, Some(_)) => signing(config)?,
        (Task::Manage, _) | (Task::ViewKeys, None) => signs_nothing(&random)?,
    };
    // A command makes no key of another algorithm than the newest: that is for the server to do, which may run with
    // another configuration.
    if let Some(algorithm) = newest.and_then(|key| Algorithm::from_name(&key.algorithm)) {
        options.audiences.default.algorithm = algorithm;
    }
    let opened = Countersign::open(store, options, master_keys, Clock::system(), random).await;
    opened.map_err(|error| match error {
        OpenError::Pepper(_) => anyhow::Error::from(error).context("password.pepper_file"),
        error => error.into(),
    })
}

/// The configured signing method.
fn signing(config: &Config) -> anyhow::Result<Signing> {
    let Some(secret) = &config.jwt_secret else {
        return Ok(Signing::KeyPairs);
    };
    // The bytes of the text, not the bytes that its hex digits encode: verifying libraries do the same.
    Ok(Signing::SharedSecret(SigningKey::hmac(Algorithm::Hs256, secret.0.as_bytes())?))
}

/// A secret that is forgotten at once. A command that manages accounts needs no signing key, and must not
/// make one: it may run with another configuration than the server.
fn signs_nothing(random: &Random) -> anyhow::Result<Signing> {
    let secret = Zeroizing::new(random.bytes::<32>());
    Ok(Signing::SharedSecret(SigningKey::hmac(Algorithm::Hs256, secret.as_slice())?))
}
