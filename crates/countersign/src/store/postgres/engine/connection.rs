//! One connection: statements, transactions, and what the server says beside its answers. It is never
//! asked to cancel anything: a cancelled wait for the standby would turn "not replicated" into "done". What takes too
//! long is dropped, socket and all.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, CopyInSink, Row};

use crate::base::clock::Stopwatch;
use crate::store::figures::StoreFigures;
use crate::store::postgres::engine::failure::Failure;
use crate::store::postgres::engine::planned::Planned;
use crate::store::postgres::engine::target::Target;
use crate::store::postgres::engine::value::Value;

/// A connection, while it lasts.
#[derive(Debug)]
pub(in crate::store::postgres) struct Connection {
    client: Client,
    /// Moves what is sent and received. Ended with the connection, whatever it waits for.
    driver: JoinHandle<()>,
    heard: Heard,
    planned: Planned,
    figures: Arc<StoreFigures>,
    /// It is in the middle of something that nobody will finish.
    is_spent: AtomicBool,
}

/// What the server has said without being asked.
#[derive(Clone, Debug)]
struct Heard {
    warned: Arc<AtomicBool>,
    notified: Arc<Notify>,
    closed: watch::Receiver<bool>,
}

impl Connection {
    /// Connects, to the primary where there are several servers.
    pub(in crate::store::postgres) async fn open(target: &Target) -> Result<Self, Failure> {
        Self::listening(target, &Arc::default()).await
    }

    /// Connects as well; `notified` hears of every notification that comes.
    pub(in crate::store::postgres) async fn listening(
        target: &Target,
        notified: &Arc<Notify>,
    ) -> Result<Self, Failure> {
        let mut failure = Failure::Late;
        for host in target.hosts() {
            match timeout(target.patience(), host.connect(target.tls())).await {
                Ok(Ok((client, connection))) => {
                    let heard = Heard::new(Arc::clone(notified));
                    return Ok(Self::new(client, connection, heard, Arc::clone(target.figures())));
                }
                Ok(Err(error)) => failure = error.into(),
                Err(_) => failure = Failure::Late,
            }
        }
        Err(failure)
    }

    fn new<S, T>(
        client: Client,
        connection: tokio_postgres::Connection<S, T>,
        (heard, closed): (Heard, watch::Sender<bool>),
        figures: Arc<StoreFigures>,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let driver = tokio::spawn(drive(connection, heard.clone(), closed));
        Self { client, driver, heard, planned: Planned::default(), figures, is_spent: AtomicBool::new(false) }
    }

