//! `countersign audit`: prints the audit log, oldest event first.

use std::time::Duration;

use countersign::model::audit::{AuditKind, AuditQuery, AuditRecord};
use serde_json::{Value, json};

use super::global::Global;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Output, print, reader_is_gone, utc};
use crate::serve::instance::Task;

#[derive(Debug, clap::Args)]
pub(super) struct Audit {
    /// Only events of this account, by name or ID; a deleted account by ID only
    #[arg(long)]
    user: Option<String>,
    /// Only events of this kind, such as `login_failed`
    #[arg(long)]
    kind: Option<String>,
    /// Only events after this sequence number
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// At most this many events
    #[arg(long)]
    limit: Option<usize>,
    /// Waits for new events, until interrupted
    #[arg(long)]
    follow: bool,
}

impl Audit {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            let tool = Tool::open(global, Task::Manage).await?;
            let account_id = match &self.user {
                Some(user) => Some(match user.parse() {
                    Ok(id) => id,
                    Err(_) => tool.find_account(user).await?.id,
                }),
                None => None,
            };
            let kind = self.kind.as_deref().map(parse_kind).transpose()?;
            let mut query = AuditQuery { after: self.after, before: None, kind, account_id, limit: PAGE };
            let mut left = self.limit.unwrap_or(usize::MAX);
            loop {
                let page = tool.instance.audit_log(query.clone()).await?;
                query.after = page.last().map_or(query.after, |last| last.sequence);
                for record in page.iter().take(left) {
                    // One event a line, so that a reader can use it at once.
                    print(&if output.json { as_json(record).to_string() } else { as_text(record) })?;
                }
                left = left.saturating_sub(page.len());
                if left == 0 || (page.is_empty() && (!self.follow || reader_is_gone())) {
                    return Ok(());
                }
                if page.is_empty() {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        })
    }
}

const PAGE: u32 = 1000;

fn parse_kind(name: &str) -> anyhow::Result<AuditKind> {
    let known = || AuditKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    AuditKind::from_name(name)
        .ok_or_else(|| usage(format!("there is no kind {name:?}; the kinds are: {}", known())))
}

fn as_text(record: &AuditRecord) -> String {
    let actor_id = record.actor.account_id().map_or_else(String::new, |id| format!(" {id}"));
    let mut line = format!(
        "{}  {}  {:<24} by {}{actor_id}",
        record.sequence,
        utc(record.at),
        record.event.kind.name(),
        record.actor.name(),
    );
    let of = |name: &str, value: Option<String>| {
        value.map_or_else(String::new, |value| format!("  {name}={value}"))
    };
    line += &of("user", record.event.account_id.map(|id| id.to_string()));
    line += &of("session", record.event.session_id.map(|id| id.to_string()));
    line += &of("request", record.request_id.map(|id| id.to_string()));
    line += &of("from", record.address.map(|address| address.to_string()));
    line + &of("detail", record.event.detail.clone())
}

fn as_json(record: &AuditRecord) -> Value {
    json!({
        "sequence": record.sequence,
        "at": utc(record.at),
        "kind": record.event.kind.name(),
        "actor": record.actor.name(),
        "actorId": record.actor.account_id(),
        "userId": record.event.account_id,
        "sessionId": record.event.session_id,
        "requestId": record.request_id,
        "address": record.address,
        "detail": record.event.detail,
    })
}
