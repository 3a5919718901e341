//! A bounded queue to a few connections. Each of them has a task that takes what waits, runs it to its end, and makes
//! the connection anew when it breaks: not more often than once a second, because a server may go on with what a lost
//! connection has begun, and would run out of connections.
//!
//! What has begun runs to its end, even when its caller has gone away (CC-6). What its caller gave up before that does
//! not begin.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::store::StoreError;
use crate::store::postgres::engine::connection::{Connection, DEADLINE};
use crate::store::postgres::engine::failure::Failure;
use crate::store::postgres::engine::target::Target;

/// The way to a few connections. Dropping it drops them, whatever they do.
#[derive(Debug)]
pub(in crate::store::postgres) struct Lane {
    queue: mpsc::Sender<Job>,
    state: Arc<State>,
    _workers: JoinSet<()>,
}

/// One piece of work on a connection.
type Job = Box<dyn FnOnce(Arc<Connection>) -> Running + Send>;
type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug, Default)]
struct State {
    connected: AtomicUsize,
    /// The last that anybody heard of the database is that it could not be reached.
    is_away: AtomicBool,
}

impl Lane {
    /// Starts `count` tasks, the first with this connection if there is one.
    pub(in crate::store::postgres) fn start(
        target: &Arc<Target>,
        first: Option<Connection>,
        count: usize,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (jobs, state) = (Arc::new(Mutex::new(jobs)), Arc::<State>::default());
        let (mut workers, mut first) = (JoinSet::new(), first);
        for _ in 0..count {
            let worker =
                Worker { target: Arc::clone(target), jobs: Arc::clone(&jobs), state: Arc::clone(&state) };
            workers.spawn(worker.run(first.take()));
        }
        Self { queue, state, _workers: workers }
    }

    /// Runs something on a connection; answers when it is done, or when the database has not answered for too long.
    pub(in crate::store::postgres) async fn run<T, F, W>(&self, work: W) -> Result<T, LaneError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send,
        W: FnOnce(Arc<Connection>) -> F + Send + 'static,
    {
        if self.is_away() {
            return Err(LaneError::Failed(Failure::Late));
        }
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            Box::pin(async move {
                // Nobody waits any more and nothing has begun: it was reported as not done.
                if !reply.is_closed() {
                    let _ = reply.send(work(connection).await);
                }
            })
        });
        self.queue.try_send(job).map_err(|_| LaneError::Full)?;
        match timeout(DEADLINE, answer).await {
            Ok(Ok(answer)) => answer.map_err(LaneError::Failed),
            Ok(Err(_)) | Err(_) => Err(LaneError::Failed(Failure::Late)),
        }
    }

    /// Whether no connection is there and the last attempt to make one has failed.
    fn is_away(&self) -> bool {
        self.state.connected.load(Ordering::SeqCst) == 0 && self.state.is_away.load(Ordering::SeqCst)
    }
}

/// Why a lane gave no answer.
#[derive(Debug)]
pub(in crate::store::postgres) enum LaneError {
    Full,
    Failed(Failure),
}

impl LaneError {
    /// Says which verb did not succeed.
    pub(in crate::store::postgres) fn of(self, verb: &'static str) -> StoreError {
        match self {
            Self::Full => StoreError::Overloaded,
            Self::Failed(failure) => failure.of(verb),
        }
    }
}

struct Worker {
    target: Arc<Target>,
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    state: Arc<State>,
}

impl Worker {
    async fn run(self, mut connection: Option<Connection>) {
        let mut attempts = interval(BETWEEN_ATTEMPTS);
        attempts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let current = match connection.take() {
                Some(current) => Arc::new(current),
                None => Arc::new(self.connect(&mut attempts).await),
            };
            self.state.connected.fetch_add(1, Ordering::SeqCst);
            let is_over = self.serve(&current).await;
            self.state.connected.fetch_sub(1, Ordering::SeqCst);
            if is_over {
                return;
            }
        }
    }

    /// Tries until it succeeds.
    async fn connect(&self, attempts: &mut Interval) -> Connection {
        loop {
            attempts.tick().await;
            match Connection::open(&self.target).await {
                Ok(connection) => {
                    self.state.is_away.store(false, Ordering::SeqCst);
                    return connection;
                }
                Err(error) => {
                    if !self.state.is_away.swap(true, Ordering::SeqCst) {
                        tracing::error!(error = %Chain(&error), "the database cannot be reached");
                    }
                }
            }
        }
    }

    /// Works while the connection lasts; `true` when nobody can ask any more.
    async fn serve(&self, connection: &Arc<Connection>) -> bool {
        while connection.is_usable() {
            let next = async { self.jobs.lock().await.recv().await };
            let job = match select(pin!(connection.closed()), pin!(next)).await {
                Either::Left(_) => return false,
                Either::Right((None, _)) => return true,
                Either::Right((Some(job), _)) => job,
            };
            if timeout(DEADLINE, job(Arc::clone(connection))).await.is_err() {
                tracing::error!("the database does not answer; a connection is given up");
                connection.give_up();
            }
        }
        false
    }
}

/// An error with its causes: the driver's own text has none.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// So many operations may wait; at ten thousand a second that is a tenth of a second of work.
const QUEUE: usize = 1024;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
