//! The embedded store: one SQLite file, one thread that writes, a few that read, one that copies the
//! write-ahead log back. Callers are async and never touch a connection; every queue between them and the
//! threads is bounded.
//!
//! ```text
//! caller -> reads  (bounded) -> reader threads, a connection each
//!        -> writes (bounded) -> writer.rs: all that waits, one transaction, one fsync -> checkpoint.rs
//! ```
//!
//! Each trait of a store is implemented in the file of its name, next to its SQL. A change loads what its
//! rule needs (`load.rs`) and carries the plan out (`apply.rs`).

mod accounts;
mod activity;
mod api_keys;
mod apply;
mod apply_mail;
mod audit;
mod audit_chain;
mod audit_readers;
pub(super) mod backup;
pub(super) mod beside;
mod clients;
#[cfg(feature = "postgres")]
pub(super) mod copy;
mod delivery_rows;
mod emails;
mod engine;
mod feed_keys;
mod inspect;
mod keys;
mod load;
mod oauth;
mod outbox;
mod rows;
mod second_factors;
mod sessions;
mod throttle;
mod tickets;
mod upkeep;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use tokio::sync::Notify;

use self::apply::Transaction;
use self::engine::job::CatchUp;
use self::engine::open;
pub use self::engine::open::{OpenError, OpenMode};
use self::engine::schema;
use self::engine::threads::Threads;
pub use self::inspect::{FileFindings, inspect};
use crate::model::audit::AuditEvent;
use crate::model::audit_chain::AuditSigner;
use crate::model::context::Context;
use crate::model::schema::{Migrate, Migrations, SchemaStatus};
use crate::model::session::SessionPolicy;
use crate::store::StoreError;
use crate::store::answer::Sealed;
use crate::store::audit::log;

/// A [`Store`](crate::store::Store) in one SQLite file, or in memory for tests.
///
/// Dropping it waits until everything that was accepted is committed.
#[derive(Debug)]
pub struct SqliteStore {
    threads: Threads,
    policy: SessionPolicy,
    /// Up to where the present sweep has looked for idle sessions.
    swept_to: AtomicI64,
    /// Signs the rows of the audit log.
    signer: Arc<OnceLock<AuditSigner>>,
    /// Wakes the sender of deliveries.
    new_deliveries: Notify,
}

impl SqliteStore {
    /// Opens a database file, makes it (mode 0600, its directory 0700) when it is not there, and brings its
    /// tables up to date.
    ///
    /// # Errors
    /// See the variants of [`OpenError`]; the database is as it was.
    pub fn open(path: impl AsRef<Path>, mode: OpenMode, policy: SessionPolicy) -> Result<Self, OpenError> {
        Self::open_with(path, mode, policy, &Self::migrations())
    }

    /// The same, with a say in what may be done to the tables.
    ///
    /// # Errors
    /// See the variants of [`OpenError`]; the database is as it was.
    pub fn open_with(
        path: impl AsRef<Path>,
        mode: OpenMode,
        policy: SessionPolicy,
        migrations: &Migrations,
    ) -> Result<Self, OpenError> {
        let path = absolute(path.as_ref())?;
        let lock = open::prepare_file(&path, mode)?;
        let mut db = open::connect_writer(&path)?;
        open::migrate(&mut db, &path, migrations)?;
        open::check_for_damage(&db, &path)?;
        Ok(Self::with(Threads::for_file(db, lock, &path)?, policy))
    }

    /// Opens a database to look at it, whoever has it open, and changes nothing: no file, no mode, no table. Every verb that
    /// writes is refused.
    ///
    /// # Errors
    /// See the variants of [`OpenError`].
    pub fn open_to_look(path: impl AsRef<Path>, policy: SessionPolicy) -> Result<Self, OpenError> {
        let path = absolute(path.as_ref())?;
        let db = open::connect_to_look(&path)?;
        let found = schema::find(&db).map_err(|error| open::failed(&path, error))?;
        let refused = schema::MIGRATIONS.check(&found);
        refused.map_err(|reason| OpenError::Schema { path: path.clone(), reason })?;
        open::check_for_damage(&db, &path)?;
        Ok(Self::with(Threads::to_look(db)?, policy))
    }

    /// A database in memory, real in everything but durability.
    ///
    /// # Errors
    /// [`OpenError::OldSqlite`], or [`OpenError::Other`] when no thread can be started.
    pub fn in_memory(policy: SessionPolicy) -> Result<Self, OpenError> {
        let mut db = open::connect_in_memory()?;
        open::migrate(&mut db, Path::new(":memory:"), &Self::migrations())?;
        Ok(Self::with(Threads::in_memory(db)?, policy))
    }

    /// The changes of the tables that this version knows.
    #[must_use]
    pub const fn migrations() -> Migrations {
        schema::MIGRATIONS
    }

    /// Makes changes of the tables without serving; gives their numbers. Those that contract need the file for themselves:
    /// no server may have it open.
    ///
    /// # Errors
    /// See the variants of [`OpenError`]; the database is as it was.
    pub fn migrate(
        path: impl AsRef<Path>,
        migrations: &Migrations,
        wanted: Migrate,
    ) -> Result<Vec<i64>, OpenError> {
        open::migrate_file(&absolute(path.as_ref())?, migrations, wanted)
    }

    /// What the tables of a file are, and what could be done.
    ///
    /// # Errors
    /// See the variants of [`OpenError`].
    pub fn schema(path: impl AsRef<Path>, migrations: &Migrations) -> Result<SchemaStatus, OpenError> {
        open::status(&absolute(path.as_ref())?, migrations)
    }

    fn with(threads: Threads, policy: SessionPolicy) -> Self {
        Self {
            threads,
            policy,
            swept_to: AtomicI64::new(0),
            signer: Arc::default(),
            new_deliveries: Notify::new(),
        }
    }

    /// Reads something. `verb` names it in logs and errors.
    async fn read<T, F>(&self, verb: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.threads.read(verb, work).await
    }

    /// Writes something that no rule decides and no audit event describes.
    async fn write<T, F>(&self, verb: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.threads.write(verb, work).await
    }

    /// Loads, lets a rule decide, and applies its plan, in one transaction.
    async fn change<T, F>(&self, verb: &'static str, context: &Context, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.change_or_catch_up(verb, context, work, None).await
    }

    /// The same, with what is to be done if the disk commits it when nobody waits for it any more.
    async fn change_or_catch_up<T, F>(
        &self,
        verb: &'static str,
        context: &Context,
        work: F,
        catch_up: Option<CatchUp<Changed<T>>>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (policy, origin, signer) = (self.policy, context.origin(), Arc::clone(&self.signer));
        let work = move |db: &Connection| {
            let tx = Transaction::new(db, policy, origin).signed_by(signer.get());
            let outcome = work(&tx)?;
            let delivers = tx.delivers.get();
            Ok(Changed { outcome, delivers, recorded: tx.into_recorded() })
        };
        let changed = self.threads.write_or_catch_up(verb, work, catch_up).await?;
        log(&changed.recorded, &origin, self.threads.figures());
        if changed.delivers {
            self.new_deliveries.notify_one();
        }
        Ok(changed.outcome)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|error| open::other(path, error))
}

/// What a change came to, and what it wrote to the audit log.
struct Changed<T> {
    outcome: T,
    /// Whether something is to be delivered now.
    delivers: bool,
    recorded: Vec<AuditEvent>,
}

impl Sealed for SqliteStore {}
