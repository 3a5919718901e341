//! `countersign session`: lists and ends sessions.

use std::collections::BTreeSet;

use clap::Subcommand;
use countersign::SessionId;
use countersign::wire::SessionView;
use countersign::{Session, SessionSelector};
use serde_json::json;

use super::failure::NotFound;
use super::global::Global;
use super::names::Names;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Columns, Output, counted, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// Lists live sessions, newest first
    List {
        /// Only sessions of this account, by name or ID
        #[arg(long)]
        user: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Ends one session, all sessions of an account, or all there are; their tokens fail at once
    #[command(override_usage = "countersign session revoke [OPTIONS] <SESSION|--user <USER>|--all>")]
    Revoke {
        /// The ID of the session
        #[arg(required_unless_present_any = ["user", "all"])]
        session: Option<String>,
        /// Ends all sessions of this account, by name or ID
        #[arg(long, conflicts_with = "session")]
        user: Option<String>,
        /// Ends all sessions of all accounts
        #[arg(long, conflicts_with_all = ["session", "user"])]
        all: bool,
    },
}

impl SessionCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            let tool = Tool::open(global, Task::Manage).await?;
            match self {
                Self::List { user, limit } => list(&tool, output, user.as_deref(), limit).await,
                Self::Revoke { all: true, .. } => revoke_all(&tool, output).await,
                Self::Revoke { session, user, .. } => {
                    revoke(&tool, output, session.as_deref(), user.as_deref()).await
                }
            }
        })
    }
}

async fn list(tool: &Tool, output: Output, user: Option<&str>, limit: u32) -> anyhow::Result<()> {
    let account = match user {
        Some(user) => Some(tool.find_account(user).await?.id),
        None => None,
    };
    let policy = tool.instance.options().sessions;
    let sessions = tool.instance.list_sessions(account, tool.now(), limit).await?;
    let mut names = Names::default();
    let mut shown = Vec::new();
    for session in sessions {
        let name = names.of(tool, session.account_id).await?;
        shown.push((session, name));
    }
    let value = |(session, _): &(Session, String)| json!(SessionView::new(session, &policy, None));
    let row = |(session, name): &(Session, String)| {
        vec![
            session.id.to_string(),
            name.clone(),
            utc(session.rotated_at),
            utc(session.ends_at(&policy)),
            session.address.map_or_else(String::new, |address| address.to_string()),
            session.user_agent.clone().unwrap_or_default(),
        ]
    };
    let columns = Columns {
        head: &["ID", "USER", "LAST USED", "ENDS", "ADDRESS", "DEVICE"],
        none: "countersign: no live sessions",
    };
    output.table_of(columns, &shown, row, value)?;
    Ok(())
}

async fn revoke(
    tool: &Tool,
    output: Output,
    session: Option<&str>,
    user: Option<&str>,
) -> anyhow::Result<()> {
    let sessions = match (session, user) {
        (Some(id), _) => SessionSelector::One(id.parse::<SessionId>().map_err(|error| {
            usage(format!(
                "{id:?} is {error}; all sessions of an account end with: session revoke --user {id}"
            ))
        })?),
        (None, Some(user)) => SessionSelector::AllOf(tool.find_account(user).await?.id),
        (None, None) => return Err(usage("name a session, or an account with --user")),
    };
    let ended = tool.instance.end_sessions(sessions, &tool.context()).await?;
    anyhow::ensure!(ended > 0, NotFound("there is no such live session".to_owned()));
    say_ended(output, ended)
}

/// A transaction for each account, so that a server beside it never waits long.
async fn revoke_all(tool: &Tool, output: Output) -> anyhow::Result<()> {
    let mut ended = 0;
    loop {
        let live = tool.instance.list_sessions(None, tool.now(), 1000).await?;
        let accounts: BTreeSet<_> = live.iter().map(|session| session.account_id).collect();
        if accounts.is_empty() {
            return say_ended(output, ended);
        }
        for account in accounts {
            ended += tool.instance.end_sessions(SessionSelector::AllOf(account), &tool.context()).await?;
        }
    }
}

fn say_ended(output: Output, ended: usize) -> anyhow::Result<()> {
    output.show(&json!({ "ended": ended }), || format!("Ended {}", counted(ended, "session")))?;
    Ok(())
}
