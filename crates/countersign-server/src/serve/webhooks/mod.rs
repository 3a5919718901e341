//! Tells servers of events: each event that they want, in the order of the audit log, until they have said that they have it.
//!
//! The audit log is the queue (docs/decisions/0041). So one that is away delays nobody else, and gets everything later.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use axum::http::StatusCode;
use countersign::{AuditRow, ChainedRow, Clock, Timestamp};
use countersign_fetch::{Exchange, FetchOptions, exchange};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::audit_line::hex;
use crate::config::{Config, Webhook};
use crate::serve::instance::Instance;
use crate::serve::signed_post::Signers;

/// A server that is told, with what signs for it.
pub(crate) struct Receiver {
    webhook: Webhook,
    signers: Signers,
    request: FetchOptions,
}

/// The configured ones.
///
/// # Errors
/// The secrets of one cannot be read.
pub(crate) fn receivers(config: &Config) -> anyhow::Result<Vec<Receiver>> {
    let receiver = |webhook: &Webhook| {
        let file = config.settings.in_folder(&webhook.secret_file);
        let place = || format!("webhooks: {}: secret_file", webhook.name);
        let mut request = FetchOptions::new(TIMEOUT, MAX_BYTES);
        if let Some(file) = &webhook.ca_file {
            request = request.ca_file(config.settings.in_folder(file));
        }
        let signers = Signers::read_file(&file).with_context(place)?;
        Ok(Receiver { webhook: webhook.clone(), signers, request })
    };
    config.settings.webhooks().iter().map(receiver).collect()
}

/// How an attempt went that a server has answered.
enum Delivery {
    Done,
    /// It never wants to hear anything again.
    Gone,
    /// It does not want this one.
    Refused(StatusCode),
}

/// Tells one until it is dropped.
pub(crate) async fn send(instance: Arc<Instance>, receiver: Receiver) {
    let mut failing = Failing::default();
    loop {
        match receiver.send_some(&instance, &mut failing).await {
            Ok(Next::More) => {}
            Ok(Next::Wait) => sleep(PAUSE).await,
            Ok(Next::Never) => return,
            Err(error) => sleep(failing.again(receiver.name(), &error)).await,
        }
    }
}

enum Next {
    More,
    Wait,
    Never,
}

impl Receiver {
    pub(crate) fn name(&self) -> &str {
        &self.webhook.name
    }

    /// What the store calls it as a reader of the audit log.
    pub(crate) fn reader(&self) -> String {
        format!("webhook:{}", self.webhook.name)
    }

    pub(crate) const fn webhook(&self) -> &Webhook {
        &self.webhook
    }

    /// Sends a message that no event has caused.
    ///
    /// # Errors
    /// It has not arrived.
    pub(crate) async fn test(&self, id: &str) -> anyhow::Result<StatusCode> {
        let now = Clock::system().now();
        let body = json!({ "type": "test", "timestamp": now.to_string(), "data": {} });
        Ok(self.post(id.to_owned(), &body).await?.status)
    }

    async fn send_some(&self, instance: &Instance, failing: &mut Failing) -> anyhow::Result<Next> {
        let reader = self.reader();
        // A new one hears of what happens from now on, and not of the past.
        if let (0, end @ 1..) = instance.audit_reader(&reader).await? {
            instance.move_audit_reader(&reader, end).await?;
        }
        let mut unread = instance.unread_audit(&reader).await?;
        let rows = unread.rows().to_vec();
        for (index, row) in rows.iter().enumerate() {
            let is_last = index + 1 == rows.len();
            if let Some(event) = self.wanted(row) {
                match self.deliver(row, event).await? {
                    Delivery::Done => failing.is_over(self.name()),
                    Delivery::Gone => {
                        let name = self.name();
                        tracing::error!(
                            name,
                            "a webhook says 410 Gone: it is told nothing until the server starts again"
                        );
                        return Ok(Next::Never);
                    }
                    Delivery::Refused(status) if failing.refusals < MOST_REFUSALS => {
                        failing.refusals += 1;
                        bail!("its response to position {} is {status}", row.place.position);
                    }
                    Delivery::Refused(status) => {
                        let (name, position) = (self.name(), row.place.position);
                        tracing::error!(name, position, %status, "a webhook refuses an event, which is left out");
                        failing.refusals = 0;
                    }
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

    fn wanted<'a>(&self, row: &'a ChainedRow) -> Option<&'a AuditRow> {
        let wants = |kind: &str| self.webhook.events.iter().any(|wanted| wanted.name() == kind);
        row.row.as_ref().filter(|row| self.webhook.events.is_empty() || wants(&row.kind))
    }

    async fn deliver(&self, row: &ChainedRow, event: &AuditRow) -> anyhow::Result<Delivery> {
        let id = format!("msg_{}", hex(&row.place.link[..16]));
        let status = self.post(id, &body(row.place.position, event)).await?.status;
        match status.as_u16() {
            200..=299 => Ok(Delivery::Done),
            410 => Ok(Delivery::Gone),
            // These say something of the way or of the moment, and nothing of the event.
            401 | 403 | 404 | 405 | 407 | 408 | 425 | 429 => bail!("its response is {status}"),
            400..=499 => Ok(Delivery::Refused(status)),
            _ => bail!("its response is {status}"),
        }
    }

    async fn post(&self, id: String, body: &Value) -> anyhow::Result<Exchange> {
        let question = self.signers.question(&id, Clock::system().now(), body.to_string())?;
        let (url, request) = (self.webhook.url.clone(), self.request.clone());
        let (answer, answered) = oneshot::channel();
        let ask = move || {
            let _ = answer.send(exchange(&url, question, &request));
        };
        // Not a thread of the runtime, whose end would wait for it (LM-10).
        std::thread::Builder::new().name("webhook".into()).spawn(ask)?;
        Ok(answered.await??)
    }
}

/// IDs, and what has changed; no address, and no name but one that is what has changed.
fn body(position: i64, event: &AuditRow) -> Value {
    json!({
        "type": event.kind,
        "timestamp": Timestamp::from_unix_millis(event.at).to_string(),
        "sequence": event.sequence,
        "position": position,
        "data": {
            "accountId": event.account_id,
            "sessionId": event.session_id,
            "actor": event.actor,
            "actorId": event.actor_id,
            "requestId": event.request_id.map(|id| id.to_string()),
            "detail": event.detail,
        },
    })
}

/// A server that does not take what it is told.
#[derive(Default)]
struct Failing {
    count: u32,
    refusals: u32,
    told: Option<Instant>,
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
}

/// Whether a message for trying has arrived.
///
/// # Errors
/// It has not.
pub(crate) fn arrived(status: StatusCode) -> anyhow::Result<()> {
    ensure!(status.is_success(), "its response is {status}");
    Ok(())
}

const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const TIMEOUT: Duration = Duration::from_secs(15);
/// Of a response, which nobody reads.
const MAX_BYTES: u64 = 64 * 1024;
const MOST_REFUSALS: u32 = 3;