    /// The rows of a query.
    pub(in crate::store::postgres) async fn query(
        &self,
        sql: &str,
        values: &[&dyn Value],
    ) -> Result<Vec<Row>, Failure> {
        let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.sql_type())).collect();
        Ok(self.client.query_typed(sql, &values).await?)
    }

    /// The one row of a query, if there is one.
    pub(in crate::store::postgres) async fn optional(
        &self,
        sql: &str,
        values: &[&dyn Value],
    ) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, values).await?.pop())
    }

    /// How many rows a statement changed.
    pub(in crate::store::postgres) async fn execute(
        &self,
        sql: &str,
        values: &[&dyn Value],
    ) -> Result<u64, Failure> {
        let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.sql_type())).collect();
        Ok(self.client.execute_typed(sql, &values).await?)
    }

    /// Runs statements without values, in one message.
    pub(in crate::store::postgres) async fn run(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// The columns of a query, with their types.
    pub(in crate::store::postgres) async fn columns(
        &self,
        sql: &str,
    ) -> Result<Vec<(String, Type)>, Failure> {
        let statement = self.client.prepare(sql).await?;
        let columns = statement.columns().iter();
        Ok(columns.map(|column| (column.name().to_owned(), column.type_().clone())).collect())
    }

    /// Begins a `COPY FROM STDIN`.
    pub(in crate::store::postgres) async fn copy_in(&self, sql: &str) -> Result<CopyInSink<Bytes>, Failure> {
        Ok(self.client.copy_in(sql).await?)
    }

    /// Begins a transaction. `SET LOCAL` alone: behind a pooler, other clients use the same session.
    pub(in crate::store::postgres) async fn begin(&self) -> Result<(), Failure> {
        self.is_spent.store(true, Ordering::SeqCst);
        self.run(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
             SET LOCAL lock_timeout = '1s';
             SET LOCAL idle_in_transaction_session_timeout = '5s'",
        )
        .await
    }

    /// Commits. With a warning beside it, a commit may have lost its standby.
    pub(in crate::store::postgres) async fn commit(&self) -> Result<(), Failure> {
        self.heard.warned.store(false, Ordering::SeqCst);
        let took = Stopwatch::start();
        self.run("COMMIT").await?;
        self.count(1, &took);
        self.is_spent.store(false, Ordering::SeqCst);
        if self.heard.warned.load(Ordering::SeqCst) { Err(Failure::NotReplicated) } else { Ok(()) }
    }

    /// Runs a statement that is a transaction of its own, for so many operations. The server keeps its plan where it can.
    pub(in crate::store::postgres) async fn query_and_commit(
        &self,
        sql: &'static str,
        values: &[&dyn Value],
        operations: usize,
    ) -> Result<Vec<Row>, Failure> {
        let types: Vec<_> = values.iter().map(|value| value.sql_type()).collect();
        let planned = self.planned.statement(&self.client, sql, &types).await?;
        self.heard.warned.store(false, Ordering::SeqCst);
        let took = Stopwatch::start();
        let rows = match planned {
            Some(statement) => {
                let values: Vec<_> = values.iter().map(|value| value.as_sql()).collect();
                self.client.query(&statement, &values).await?
            }
            None => self.query(sql, values).await?,
        };
        self.count(operations, &took);
        if self.heard.warned.load(Ordering::SeqCst) { Err(Failure::NotReplicated) } else { Ok(rows) }
    }

    fn count(&self, operations: usize, took: &Stopwatch) {
        self.figures.commits.observe(took.elapsed());
        self.figures.batch_sizes.count(u64::try_from(operations).unwrap_or(u64::MAX));
    }

    /// Counts a transaction that is begun again because of this.
    pub(in crate::store::postgres) fn begins_again(&self, failure: &Failure) {
        self.figures.retries.increment(failure.retry_code());
    }

    /// Ends a transaction without a trace.
    pub(in crate::store::postgres) async fn roll_back(&self) -> Result<(), Failure> {
        self.run("ROLLBACK").await?;
        self.is_spent.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// It is not to be used again.
    pub(in crate::store::postgres) fn give_up(&self) {
        self.is_spent.store(true, Ordering::SeqCst);
    }

    /// Whether something new can be begun with it.
    pub(in crate::store::postgres) fn is_usable(&self) -> bool {
        !self.is_spent.load(Ordering::SeqCst) && !self.client.is_closed()
    }

    /// Resolves when the server has gone.
    pub(in crate::store::postgres) async fn closed(&self) {
        // An error means that the driver has ended, which is the same.
        let _ = self.heard.closed.clone().wait_for(|closed| *closed).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Heard {
    fn new(notified: Arc<Notify>) -> (Self, watch::Sender<bool>) {
        let (closed, receiver) = watch::channel(false);
        (Self { warned: Arc::default(), notified, closed: receiver }, closed)
    }
}

async fn drive<S, T>(
    mut connection: tokio_postgres::Connection<S, T>,
    heard: Heard,
    closed: watch::Sender<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        match message {
            // In the order of the socket: it is noted before the answer that comes after it is given.
            Ok(AsyncMessage::Notice(notice)) if notice.code().code().starts_with(WARNING) => {
                tracing::warn!(code = notice.code().code(), message = notice.message(), "the database warns");
                heard.warned.store(true, Ordering::SeqCst);
            }
            Ok(AsyncMessage::Notification(_)) => heard.notified.notify_one(),
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a connection to the database is lost");
                break;
            }
        }
    }
    closed.send_replace(true);
}

/// What takes longer is given up: so many seconds are bearable for whoever waits (LM-7).
pub(in crate::store::postgres) const DEADLINE: Duration = Duration::from_millis(2_500);
/// The class of codes that say "it is done, but".
const WARNING: &str = "01";
