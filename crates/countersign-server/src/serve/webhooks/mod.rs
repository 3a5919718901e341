//! Tells servers of events: each event that they want, in the order of the audit log, until they have said that they have it.
//!
//! The audit log is the queue (docs/decisions/0041). So one that is away delays nobody else, and gets everything later, unless it is
//! away for so long that it is switched off (docs/decisions/0051): the store remembers that, for all nodes.

mod receiver;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyhow::bail;
use axum::http::StatusCode;
use countersign::{AuditReader, OffReason, ReaderNews};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use self::receiver::Delivery;
pub(crate) use self::receiver::{Receiver, arrived, receivers};
use crate::serve::instance::Instance;

/// Those who are told.
pub(crate) type Receivers = Arc<Vec<Receiver>>;

/// Tells them until it is dropped. When others take their place, these begin at once, whatever they waited for.
pub(crate) async fn tell(instance: Arc<Instance>, mut receivers: watch::Receiver<Receivers>) {
    loop {
        let told = Arc::clone(&receivers.borrow_and_update());
        tokio::select! {
            () = tell_all(&instance, &told) => {}
            changed = receivers.changed() => if changed.is_err() { return },
        }
    }
}

/// No tasks of their own: who drops this has dropped all of them, and what they hold of the store.
async fn tell_all(instance: &Instance, receivers: &[Receiver]) {
    let mut all: Vec<_> = receivers.iter().map(|receiver| Box::pin(send(instance, receiver))).collect();
    poll_fn(|context| {
        // None of them ends.
        for one in &mut all {
            let _ = one.as_mut().poll(context);
        }
        Poll::<()>::Pending
    })
    .await;
}

/// Tells one.
async fn send(instance: &Instance, receiver: &Receiver) {
    let mut failing = Failing::default();
    loop {
        match send_some(receiver, instance, &mut failing).await {
            Ok(Next::More) => {}
            Ok(Next::Wait) => sleep(PAUSE).await,
            Err(error) => sleep(failing.again(receiver.name(), &error)).await,
        }
    }
}

enum Next {
    More,
    Wait,
}

async fn send_some(receiver: &Receiver, instance: &Instance, failing: &mut Failing) -> anyhow::Result<Next> {
    let reader = receiver.reader();
    let (found, end) = instance.audit_reader(&reader).await?;
    // A new one hears of what happens from now on, and not of the past.
    if found.position == 0 && end > 0 {
        instance.move_audit_reader(&reader, end).await?;
    }
    if failing.is_off(receiver.name(), &found) {
        return Ok(Next::Wait);
    }
    let mut unread = instance.unread_audit(&reader).await?;
    let rows = unread.rows().to_vec();
    let mut stored_as_failing = found.failing.is_some();
    for (index, row) in rows.iter().enumerate() {
        let is_last = index + 1 == rows.len();
        if let Some(event) = receiver.wanted(row) {
            let delivery = receiver.deliver(row, event).await;
            let news = match &delivery {
                Ok(Delivery::Done | Delivery::Refused(_)) => ReaderNews::Answered,
                Ok(Delivery::Gone) => ReaderNews::Gone,
                Err(_) => ReaderNews::Failed,
            };
            if stored_as_failing || news != ReaderNews::Answered {
                let (_, after) = instance.note_audit_reader(&reader, news).await?;
                stored_as_failing = after.failing.is_some();
                if failing.is_switched_off(receiver.name(), &after) {
                    return Ok(Next::Wait);
                }
            }
            match delivery? {
                Delivery::Done | Delivery::Gone => failing.is_over(receiver.name()),
                Delivery::Refused(status) => failing.refused(receiver.name(), row.place.position, status)?,
            }
        } else if !is_last {
            continue;
        }
        if !instance.audit_was_read(&mut unread, row.place.position).await? {
            return Ok(Next::More); // another node, or a replay
        }
    }
    Ok(if unread.has_more() { Next::More } else { Next::Wait })
}

/// A server that does not take what it is told.
#[derive(Default)]
struct Failing {
    count: u32,
    refusals: u32,
    told: Option<Instant>,
    told_off: bool,
}

impl Failing {
    /// One line in ten minutes says so (LG-7). Gives how long to wait.
    fn again(&mut self, name: &str, error: &anyhow::Error) -> Duration {
        if self.told.is_none_or(|told| told.elapsed() >= LONGEST_PAUSE) {
            self.told = Some(Instant::now());
            tracing::error!(name, "a webhook could not be told, will be tried again: {error:#}");
        }
        self.count += 1;
        (PAUSE * 2_u32.pow(self.count.min(10) - 1)).min(LONGEST_PAUSE)
    }

    fn is_over(&mut self, name: &str) {
        if std::mem::take(self).told.is_some() {
            tracing::info!(name, "the webhook is told again");
        }
    }

    /// One event is not wanted: it is tried some times more, and then left out.
    fn refused(&mut self, name: &str, position: i64, status: StatusCode) -> anyhow::Result<()> {
        if self.refusals < MOST_REFUSALS {
            self.refusals += 1;
            bail!("its response to position {position} is {status}");
        }
        tracing::error!(name, position, %status, "a webhook refuses an event, which is left out");
        self.refusals = 0;
        Ok(())
    }

    /// Whether it has just been switched off.
    fn is_switched_off(&mut self, name: &str, reader: &AuditReader) -> bool {
        let Some(off) = reader.off else { return false };
        let why = match off.reason {
            OffReason::Gone => "it says 410 Gone",
            _ => "it has failed for five days",
        };
        tracing::error!(
            name,
            "a webhook is switched off, {why}: it is told nothing until `countersign webhook enable {name}`"
        );
        *self = Self { told_off: true, ..Self::default() };
        true
    }

    /// Whether it is off; a line says so once.
    fn is_off(&mut self, name: &str, reader: &AuditReader) -> bool {
        let is_off = reader.off.is_some();
        match (is_off, self.told_off) {
            (true, false) => {
                tracing::warn!(name, "a webhook is switched off: `countersign webhook enable {name}`");
            }
            (false, true) => tracing::info!(name, "a webhook is switched on"),
            _ => {}
        }
        self.told_off = is_off;
        is_off
    }
}

const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const MOST_REFUSALS: u32 = 3;
