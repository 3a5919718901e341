//! `countersign webhook`: which servers are told of events, and how far each is.

use anyhow::Context as _;
use clap::Subcommand;
use countersign::{AuditReader, Random, ReaderNews, SessionId};
use serde_json::{Value, json};

use super::failure::NotFound;
use super::global::Global;
use super::tool::{Tool, block_on};
use super::webhook_add::Add;
use crate::output::{Columns, Output, utc};
use crate::serve::instance::Task;
use crate::serve::webhooks::{Receiver, arrived, receivers};

#[derive(Debug, Subcommand)]
pub(super) enum WebhookCommand {
    /// Writes one into the configuration file, with a new secret in a file of its own
    Add(Add),
    /// Lists the webhooks of the configuration, and how many rows of the audit log each has not been through yet
    List,
    /// Sends a signed message of the type `test`, from here
    Test {
        /// The name of the webhook
        name: String,
    },
    /// Switches one on that has failed for five days or said 410: it goes on where it stopped
    Enable {
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
    reader: AuditReader,
    end: i64,
}

impl WebhookCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        if let Self::Add(add) = self {
            return add.run(global, output);
        }
        block_on(async {
            match self {
                Self::Add(_) => Ok(()),
                Self::List => list(global, output).await,
                Self::Test { name } => test(global, output, &name).await,
                Self::Enable { name } => enable(global, output, &name).await,
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
        let (reader, end) = tool.instance.audit_reader(&receiver.reader()).await?;
        all.push(Told { receiver, reader, end });
    }
    let row = |told: &Told| {
        let events = kinds(told).join(" ");
        let events = if events.is_empty() { "all".to_owned() } else { events };
        let url = told.receiver.webhook().url.to_string();
        vec![told.receiver.name().to_owned(), url, told.waiting().to_string(), told.state(), events]
    };
    let columns =
        Columns { head: &["NAME", "URL", "BEHIND", "STATE", "EVENTS"], none: "countersign: no webhooks" };
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

async fn enable(global: &Global, output: Output, name: &str) -> anyhow::Result<()> {
    let receiver = find(global, name)?;
    let tool = Tool::open(global, Task::Manage).await?;
    let (before, after) = tool.instance.note_audit_reader(&receiver.reader(), ReaderNews::SwitchedOn).await?;
    let (was_off, position) = (before.off.is_some(), after.position.max(0));
    let said = || match before.off {
        Some(_) => format!("{name} is switched on, and goes on after position {position}"),
        None => format!("{name} is switched on already"),
    };
    output.show(&json!({ "name": name, "wasOff": was_off, "position": position }), said)?;
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
        let position = self.reader.position;
        if position == 0 { 0 } else { self.end - position.max(0) }
    }

    fn state(&self) -> String {
        match (self.reader.off, self.reader.failing) {
            (Some(off), _) => format!("off since {} ({})", utc(off.at), off.reason.name()),
            (None, Some(failing)) => format!("failing since {}", utc(failing.since)),
            (None, None) => "on".to_owned(),
        }
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
        "position": told.reader.position.max(0),
        "behind": told.waiting(),
        "failingSince": told.reader.failing.map(|failing| failing.since.to_string()),
        "off": told.reader.off.map(|off| json!({ "since": off.at.to_string(), "reason": off.reason.name() })),
    })
}
