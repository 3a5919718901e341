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
pub(in crate::store::postgres) struct Lane<J> {
    queue: mpsc::Sender<J>,
    state: Arc<State>,
    _workers: JoinSet<()>,
}

/// One piece of work on a connection.
pub(in crate::store::postgres) type Job = Box<dyn FnOnce(Arc<Connection>) -> Running + Send>;
pub(in crate::store::postgres) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a lane does its work.
pub(in crate::store::postgres) struct Work<J> {
    /// How much is done at once at most.
    pub(in crate::store::postgres) most: usize,
    pub(in crate::store::postgres) run: fn(Arc<Connection>, Vec<J>) -> Running,
}

#[derive(Debug, Default)]
struct State {
    connected: AtomicUsize,
    /// The last that anybody heard of the database is that it could not be reached.
    is_away: AtomicBool,
}

impl<J: Send + 'static> Lane<J> {
    /// Starts so many tasks, the first with this connection if there is one.
    pub(in crate::store::postgres) fn start(
        target: &Arc<Target>,
        first: Option<Connection>,
        connections: usize,
        work: Work<J>,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let (jobs, state, work) = (Arc::new(Mutex::new(jobs)), Arc::<State>::default(), Arc::new(work));
        let (mut workers, mut first) = (JoinSet::new(), first);
        for _ in 0..connections {
            let (target, jobs) = (Arc::clone(target), Arc::clone(&jobs));
            let worker = Worker { target, jobs, state: Arc::clone(&state), work: Arc::clone(&work) };
            workers.spawn(worker.run(first.take()));
        }
        Self { queue, state, _workers: workers }
    }

    /// Hands something in; answers when it is done, or when the database has not answered for too long.
    pub(in crate::store::postgres) async fn ask<T>(
        &self,
        pack: impl FnOnce(Reply<T>) -> J,
    ) -> Result<T, LaneError> {
        if self.is_away() {
            return Err(LaneError::Failed(Failure::Late));
        }
        let (sender, mut answer) = oneshot::channel();
        let is_given_up = Arc::<AtomicBool>::default();
        let reply = Reply { sender, is_given_up: Arc::clone(&is_given_up) };
        self.queue.try_send(pack(reply)).map_err(|_| LaneError::Full)?;
        let answered = if let Ok(answered) = timeout(DEADLINE, &mut answer).await {
            answered.ok()
        } else {
            // In this order, an answer either arrives or is known by its sender to be too late.
            is_given_up.store(true, Ordering::SeqCst);
            answer.close();
            answer.try_recv().ok()
        };
        answered.unwrap_or(Err(Failure::Late)).map_err(LaneError::Failed)
    }

    /// How many wait.
    pub(in crate::store::postgres) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Whether no connection is there and the last attempt to make one has failed.
    pub(in crate::store::postgres) fn is_away(&self) -> bool {
        self.state.connected.load(Ordering::SeqCst) == 0 && self.state.is_away.load(Ordering::SeqCst)
    }
}

impl<J> fmt::Debug for Lane<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Lane<Job> {
    /// A lane for work of any kind, one at a time on each connection.
    pub(in crate::store::postgres) fn one_by_one(target: &Arc<Target>, first: Option<Connection>) -> Self {
        let run = |connection: Arc<Connection>, jobs: Vec<Job>| -> Running {
            Box::pin(async move {
                for job in jobs {
                    job(Arc::clone(&connection)).await;
                }
            })
        };
        Self::start(target, first, CONNECTIONS, Work { most: 1, run })
    }

    /// Runs something on a connection.
    pub(in crate::store::postgres) async fn run<T, F, W>(&self, work: W) -> Result<T, LaneError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send,
        W: FnOnce(Arc<Connection>) -> F + Send + 'static,
    {
        let pack = |reply: Reply<T>| -> Job {
            Box::new(move |connection| {
                Box::pin(async move {
                    if reply.is_wanted() {
                        let _ = reply.send(work(connection).await);
                    }
                })
            })
        };
        self.ask(pack).await
    }
}

/// The way back to whoever asked.
#[derive(Debug)]
pub(in crate::store::postgres) struct Reply<T> {
    sender: oneshot::Sender<Result<T, Failure>>,
    is_given_up: Arc<AtomicBool>,
}

/// Whoever asked was told that nothing is known to have happened.
pub(in crate::store::postgres) struct TooLate;

impl<T> Reply<T> {
    /// Whether it is still to be done. If not, and nothing has begun, it was reported as not done.
    pub(in crate::store::postgres) fn is_wanted(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Answers.
    pub(in crate::store::postgres) fn send(self, outcome: Result<T, Failure>) -> Result<(), TooLate> {
        match self.sender.send(outcome) {
            Err(_) if self.is_given_up.load(Ordering::SeqCst) => Err(TooLate),
            _ => Ok(()),
        }
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

struct Worker<J> {
    target: Arc<Target>,
    jobs: Arc<Mutex<mpsc::Receiver<J>>>,
    state: Arc<State>,
    work: Arc<Work<J>>,
}

impl<J: Send + 'static> Worker<J> {
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
            let mut batch = Vec::new();
            let next = async { self.jobs.lock().await.recv_many(&mut batch, self.work.most).await };
            match select(pin!(connection.closed()), pin!(next)).await {
                Either::Left(_) => return false,
                Either::Right((0, _)) => return true,
                Either::Right(_) => {}
            }
            if timeout(DEADLINE, (self.work.run)(Arc::clone(connection), batch)).await.is_err() {
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
/// A node needs few, and a hundred nodes have to fit into one server.
const CONNECTIONS: usize = 2;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
