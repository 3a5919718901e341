//! `countersign mail`: what is in the outbox, and a test of the mail server.

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use countersign::{DeliveryId, DeliveryState, MailTemplate, QueuedDelivery, RetryError};
use serde_json::{Value, json};

use super::failure::NotFound;
use super::global::Global;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Columns, Output, utc};
use crate::serve::instance::Task;
use crate::serve::mail::mail;

#[derive(Debug, Subcommand)]
pub(super) enum MailCommand {
    /// Sends a mail to this address at once, and says what the mail server says
    Test {
        /// Whom it goes to
        address: String,
        /// Puts it into the outbox, from where the running server sends it
        #[arg(long)]
        queue: bool,
    },
    /// Lists what is to be sent, was sent within a day, or was given up within 30 days
    Queue {
        /// Only those in this state: waiting, sent or dead
        #[arg(long)]
        state: Option<String>,
        /// How many at most, the oldest first
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Tries one again that waits or was given up, at once and for another day
    Retry {
        /// Its ID
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All that were given up and are still of use
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Deletes one; it is not sent
    Drop {
        /// Its ID
        id: String,
    },
}

impl MailCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let parse = |id: &str| id.parse().map_err(|error| usage(format!("{id:?}: {error}")));
        match self {
            Self::Test { address, queue: true } => block_on(queue_test(global, output, &address)),
            Self::Test { address, queue: false } => block_on(test(global, output, &address)),
            Self::Queue { state, limit } => block_on(queue(global, output, state.as_deref(), limit)),
            Self::Retry { id: Some(id), .. } => block_on(retry(global, output, parse(&id)?)),
            Self::Retry { id: None, .. } => block_on(retry_all(global, output)),
            Self::Drop { id } => block_on(drop_one(global, output, parse(&id)?)),
        }
    }
}

async fn test(global: &Global, output: Output, address: &str) -> anyhow::Result<()> {
    let config = global.load()?;
    let Some(mail) = mail(&config)? else {
        bail!("no mail server is configured: set mail.url and mail.from")
    };
    let tool = Tool::open_with(&config, Task::Manage, Some(mail)).await?;
    let id = tool.instance.send_test_mail(address).await.context("the mail was not sent")?;
    output.show(&json!({ "sent": id }), || format!("The mail server has taken the mail {id}"))?;
    Ok(())
}

async fn queue_test(global: &Global, output: Output, address: &str) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let id = tool.instance.queue_test_mail(address, &tool.context()).await?;
    output.show(&json!({ "queued": id }), || format!("The server sends the mail {id}"))?;
    Ok(())
}

async fn queue(global: &Global, output: Output, state: Option<&str>, limit: u32) -> anyhow::Result<()> {
    let read = |name: &str| {
        DeliveryState::from_name(name)
            .ok_or_else(|| usage(format!("{name:?} is no state: waiting, sent or dead")))
    };
    let state = state.map(read).transpose()?;
    let tool = Tool::open(global, Task::Manage).await?;
    let found = tool.instance.list_deliveries(state, limit).await?;
    let row = |one: &QueuedDelivery| {
        let when = one.ended_at.unwrap_or(one.not_before);
        let (what, to) = (what(one).to_owned(), one.recipient.clone().unwrap_or_default());
        let error = one.last_error.clone().unwrap_or_default();
        vec![
            one.id.to_string(),
            one.state.name().to_owned(),
            what,
            to,
            one.attempts.to_string(),
            utc(when),
            error,
        ]
    };
    let head = &["ID", "STATE", "WHAT", "TO", "ATTEMPTS", "NEXT OR ENDED", "LAST ERROR"];
    output.table_of(Columns { head, none: "countersign: the outbox is empty" }, &found, row, as_json)?;
    Ok(())
}

async fn retry(global: &Global, output: Output, id: DeliveryId) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    match tool.instance.retry_delivery(id, &tool.context()).await {
        Ok(()) => {}
        Err(error @ RetryError::NotFound) => return Err(NotFound(error.to_string()).into()),
        Err(error) => return Err(error.into()),
    }
    output.show(&json!({ "retried": 1 }), || "The server tries it again now".to_owned())?;
    Ok(())
}

async fn retry_all(global: &Global, output: Output) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let count = tool.instance.retry_dead_deliveries(&tool.context()).await?;
    output.show(&json!({ "retried": count }), || format!("The server tries {count} of them again now"))?;
    Ok(())
}

async fn drop_one(global: &Global, output: Output, id: DeliveryId) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let dropped = tool.instance.drop_delivery(id, &tool.context()).await?;
    ensure!(dropped, NotFound(format!("there is no delivery {id}, or it is being sent at this moment")));
    output.show(&json!({ "dropped": id }), || format!("Deleted {id}"))?;
    Ok(())
}

fn what(one: &QueuedDelivery) -> &'static str {
    one.template.map_or(one.kind.name(), MailTemplate::name)
}

fn as_json(one: &QueuedDelivery) -> Value {
    json!({
        "id": one.id,
        "kind": one.kind.name(),
        "state": one.state.name(),
        "template": one.template.map(MailTemplate::name),
        "recipient": one.recipient,
        "attempts": one.attempts,
        "lastError": one.last_error,
        "createdAt": utc(one.created_at),
        "nextAttemptAt": (one.state == DeliveryState::Waiting).then(|| utc(one.not_before)),
        "expiresAt": utc(one.expires_at),
        "endedAt": one.ended_at.map(utc),
    })
}
