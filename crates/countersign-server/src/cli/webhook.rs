//! `countersign webhook`: which servers are told of events, and how far each is.

use anyhow::Context as _;
use clap::Subcommand;
use countersign::{Random, SessionId};
use serde_json::{Value, json};

use super::failure::NotFound;
use super::global::Global;
use super::tool::{Tool, block_on};
use crate::output::{Columns, Output};
use crate::serve::instance::Task;
use crate::serve::webhooks::{Receiver, arrived, receivers};

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Lists the webhooks of the configuration, and how many rows of the audit log each has not been through yet
    List,
    /// Sends a signed message of the type `test`, from here
    Test {
        /// The name of the webhook
        name: String,
    },
    /// Lets one have events again, or leaves some out
    Replay {
        /// The name of the webhook
        name: String,
        /// The position in the audit log after which it goes on: `position` of a message, or of `audit export`
        #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
        since: i64,
    },
}

/// A webhook, and how far it is.
struct Told {
    receiver: Receiver,
    position: i64,
    end: i64,
}

impl WebhookCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            match self {
                Self::List => list(global, output).await,
                Self::Test { name } => test(global, output, &name).await,
                Self::Replay { name, since } => replay(global, output, &name, since).await,
            }
        })
    }
}

async fn list(global: &Global, output: Output) -> anyhow::Result<()> {
    let receivers = receivers(&global.load()?)?;
    let tool = Tool::open(global, Task::Manage).await?;
    let mut all = Vec::new();
    for receiver in receivers {
        let (position, end) = tool.instance.audit_reader(&receiver.reader()).await?;
        all.push(Told { receiver, position, end });
    }
    let row = |told: &Told| {
        let events = kinds(told).join(" ");
        let events = if events.is_empty() { "all".to_owned() } else { events };
        let url = told.receiver.webhook().url.to_string();
        vec![told.receiver.name().to_owned(), url, told.waiting().to_string(), events]
    };
    let columns = Columns { head: &["NAME", "URL", "BEHIND", "EVENTS"], none: "countersign: no webhooks" };
    output.table_of(columns, &all, row, as_json)?;
    Ok(())
}

async fn test(global: &Global, output: Output, name: &str) -> anyhow::Result<()> {
    let receiver = find(global, name)?;
    let id = format!("msg_{}", SessionId::random(&Random::system()));
    let status = receiver.test(&id).await.with_context(|| format!("the webhook {name}"))?;
    arrived(status).with_context(|| format!("the webhook {name}"))?;
    output.show(&json!({ "id": id, "status": status.as_u16() }), || format!("{id}: {status}"))?;
    Ok(())
}

async fn replay(global: &Global, output: Output, name: &str, since: i64) -> anyhow::Result<()> {
    let receiver = find(global, name)?;
    let tool = Tool::open(global, Task::Manage).await?;
    // At 0 is one that is new, and hears nothing of the past.
    let to = if since == 0 { -1 } else { since };
    tool.instance.move_audit_reader(&receiver.reader(), to).await?;
    let said = || format!("{name} goes on after position {since}");
    output.show(&json!({ "name": name, "since": since }), said)?;
    Ok(())
}

fn find(global: &Global, name: &str) -> anyhow::Result<Receiver> {
    let mut all = receivers(&global.load()?)?.into_iter();
    let found = all.find(|receiver| receiver.name() == name);
    found.ok_or_else(|| NotFound(format!("there is no webhook {name:?} in the configuration")).into())
}

impl Told {
    fn waiting(&self) -> i64 {
        // A new one begins with what happens from now on.
        if self.position == 0 { 0 } else { self.end - self.position.max(0) }
    }
}

fn kinds(told: &Told) -> Vec<&'static str> {
    told.receiver.webhook().events.iter().map(|kind| kind.name()).collect()
}

fn as_json(told: &Told) -> Value {
    let webhook = told.receiver.webhook();
    let url = webhook.url.to_string();
    json!({
        "name": webhook.name,
        "url": url,
        "events": kinds(told),
        "position": told.position.max(0),
        "behind": told.waiting(),
    })
}
