//! Opening a database: what is refused, before anything is changed.

use crate::base::random::Random;
use crate::model::schema::{Migrate, Migrations, Schema, SchemaRefused, SchemaStatus};
use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::{Failure, Obstacle};
use crate::store::postgres::engine::schema::{Migrator, NotMigrated};
use crate::store::postgres::engine::steps::MIGRATIONS;
use crate::store::postgres::engine::target::{DatabaseUrl, Target};
use crate::store::postgres::engine::{history, nodes};

/// Why a database was not opened. Nothing was changed in it, unless the tables were being brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It does not answer, or not yet.
    #[error("the database {database} cannot be reached")]
    Unreachable {
        /// Its address, without the password.
        database: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answers, and there is no connection: the user, the password or the database is wrong, or the certificate is none
    /// that is trusted.
    #[error(
        "the database {database} does not take this connection; check the user, the password, the name and the certificate"
    )]
    Refused {
        /// Its address, without the password.
        database: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// None of the hosts that answer takes writes: each is a standby, or read-only.
    #[error(
        "the database {database} takes no writes: it is a standby, or read-only. Name the primary, or all hosts"
    )]
    NotPrimary {
        /// Its address, without the password.
        database: String,
    },
    /// The file of trusted certificates cannot be read.
    #[error("the certificates to trust for {database} cannot be read")]
    Certificates {
        /// Its address, without the password.
        database: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// PostgreSQL before 15.
    #[error("the database {database} is PostgreSQL {version}; at least 15 is needed")]
    OldServer {
        /// Its address, without the password.
        database: String,
        /// What the server says.
        version: String,
    },
    /// `synchronous_commit` is off: the server would forget what it has acknowledged (DB-1).
    #[error(
        "the database {database} has synchronous_commit = off: it could lose what was acknowledged. Set it to on for this role"
    )]
    NotDurable {
        /// Its address, without the password.
        database: String,
    },
    /// This program cannot work with the tables as they are, or may not change them (DB-5).
    #[error("the database {database} cannot be used: {reason}")]
    Schema {
        /// Its address, without the password.
        database: String,
        /// Why.
        reason: SchemaRefused,
    },
    /// The tables could not be brought up to date.
    #[error("the tables of {database} could not be brought up to date")]
    Migration {
        /// Its address, without the password.
        database: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// Whether the next try may succeed though nobody has changed anything: a server that starts, or a standby that takes
    /// over.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotPrimary { .. })
    }

    /// Why there is no connection, or no answer to the first look.
    pub(in crate::store::postgres) fn of_connecting(failure: Failure, url: &DatabaseUrl) -> Self {
        let database = url.to_string();
        match failure.at_connecting() {
            Obstacle::Away => Self::Unreachable { database, source: Box::new(failure) },
            Obstacle::ReadOnly => Self::NotPrimary { database },
            Obstacle::Refused => Self::Refused { database, source: Box::new(failure) },
        }
    }
}

/// Reads the certificates to trust.
pub(in crate::store::postgres) fn target(url: &DatabaseUrl) -> Result<Target, OpenError> {
    Target::new(url.clone())
        .map_err(|error| OpenError::Certificates { database: url.to_string(), source: Box::new(error) })
}

/// A database that is opened.
pub(in crate::store::postgres) struct Opening<'a> {
    pub(in crate::store::postgres) url: &'a DatabaseUrl,
    pub(in crate::store::postgres) migrations: &'a Migrations,
    pub(in crate::store::postgres) random: &'a Random,
}

impl Opening<'_> {
    /// Connects, and makes the changes of the tables without which this database is not opened.
    pub(in crate::store::postgres) async fn prepare(&self, target: &Target) -> Result<Connection, OpenError> {
        let (db, _) = reach(target, self.url).await?;
        self.migrator(target, &db).prepare().await.map_err(|error| self.not_migrated(error))?;
        Ok(db)
    }

    /// Makes the changes of the tables that are wanted; gives their numbers.
    pub(in crate::store::postgres) async fn migrate(&self, wanted: Migrate) -> Result<Vec<i64>, OpenError> {
        let target = target(self.url)?;
        let (db, _) = reach(&target, self.url).await?;
        self.migrator(&target, &db).migrate(wanted).await.map_err(|error| self.not_migrated(error))
    }

    const fn migrator<'a>(&'a self, target: &'a Target, db: &'a Connection) -> Migrator<'a> {
        Migrator { target, db, migrations: self.migrations, random: self.random }
    }

    fn not_migrated(&self, error: NotMigrated) -> OpenError {
        match error {
            NotMigrated::Refused(reason) => OpenError::Schema { database: self.url.to_string(), reason },
            NotMigrated::Failed(failure) => not_up_to_date(self.url, failure),
        }
    }
}

pub(in crate::store::postgres) fn not_up_to_date(url: &DatabaseUrl, error: Failure) -> OpenError {
    OpenError::Migration { database: url.to_string(), source: Box::new(error) }
}

/// What a server says about itself.
pub(in crate::store::postgres) struct Server {
    number: i64,
    pub(in crate::store::postgres) version: String,
    pub(in crate::store::postgres) synchronous_commit: String,
}

/// Connects, and refuses a server that cannot keep what it is given.
pub(in crate::store::postgres) async fn reach(
    target: &Target,
    url: &DatabaseUrl,
) -> Result<(Connection, Server), OpenError> {
    let no_connection = |failure: Failure| OpenError::of_connecting(failure, url);
    let db = Connection::open(target).await.map_err(no_connection)?;
    let server = look_at(&db).await.map_err(no_connection)?;
    if server.number < OLDEST {
        return Err(OpenError::OldServer { database: url.to_string(), version: server.version });
    }
    if server.synchronous_commit == "off" {
        return Err(OpenError::NotDurable { database: url.to_string() });
    }
    Ok((db, server))
}

/// What the tables are, and who works with them.
pub(in crate::store::postgres) async fn status(
    url: &DatabaseUrl,
    migrations: &Migrations,
) -> Result<SchemaStatus, OpenError> {
    let (db, _) = reach(&target(url)?, url).await?;
    let read = async {
        let found = history::find(&db).await?;
        let nodes = if found.version() == 0 { Vec::new() } else { nodes::list(&db).await? };
        Ok(migrations.status(&found, nodes))
    };
    read.await.map_err(|failure| OpenError::of_connecting(failure, url))
}

/// The tables as they are; refused if this program cannot work with them.
pub(in crate::store::postgres) async fn known_schema(
    db: &Connection,
    url: &DatabaseUrl,
) -> Result<Schema, OpenError> {
    let found = history::find(db).await.map_err(|failure| OpenError::of_connecting(failure, url))?;
    let refused = MIGRATIONS.check(&found);
    refused.map_err(|reason| OpenError::Schema { database: url.to_string(), reason })?;
    Ok(found)
}

async fn look_at(db: &Connection) -> Result<Server, Failure> {
    let settings = "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
                           current_setting('synchronous_commit')";
    let row = db.optional(settings, &[]).await?.ok_or(Failure::Crossed)?;
    Ok(Server { number: row.try_get(0)?, version: row.try_get(1)?, synchronous_commit: row.try_get(2)? })
}

/// PostgreSQL 15.
const OLDEST: i64 = 150_000;
