//! The store of several nodes: one PostgreSQL database. Callers are async and never touch a connection; every queue
//! between them and the connections is bounded.
//!
//! ```text
//! caller -> reads   (bounded) -> connections, one statement each
//!        -> changes (bounded) -> connections, one transaction each: locks, loads, asks the rule, applies its plan
//!        -> batches (bounded) -> one connection each: all refreshes that wait, one statement; what it leaves, one by one
//!        -> bell              -> one connection, which wakes all nodes after a commit that ended sessions
//! ```
//!
//! Each trait of a store is implemented in the file of its name, next to its SQL. Nobody else is kept from writing here, as
//! the one writer of SQLite does: whatever a rule looks at is locked first. The order of the locks is the same everywhere
//! (rows of `locks`, then the account, then sessions by their ids, then API keys by theirs), and a transaction that crosses another all the same is
//! begun again. The SQL keeps to what other engines with this protocol have too.

mod accounts;
mod activity;
mod api_keys;
mod apply;
mod apply_mail;
mod audit;
mod audit_chain;
mod audit_readers;
mod batch;
mod clients;
pub(super) mod copy;
mod delivery_rows;
mod emails;
mod engine;
mod feed_keys;
mod follow;
mod inspect;
mod keys;
mod lines;
mod load;
mod oauth;
mod outbox;
mod rows;
mod second_factors;
mod sessions;
mod throttle;
mod tickets;
mod unanswered;
mod upkeep;
mod writes;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tracing::{Instrument as _, Span};

use self::apply::Transaction;
use self::batch::Pending;
use self::engine::bell::Bell;
use self::engine::connection::Connection;
use self::engine::failure::Failure;
use self::engine::lane::{Job, Lane, LaneError};
use self::engine::nodes::Presence;
pub use self::engine::open::OpenError;
use self::engine::open::{self, Opening};
use self::engine::steps;
use self::engine::target::Target;
pub use self::engine::target::{DatabaseUrl, InvalidDatabaseUrl};
use self::engine::transaction::{Done, in_transactions};
pub use self::inspect::{DatabaseFindings, TableFindings, inspect};
use self::lines::Signer;
use self::unanswered::Unanswered;
use crate::base::id::{NodeId, SessionId};
use crate::base::random::Random;
use crate::model::audit::AuditEvent;
use crate::model::context::{Context, Origin};
use crate::model::schema::{Migrate, Migrations, SchemaStatus};
use crate::model::session::SessionPolicy;
use crate::store::StoreError;
use crate::store::answer::Sealed;
use crate::store::audit::log;
use crate::store::figures::StoreFigures;

/// A [`Store`](crate::store::Store) in a PostgreSQL database that any number of nodes share.
#[derive(Debug)]
pub struct PostgresStore {
    reads: Lane<Job>,
    changes: Lane<Job>,
    /// By session: of two refreshes of one, the second begins when the first is done.
    batches: [Lane<Pending>; 2],
    bell: Bell,
    unanswered: Arc<Unanswered>,
    policy: SessionPolicy,
    last_write_failed: AtomicBool,
    /// Up to where the present sweep has looked for idle sessions.
    swept_to: Mutex<Option<SessionId>>,
    presence: Arc<Presence>,
    figures: Arc<StoreFigures>,
    /// Signs the rows of the audit log.
    signer: Signer,
    /// Wakes the sender of deliveries.
    new_deliveries: Notify,
}

impl PostgresStore {
    /// Opens a database and brings its tables up to date. Runs on the runtime that it is called on.
    ///
    /// # Errors
    /// Every variant of [`OpenError`].
    pub async fn open(url: &DatabaseUrl, policy: SessionPolicy, random: &Random) -> Result<Self, OpenError> {
        Self::open_with(url, policy, random, Self::migrations()).await
    }

    /// The same, with a say in what may be done to the tables.
    ///
    /// # Errors
    /// Every variant of [`OpenError`].
    pub async fn open_with(
        url: &DatabaseUrl,
        policy: SessionPolicy,
        random: &Random,
        migrations: Migrations,
    ) -> Result<Self, OpenError> {
        let target = Arc::new(open::target(url)?);
        let first = Opening { url, migrations: &migrations, random }.prepare(&target).await?;
        follow::forget_foreign_numbers(&first).await.map_err(|error| open::not_up_to_date(url, error))?;
        Self::with((url, &target), first, policy, Presence::new(NodeId::random(random), migrations))
    }

