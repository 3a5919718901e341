//! The store of several nodes: one PostgreSQL database. Callers are async and never touch a connection; every queue
//! between them and the connections is bounded.
//!
//! ```text
//! caller -> reads   (bounded) -> connections, one statement each
//!        -> changes (bounded) -> connections, one transaction each: locks, loads, asks the rule, applies its plan
//! ```
//!
//! Each trait of a store is implemented in the file of its name, next to its SQL. Nobody else is kept from writing here, as
//! the one writer of SQLite does: whatever a rule looks at is locked first. The order of the locks is the same everywhere
//! (rows of `locks`, then the account, then sessions by their ids), and a transaction that crosses another all the same is
//! begun again. The SQL keeps to what other engines with this protocol have too.

mod accounts;
mod apply;
mod audit;
mod engine;
mod keys;
mod load;
mod rows;
mod sessions;
mod throttle;
mod upkeep;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use self::apply::Transaction;
use self::engine::connection::Connection;
use self::engine::failure::Failure;
use self::engine::lane::Lane;
use self::engine::open;
pub use self::engine::open::OpenError;
pub use self::engine::target::{DatabaseUrl, InvalidDatabaseUrl};
use crate::base::id::SessionId;
use crate::model::context::Context;
use crate::model::session::SessionPolicy;
use crate::store::StoreError;
use crate::store::answer::Sealed;
use crate::store::audit::log;

/// A [`Store`](crate::store::Store) in a PostgreSQL database that any number of nodes share.
#[derive(Debug)]
pub struct PostgresStore {
    reads: Lane,
    changes: Lane,
    policy: SessionPolicy,
    last_write_failed: AtomicBool,
    /// Up to where the present sweep has looked for idle sessions.
    swept_to: Mutex<Option<SessionId>>,
}

impl PostgresStore {
    /// Opens a database and brings its tables up to date. Runs on the runtime that it is called on.
    ///
    /// # Errors
    /// Every variant of [`OpenError`].
    pub async fn open(url: &DatabaseUrl, policy: SessionPolicy) -> Result<Self, OpenError> {
        let target = Arc::new(open::target(url)?);
        let first = open::connect(&target, url).await?;
        Ok(Self {
            changes: Lane::start(&target, Some(first), CONNECTIONS),
            reads: Lane::start(&target, None, CONNECTIONS),
            policy,
            last_write_failed: AtomicBool::new(false),
            swept_to: Mutex::new(None),
        })
    }

    /// Reads something with one statement. `verb` names it in logs and errors.
    async fn read<T, W, F>(&self, verb: &'static str, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(Arc<Connection>) -> F + Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        self.reads.run(work).await.map_err(|error| error.of(verb))
    }

    /// Loads, lets a rule decide, and applies its plan, in one transaction, which is begun again if it crosses another.
    async fn change<T, I, W, F>(
        &self,
        verb: &'static str,
        context: &Context,
        input: I,
        work: W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        I: Clone + Send + 'static,
        W: Fn(Transaction, I) -> F + Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let (policy, origin) = (self.policy, context.origin());
        let in_transaction = move |db, input| {
            let tx = Transaction::new(db, policy, origin);
            let work = work(tx.clone(), input);
            async move {
                let outcome = work.await?;
                Ok(Done { is_written: tx.has_written(), outcome: (outcome, tx.into_recorded()) })
            }
        };
        let (outcome, recorded) = self.transact(verb, input, in_transaction).await?;
        log(&recorded, &origin);
        Ok(outcome)
    }

    /// Writes something that no rule decides and no audit event describes.
    async fn write<T, I, W, F>(&self, verb: &'static str, input: I, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        I: Clone + Send + 'static,
        W: Fn(Arc<Connection>, I) -> F + Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let in_transaction = move |db, input| {
            let work = work(db, input);
            async move { Ok(Done { is_written: true, outcome: work.await? }) }
        };
        self.transact(verb, input, in_transaction).await
    }

    async fn transact<T, I, W, F>(&self, verb: &'static str, input: I, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        I: Clone + Send + 'static,
        W: Fn(Arc<Connection>, I) -> F + Send + 'static,
        F: Future<Output = Result<Done<T>, Failure>> + Send,
    {
        let repeated = move |db: Arc<Connection>| async move {
            let mut attempts = 0;
            loop {
                match commit(&db, work(Arc::clone(&db), input.clone())).await {
                    Err(failure) if failure.is_crossed() && attempts < REPEATED => attempts += 1,
                    outcome => return outcome,
                }
            }
        };
        let outcome = self.changes.run(repeated).await;
        self.last_write_failed.store(outcome.is_err(), Ordering::SeqCst);
        outcome.map_err(|error| error.of(verb))
    }
}

/// What a transaction came to, before its commit.
struct Done<T> {
    outcome: T,
    is_written: bool,
}

/// Runs `work` in a transaction. What wrote nothing is rolled back, which waits for no disk.
async fn commit<T>(
    db: &Connection,
    work: impl Future<Output = Result<Done<T>, Failure>>,
) -> Result<T, Failure> {
    db.begin().await?;
    match work.await {
        Ok(Done { outcome, is_written }) => {
            let ended = if is_written { db.commit().await } else { db.roll_back().await };
            ended.map(|()| outcome)
        }
        Err(failure) => {
            // Where this fails, the connection is not used again.
            let _ = db.roll_back().await;
            Err(failure)
        }
    }
}

impl Sealed for PostgresStore {}

/// For each of reads and changes. A node needs few, and a hundred nodes have to fit into one server.
const CONNECTIONS: usize = 2;
/// How often a transaction that crossed another is begun again.
const REPEATED: u32 = 3;
