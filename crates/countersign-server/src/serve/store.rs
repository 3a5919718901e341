//! Which store the configuration means: the database in the data directory, or a PostgreSQL database that several nodes
//! share; and how it is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::Random;
use countersign::options::SessionPolicy;
use countersign::store::postgres::{DatabaseUrl, OpenError, PostgresStore};
use countersign::store::sqlite::{self, OpenMode, SqliteStore};
use countersign::store::{AnyStore, Migrate, Migrations, SchemaStatus};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::config::Config;
use crate::serve::dev_mark::{self, DEV_DATA_DIR};

/// Where the store is, for people: without a password.
pub(crate) fn shown(config: &Config) -> String {
    match &config.store {
        Some(url) => url.to_string(),
        None => shown_path(&config.database_path()).display().to_string(),
    }
}

/// A path as people can find it, whichever folder they are in.
pub(crate) fn shown_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Checks that a database in the data directory exists: a mistyped path must not lead to a new, empty one.
///
/// # Errors
/// There is none; the message says where, and what makes one.
pub(crate) fn require(config: &Config) -> anyhow::Result<()> {
    if config.store.is_some() {
        return Ok(());
    }
    let dev = if dev_mark::is_marked(Path::new(DEV_DATA_DIR)) {
        "; for the data of `countersign dev` add: --data-dir countersign-dev"
    } else {
        ""
    };
    anyhow::ensure!(
        config.database_path().exists(),
        "there is no database {}; make one with: countersign init{dev}",
        shown(config)
    );
    Ok(())
}

/// Opens the store, and brings its tables up to date if that may be.
///
/// # Errors
/// It cannot be opened; the message is for the operator.
pub(crate) async fn open(config: &Config, mode: OpenMode, may_migrate: bool) -> anyhow::Result<AnyStore> {
    let policy = config.session_policy();
    let allowed = |all: Migrations| if may_migrate { all } else { all.by_command_only() };
    match &config.store {
        None => {
            let migrations = allowed(SqliteStore::migrations());
            let store = SqliteStore::open_with(config.database_path(), mode, policy, &migrations)?;
            Ok(AnyStore::Sqlite(store))
        }
        Some(url) => {
            let migrations = allowed(PostgresStore::migrations());
            let attempts = if mode == OpenMode::Server { ATTEMPTS } else { 1 };
            Ok(AnyStore::Postgres(open_shared(url, policy, &migrations, attempts).await?))
        }
    }
}

/// The same for a server, when the one that it replaces has closed the store. On PostgreSQL nobody is waited for.
///
/// # Errors
/// As for [`open`]; also if another server still has the store after ten seconds.
pub(crate) async fn open_when_free(config: &Config, may_migrate: bool) -> anyhow::Result<AnyStore> {
    let is_in_use = |error: &anyhow::Error| matches!(error.downcast_ref(), Some(sqlite::OpenError::InUse(_)));
    let deadline = Instant::now() + UNTIL_FREE;
    loop {
        match open(config, OpenMode::Server, may_migrate).await {
            Err(error) if is_in_use(&error) && Instant::now() < deadline => sleep(BETWEEN_LOOKS).await,
            opened => return opened,
        }
    }
}

/// Opens the store to look at it: nothing is changed, not even a file's mode.
///
/// # Errors
/// It cannot be opened; the message is for the operator.
pub(crate) async fn open_to_look(config: &Config) -> anyhow::Result<AnyStore> {
    let policy = config.session_policy();
    Ok(match &config.store {
        None => AnyStore::Sqlite(SqliteStore::open_to_look(config.database_path(), policy)?),
        Some(url) => AnyStore::Postgres(PostgresStore::open_to_look(url, policy, &Random::system()).await?),
    })
}

/// Changes the tables; gives the numbers of the changes.
///
/// # Errors
/// The database cannot be opened, or must not be changed now; the message is for the operator.
pub(crate) async fn migrate(config: &Config, wanted: Migrate) -> anyhow::Result<Vec<i64>> {
    Ok(match &config.store {
        None => SqliteStore::migrate(config.database_path(), &SqliteStore::migrations(), wanted)?,
        Some(url) => {
            PostgresStore::migrate(url, &Random::system(), &PostgresStore::migrations(), wanted).await?
        }
    })
}

/// What the tables are, and who works with them.
///
/// # Errors
/// The database cannot be opened; the message is for the operator.
pub(crate) async fn schema(config: &Config) -> anyhow::Result<SchemaStatus> {
    Ok(match &config.store {
        None => SqliteStore::schema(config.database_path(), &SqliteStore::migrations())?,
        Some(url) => PostgresStore::schema(url, &PostgresStore::migrations()).await?,
    })
}

/// Waits for a database that starts, or that is being taken over by its standby.
async fn open_shared(
    url: &DatabaseUrl,
    policy: SessionPolicy,
    migrations: &Migrations,
    attempts: u32,
) -> Result<PostgresStore, OpenError> {
    let mut every = interval(BETWEEN_ATTEMPTS);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut attempt = 1;
    loop {
        every.tick().await;
        match PostgresStore::open_with(url, policy, &Random::system(), migrations.clone()).await {
            Err(error) if error.may_pass() && attempt < attempts => {
                if attempt == 1 {
                    let error = anyhow::Error::from(error);
                    tracing::warn!("{error:#}; trying again for half a minute");
                }
                attempt += 1;
            }
            opened => return opened,
        }
    }
}

const UNTIL_FREE: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    /// The clock of the test runs ahead whenever nothing else is to do.
    #[tokio::test(start_paused = true)]
    async fn a_server_does_not_wait_for_ever() {
        let nowhere = DatabaseUrl::parse("postgres://ann@127.0.0.1:1/auth").unwrap();
        let start = tokio::time::Instant::now();
        let refused = open_shared(&nowhere, SessionPolicy::default(), &PostgresStore::migrations(), ATTEMPTS)
            .await
            .unwrap_err();
        assert!(refused.may_pass(), "{refused:?}");
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(29) && waited < Duration::from_mins(2), "{waited:?}");
    }
}