    /// Opens a database to look at it: nothing is changed in it, and its tables are not brought up to date.
    ///
    /// # Errors
    /// Every variant of [`OpenError`] but [`OpenError::Migration`].
    pub async fn open_to_look(
        url: &DatabaseUrl,
        policy: SessionPolicy,
        random: &Random,
    ) -> Result<Self, OpenError> {
        let target = Arc::new(open::target(url)?);
        let (first, _) = open::reach(&target, url).await?;
        open::known_schema(&first, url).await?;
        let presence = Presence::new(NodeId::random(random), Self::migrations());
        Self::with((url, &target), first, policy, presence)
    }

    fn with(
        (url, target): (&DatabaseUrl, &Arc<Target>),
        first: Connection,
        policy: SessionPolicy,
        presence: Presence,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            figures: Arc::clone(target.figures()),
            changes: Lane::one_by_one(target, Some(first)),
            reads: Lane::one_by_one(target, None),
            batches: [(); 2].map(|()| Lane::start(target, None, 1, batch::WORK)),
            bell: Bell::start(open::target(&url.bell())?),
            unanswered: Arc::default(),
            policy,
            last_write_failed: AtomicBool::new(false),
            swept_to: Mutex::new(None),
            presence: Arc::new(presence),
            signer: Signer::default(),
            new_deliveries: Notify::new(),
        })
    }

    /// The changes of the tables that this version knows.
    #[must_use]
    pub const fn migrations() -> Migrations {
        steps::MIGRATIONS
    }

    /// Makes changes of the tables without serving; gives their numbers. Those that contract are refused while a node is
    /// running that they would harm.
    ///
    /// # Errors
    /// Every variant of [`OpenError`].
    pub async fn migrate(
        url: &DatabaseUrl,
        random: &Random,
        migrations: &Migrations,
        wanted: Migrate,
    ) -> Result<Vec<i64>, OpenError> {
        Opening { url, migrations, random }.migrate(wanted).await
    }

    /// What the tables of a database are, which nodes work with them, and what could be done.
    ///
    /// # Errors
    /// Every variant of [`OpenError`] but `Migration` and `Schema`.
    pub async fn schema(url: &DatabaseUrl, migrations: &Migrations) -> Result<SchemaStatus, OpenError> {
        open::status(url, migrations).await
    }

    fn waiting(&self) -> usize {
        let batches: usize = self.batches.iter().map(Lane::waiting).sum();
        self.reads.waiting() + self.changes.waiting() + batches
    }

    /// Reads something with one statement. `verb` names it in logs and errors.
    async fn read<T, W, F>(&self, verb: &'static str, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(Arc<Connection>) -> F + Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send,
    {
        self.reads.run(work).instrument(span(verb)).await.map_err(|error| error.of(verb))
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
        let (policy, origin, signer) = (self.policy, context.origin(), Arc::clone(&self.signer));
        let delivers = Arc::new(AtomicBool::new(false));
        let telling = Arc::clone(&delivers);
        let in_transaction = move |db, input| {
            let tx = Transaction::new(db, policy, origin, &signer).telling(&telling);
            let work = work(tx.clone(), input);
            async move {
                let outcome = work.await?;
                Ok(tx.done(outcome))
            }
        };
        let (outcome, recorded) = self.transact(verb, input, in_transaction).await?;
        self.announce(&recorded, &origin);
        if delivers.load(Ordering::SeqCst) {
            self.new_deliveries.notify_one();
        }
        Ok(outcome)
    }

    /// Says what has been committed: in the log, and to the other nodes if it ended a session.
    fn announce(&self, recorded: &[AuditEvent], origin: &Origin) {
        log(recorded, origin, &self.figures);
        if recorded.iter().any(|event| event.kind.ends_session()) {
            self.bell.ring();
        }
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
            let own = Arc::clone(&db);
            in_transactions(&db, move || work(Arc::clone(&own), input.clone())).await
        };
        let outcome = self.changes.run(repeated).instrument(span(verb)).await;
        let outcome = outcome.map_err(|error| self.failed_to_write(verb, error))?;
        self.last_write_failed.store(false, Ordering::SeqCst);
        Ok(outcome)
    }

    /// The readiness probe writes from now on, until a write succeeds.
    fn failed_to_write(&self, verb: &'static str, error: LaneError) -> StoreError {
        self.last_write_failed.store(true, Ordering::SeqCst);
        error.of(verb)
    }
}

/// Around a verb, as in the other store.
fn span(verb: &'static str) -> Span {
    tracing::debug_span!("store", verb)
}

impl Sealed for PostgresStore {}
