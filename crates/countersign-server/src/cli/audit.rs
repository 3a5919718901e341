//! `countersign audit`: prints the audit log, oldest event first.

use std::time::Duration;

use countersign::wire::AuditEventView;
use countersign::{AuditCursor, AuditKind, AuditQuery, AuditRecord, Timestamp};
use serde_json::{Value, json};

use super::audit_chain::AuditCommand;
use super::global::Global;
use super::names::Names;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Output, print, reader_is_gone, remark, utc};
use crate::serve::instance::Task;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    /// Only events of this account, by name or ID; a deleted account by ID only
    #[arg(long)]
    user: Option<String>,
    /// Only events of this kind, such as `login_failed`
    #[arg(long)]
    kind: Option<String>,
    /// Only events of this instant and later, such as 2026-11-23T07:30:00Z
    #[arg(long, value_name = "INSTANT")]
    since: Option<Timestamp>,
    /// Only events of before this instant
    #[arg(long, value_name = "INSTANT", conflicts_with = "follow")]
    until: Option<Timestamp>,
    /// Only events after this sequence number
    #[arg(long, value_name = "SEQUENCE")]
    after: Option<i64>,
    /// At most this many events: the last ones, or with `--after` the next ones [default with `--follow`
    /// alone: 10]
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Prints the last events, or with `--since` all of that time, then waits for new ones, until interrupted
    #[arg(long)]
    follow: bool,
}

impl Audit {
    pub(super) fn run(mut self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            if let Some(command) = self.command.take() {
                return Box::pin(command.run(global, output)).await;
            }
            let tool = Tool::open(global, Task::Manage).await?;
            let account_id = match &self.user {
                Some(user) => Some(match user.parse() {
                    Ok(id) => id,
                    Err(_) => tool.find_account(user).await?.id,
                }),
                None => None,
            };
            let kind = self.kind.as_deref().map(parse_kind).transpose()?;
            let (since, until) = (self.since, self.until);
            let query = AuditQuery { kind, account_id, since, until, limit: PAGE, ..AuditQuery::default() };
            let events = &mut Events { tool, query, output, names: Names::default() };
            let usual = if self.follow && since.is_none() { Some(LATELY) } else { None };
            let lately = self.limit.or(usual);
            match (self.after, lately) {
                (Some(after), _) => events.query.after = AuditCursor::after(after),
                (None, Some(count)) => events.skip_to_last(count).await?,
                (None, None) => {}
            }
            if !self.follow {
                if !events.print(self.limit.unwrap_or(usize::MAX)).await? && !output.json {
                    remark("countersign: no events");
                }
                return Ok(());
            }
            loop {
                events.print(usize::MAX).await?;
                if reader_is_gone() {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        })
    }
}

/// The events that are not printed yet.
struct Events {
    tool: Tool,
    query: AuditQuery,
    output: Output,
    names: Names,
}

impl Events {
    /// Skips all events but the last `count`.
    async fn skip_to_last(&mut self, count: usize) -> anyhow::Result<()> {
        let (mut before, mut left) = (i64::MAX, count);
        while left > 0 {
            let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
            let newest_first = AuditQuery { before: Some(before), limit, ..self.query.clone() };
            let page = self.tool.instance.audit_log(newest_first).await?;
            let Some(oldest) = page.lines.last() else { return Ok(()) };
            before = oldest.sequence;
            left = left.saturating_sub(page.lines.len());
        }
        self.query.after = AuditCursor::after(before - 1);
        Ok(())
    }

    /// Prints at most `most` events, oldest first; gives whether there was one.
    async fn print(&mut self, most: usize) -> anyhow::Result<bool> {
        let mut left = most;
        while left > 0 {
            let page = self.tool.instance.audit_log(self.query.clone()).await?;
            self.query.after = page.next;
            if page.lines.is_empty() {
                break;
            }
            for record in page.lines.iter().take(left) {
                // One event a line, so that a reader can use it at once.
                let line =
                    if self.output.json { as_json(record).to_string() } else { self.as_text(record).await? };
                print(&line)?;
            }
            left = left.saturating_sub(page.lines.len());
        }
        Ok(left < most)
    }

    async fn as_text(&mut self, record: &AuditRecord) -> anyhow::Result<String> {
        let mut line =
            format!("{}  {}  {:<24} by ", record.sequence, utc(record.at), record.event.kind.name());
        line += record.actor.name();
        if let Some(id) = record.actor.account_id() {
            line.push(' ');
            line += &self.names.of(&self.tool, id).await?;
        }
        let user = match record.event.account_id {
            Some(id) => Some(self.names.of(&self.tool, id).await?),
            None => None,
        };
        let of = |name: &str, value: Option<String>| {
            value.map_or_else(String::new, |value| format!("  {name}={value}"))
        };
        line += &of("user", user);
        line += &of("session", record.event.session_id.map(|id| id.to_string()));
        line += &of("request", record.request_id.map(|id| id.to_string()));
        line += &of("from", record.address.map(|address| address.to_string()));
        Ok(line + &of("detail", record.event.detail.clone()))
    }
}

/// How many earlier events `--follow` begins with.
const LATELY: usize = 10;
const PAGE: u32 = 1000;

fn parse_kind(name: &str) -> anyhow::Result<AuditKind> {
    let known = || AuditKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    AuditKind::from_name(name)
        .ok_or_else(|| usage(format!("there is no kind {name:?}; the kinds are: {}", known())))
}

fn as_json(record: &AuditRecord) -> Value {
    json!(AuditEventView::from(record))
}
