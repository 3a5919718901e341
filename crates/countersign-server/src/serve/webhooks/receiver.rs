//! A server that is told of events: what it wants, what is sent, and what its responses mean.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use axum::http::StatusCode;
use countersign::{AuditRow, ChainedRow, Clock, Timestamp};
use countersign_fetch::{Exchange, FetchOptions, exchange};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::audit_line::hex;
use crate::config::{Config, Webhook};
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
pub(super) enum Delivery {
    Done,
    /// It never wants to hear anything again.
    Gone,
    /// It does not want this one.
    Refused(StatusCode),
}

impl Receiver {
    pub(crate) fn name(&self) -> &str {
        &self.webhook.name
    }

    /// What the store calls it as a reader of the audit log.
    pub(crate) fn reader(&self) -> String {
        self.webhook.reader()
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

    pub(super) fn wanted<'a>(&self, row: &'a ChainedRow) -> Option<&'a AuditRow> {
        let wants = |kind: &str| self.webhook.events.iter().any(|wanted| wanted.name() == kind);
        row.row.as_ref().filter(|row| self.webhook.events.is_empty() || wants(&row.kind))
    }

    pub(super) async fn deliver(&self, row: &ChainedRow, event: &AuditRow) -> anyhow::Result<Delivery> {
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

/// Whether a message for trying has arrived.
///
/// # Errors
/// It has not.
pub(crate) fn arrived(status: StatusCode) -> anyhow::Result<()> {
    ensure!(status.is_success(), "its response is {status}");
    Ok(())
}

const TIMEOUT: Duration = Duration::from_secs(15);
/// Of a response, which nobody reads.
const MAX_BYTES: u64 = 64 * 1024;
