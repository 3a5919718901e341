//! The tables, brought up to date by whichever node comes first. A node that finds nothing to do takes no lock; of
//! several that find something, one locks a row and the others find it done. No advisory lock: a pooler loses those.
//!
//! Each step is a transaction, so that no table stays locked for longer than its own change takes. A change waits for its
//! table for less time than any request waits for a lock: requests that queue behind it are late, and none is refused.

use std::time::Duration;

use tokio::time::sleep;

use crate::base::random::Random;
use crate::model::schema::{Migrate, Migrations, Schema, SchemaRefused, Step, StepKind};
use crate::store::postgres::engine::connection::Connection;
use crate::store::postgres::engine::failure::Failure;
use crate::store::postgres::engine::target::Target;
use crate::store::postgres::engine::{history, nodes};

/// Why the tables are not up to date. A step is made as a whole or not at all.
#[derive(Debug)]
pub(in crate::store::postgres) enum NotMigrated {
    Refused(SchemaRefused),
    Failed(Failure),
}

impl From<SchemaRefused> for NotMigrated {
    fn from(refused: SchemaRefused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Failure> for NotMigrated {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Somebody who changes tables.
#[derive(Clone, Copy)]
pub(in crate::store::postgres) struct Migrator<'a> {
    pub(in crate::store::postgres) target: &'a Target,
    pub(in crate::store::postgres) db: &'a Connection,
    pub(in crate::store::postgres) migrations: &'a Migrations,
    pub(in crate::store::postgres) random: &'a Random,
}

impl Migrator<'_> {
    /// Makes the steps without which the program does not open this database. Where others are at it for too long, what
    /// works already is used.
    pub(in crate::store::postgres) async fn prepare(self) -> Result<(), NotMigrated> {
        match self.make_all(|found| self.migrations.on_opening(found)).await {
            Err(NotMigrated::Failed(failure)) if is_contended(&failure) => {
                if !self.migrations.runs_on(&history::find(self.db).await?) {
                    return Err(failure.into());
                }
                tracing::warn!(error = %failure, "the tables are locked; they will be brought up to date at another start");
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    /// Makes the steps that are wanted; gives their numbers.
    pub(in crate::store::postgres) async fn migrate(self, wanted: Migrate) -> Result<Vec<i64>, NotMigrated> {
        self.make_all(|found| self.migrations.missing(found, wanted)).await
    }

    async fn make_all(
        self,
        missing: impl Fn(&Schema) -> Result<Vec<Step>, SchemaRefused> + Copy,
    ) -> Result<Vec<i64>, NotMigrated> {
        let (mut made, mut attempt) = (Vec::new(), 1);
        while !missing(&history::find(self.db).await?)?.is_empty() {
            match self.make_next(missing).await {
                Ok(step) => made.extend(step),
                Err(NotMigrated::Failed(failure)) if is_contended(&failure) && attempt < ATTEMPTS => {
                    sleep(self.pause(attempt)).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    /// Makes the first step that is missing when nobody else makes any; gives its number.
    async fn make_next(
        self,
        missing: impl Fn(&Schema) -> Result<Vec<Step>, SchemaRefused>,
    ) -> Result<Option<i64>, NotMigrated> {
        self.db.begin().await?;
        match self.make_next_in_transaction(missing).await {
            Ok(made) => {
                self.db.commit().await?;
                Ok(made)
            }
            Err(error) => {
                // Where this fails, the connection is not used again.
                let _ = self.db.roll_back().await;
                Err(error)
            }
        }
    }

    async fn make_next_in_transaction(
        self,
        missing: impl Fn(&Schema) -> Result<Vec<Step>, SchemaRefused>,
    ) -> Result<Option<i64>, NotMigrated> {
        self.db.run(WAIT_FOR_NODES).await?;
        self.db.run(history::TABLES).await?;
        self.db.query("SELECT name FROM schema_lock WHERE name = 'schema' FOR UPDATE", &[]).await?;
        let Some(step) = missing(&history::read(self.db).await?)?.into_iter().next() else { return Ok(None) };
        match step.kind {
            StepKind::Index(name) => self.make_index(name, step.sql).await?,
            StepKind::Contract => {
                step.check_nodes(&nodes::list(self.db).await?)?;
                self.make(step.sql).await?;
            }
            StepKind::Expand => self.make(step.sql).await?,
        }
        let record = "INSERT INTO schema_history (version, oldest_reader, program) VALUES ($1, $2, $3)";
        self.db.execute(record, &[&step.version, &step.oldest_reader, &self.migrations.program()]).await?;
        Ok(Some(step.version))
    }

    async fn make(self, sql: &str) -> Result<(), Failure> {
        self.db.run(WAIT_FOR_REQUESTS).await?;
        self.db.run(sql).await
    }

    /// Makes an index while others write: outside any transaction, so on a connection of its own, while ours keeps the other
    /// nodes away. One that was left unfinished is invalid, and in the way.
    async fn make_index(self, name: &str, sql: &str) -> Result<(), Failure> {
        self.db.run("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        let outside = Connection::open(self.target).await?;
        let unfinished =
            "SELECT indexrelid FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid";
        if outside.optional(unfinished, &[&name]).await?.is_some() {
            outside.run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
        }
        outside.run(sql).await
    }

    /// Nodes that came at once do not come back at once.
    fn pause(self, attempt: u32) -> Duration {
        let [chance] = self.random.bytes();
        Duration::from_millis(50) + Duration::from_millis(u64::from(chance)) * attempt
    }
}

/// Somebody else holds a lock, or came between.
fn is_contended(failure: &Failure) -> bool {
    failure.is_crossed() || failure.is_refused_lock() || failure.is_made_already()
}

const WAIT_FOR_NODES: &str = "SET LOCAL lock_timeout = '2s'";
/// A third of what a request waits for a lock ([`Connection::begin`]), as a step may change more than one table.
const WAIT_FOR_REQUESTS: &str = "SET LOCAL lock_timeout = '300ms'";
const ATTEMPTS: u32 = 5;
