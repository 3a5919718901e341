//! What a database says about itself, for `config check`: nothing is changed in it, and no tables are made.

use std::time::Duration;

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::open::{self, OpenError};
use super::engine::target::{DatabaseUrl, Target};
use super::engine::time::now_of;
use crate::base::clock::{Clock, Timestamp};

/// What was found in a database that a store can be opened in: it takes writes, and keeps them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseFindings {
    /// The version of PostgreSQL, such as `15.18`.
    pub version: String,
    /// Its `synchronous_commit`: how far a commit has come when it is acknowledged.
    pub synchronous_commit: String,
    /// Its `synchronous_standby_names`: which standbys a commit waits for. Empty for none.
    pub synchronous_standby_names: String,
    /// Whether a pooler is in between, which gives one connection of the server to several clients in turn.
    pub has_pooler: bool,
    /// Whether the connection is encrypted.
    pub uses_tls: bool,
    /// The version of the tables; `None` before they are made.
    pub schema: Option<i64>,
    /// By how much its clock differs from ours.
    pub clock_offset: Duration,
    /// Whether its clock is ahead of ours.
    pub is_clock_ahead: bool,
    /// How the table of sessions fares; `None` before it is made.
    pub sessions: Option<TableFindings>,
    /// How many transactions old the oldest row is that was never frozen: at two thousand million the database stops.
    pub oldest_transaction: u64,
}

/// How a table fares, by the statistics of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFindings {
    /// Rows that were changed.
    pub updates: u64,
    /// Those of them for which no index had to be touched.
    pub hot_updates: u64,
    /// Rows that are alive.
    pub live: u64,
    /// Rows that are dead and not yet removed.
    pub dead: u64,
}

/// Looks at a database without changing anything.
///
/// # Errors
/// Every variant of [`OpenError`] but [`OpenError::Migration`].
pub async fn inspect(url: &DatabaseUrl, clock: &Clock) -> Result<DatabaseFindings, OpenError> {
    let target = open::target(url)?;
    let (db, server) = open::reach(&target, url).await?;
    let schema = open::known_schema(&db, url).await?;
    let no_answer = |failure: Failure| OpenError::of_connecting(failure, url);
    let sql = "SELECT current_setting('synchronous_standby_names')";
    let row = db.optional(sql, &[]).await.and_then(|row| row.ok_or(Failure::Crossed)).map_err(no_answer)?;
    let synchronous_standby_names = row.try_get(0).map_err(|error| no_answer(error.into()))?;
    let schema = Some(schema.version()).filter(|version| *version > 0);
    let sessions = match schema {
        Some(_) => Some(sessions(&db).await.map_err(no_answer)?),
        None => None,
    };
    let oldest_transaction = oldest_transaction(&db).await.map_err(no_answer)?;
    let millis = clock_offset(&db, clock).await.map_err(no_answer)?;
    Ok(DatabaseFindings {
        version: server.version,
        synchronous_commit: server.synchronous_commit,
        synchronous_standby_names,
        has_pooler: has_pooler(&target, db).await.map_err(no_answer)?,
        uses_tls: url.uses_tls(),
        schema,
        sessions,
        oldest_transaction,
        clock_offset: Duration::from_millis(millis.unsigned_abs()),
        is_clock_ahead: millis > 0,
    })
}

async fn sessions(db: &Connection) -> Result<TableFindings, Failure> {
    let sql = "SELECT n_tup_upd, n_tup_hot_upd, n_live_tup, n_dead_tup FROM pg_stat_user_tables
               WHERE relid = 'sessions'::regclass";
    let Some(row) = db.optional(sql, &[]).await? else { return Ok(TableFindings::default()) };
    let count = |column| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(TableFindings { updates: count(0)?, hot_updates: count(1)?, live: count(2)?, dead: count(3)? })
}

async fn oldest_transaction(db: &Connection) -> Result<u64, Failure> {
    let sql = "SELECT age(datfrozenxid)::bigint FROM pg_database WHERE datname = current_database()";
    let row = db.optional(sql, &[]).await?.ok_or(Failure::Crossed)?;
    Ok(row.try_get::<_, i64>(0)?.unsigned_abs())
}

/// The milliseconds by which the database's clock is ahead of ours, by the fastest of a few round trips.
async fn clock_offset(db: &Connection, clock: &Clock) -> Result<i64, Failure> {
    let mut fastest = (i64::MAX, 0);
    for _ in 0..ROUND_TRIPS {
        let sent = clock.now().as_unix_millis();
        let theirs = now_of(db).await?.as_unix_millis();
        let took = clock.now().as_unix_millis() - sent;
        fastest = fastest.min((took, theirs - sent - took / 2));
    }
    Ok(fastest.1)
}

/// A server's process that is older than the connection to it has served somebody else before: us, a moment ago.
async fn has_pooler(target: &Target, first: Connection) -> Result<bool, Failure> {
    let before = now_of(&first).await?;
    drop(first);
    let second = Connection::open(target).await?;
    let sql = "SELECT (extract(epoch FROM backend_start) * 1000)::bigint FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let started: Option<Timestamp> = match second.optional(sql, &[]).await? {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    Ok(started.is_some_and(|started| started < before))
}

const ROUND_TRIPS: u32 = 8;
