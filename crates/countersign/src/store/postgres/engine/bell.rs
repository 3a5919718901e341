//! The bell: by it the nodes wake each other when sessions have ended, so that none waits for its next look at the log.
//! It says nothing but "look", and may be missing: behind a pooler, or where an engine has no `LISTEN`. Then, and while its
//! connection is made anew, nodes look as often as they do anyway.
//!
//! It is never rung in the transaction of a log-out. `NOTIFY` takes a lock of the whole database until its commit is
//! durable, so log-outs would wait for each other's disk. In a transaction of its own, which waits for no disk, it takes
//! half a millisecond.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::store::postgres::engine::connection::{Connection, DEADLINE};
use crate::store::postgres::engine::failure::Failure;
use crate::store::postgres::engine::target::Target;

/// A connection that listens and rings, for as long as this is kept.
#[derive(Debug)]
pub(in crate::store::postgres) struct Bell {
    cord: Arc<Notify>,
    rung: Arc<Notify>,
    _keeper: JoinSet<()>,
}

impl Bell {
    /// Begins to connect. This has to be the server itself: a pooler that gives each transaction another connection passes
    /// on no notifications.
    pub(in crate::store::postgres) fn start(target: Target) -> Self {
        let (cord, rung) = (Arc::<Notify>::default(), Arc::<Notify>::default());
        let mut keeper = JoinSet::new();
        keeper.spawn(keep(target, Arc::clone(&cord), Arc::clone(&rung)));
        Self { cord, rung, _keeper: keeper }
    }

    /// Wakes all nodes, this one too, within milliseconds if the bell is there. Whoever calls does not wait.
    pub(in crate::store::postgres) fn ring(&self) {
        self.cord.notify_one();
    }

    /// Resolves when it has been rung since the last time, by whichever node.
    pub(in crate::store::postgres) async fn rung(&self) {
        self.rung.notified().await;
    }
}

async fn keep(target: Target, cord: Arc<Notify>, rung: Arc<Notify>) {
    let mut attempts = interval(BETWEEN_ATTEMPTS);
    attempts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_missing = false;
    loop {
        attempts.tick().await;
        match listen(&target, &rung).await {
            Ok(connection) => {
                is_missing = false;
                rung.notify_one(); // it may have been rung while nobody listened
                ring_for(&connection, &cord).await;
            }
            Err(failure) if !is_missing => {
                is_missing = true;
                tracing::info!(error = %failure, "no LISTEN at {target:?}: nodes hear of log-outs by polling");
            }
            Err(_) => {}
        }
    }
}

async fn listen(target: &Target, rung: &Arc<Notify>) -> Result<Connection, Failure> {
    let connection = Connection::listening(target, rung).await?;
    timeout(DEADLINE, connection.run("LISTEN countersign")).await.map_err(|_| Failure::Late)??;
    Ok(connection)
}

/// Rings as often as the cord is pulled, though not without a pause, for as long as the connection lasts.
async fn ring_for(connection: &Connection, cord: &Notify) {
    loop {
        if let Either::Left(_) = select(pin!(connection.closed()), pin!(cord.notified())).await {
            return;
        }
        let rings = connection.run("BEGIN; SET LOCAL synchronous_commit = off; NOTIFY countersign; COMMIT");
        if !matches!(timeout(DEADLINE, rings).await, Ok(Ok(()))) {
            cord.notify_one();
            return;
        }
        sleep(PAUSE).await;
    }
}

/// One ring serves all log-outs of so long.
const PAUSE: Duration = Duration::from_millis(20);
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(5);
