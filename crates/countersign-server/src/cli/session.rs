//! `countersign session`: lists and ends sessions.

use clap::Subcommand;
use countersign::SessionId;
use countersign::wire::SessionView;
use countersign::{Session, SessionSelector};
use serde_json::json;

use super::global::Global;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Output, utc};
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
    /// Ends one session, or all sessions of an account; their tokens fail at once
    Revoke {
        /// The ID of the session
        #[arg(required_unless_present = "user", conflicts_with = "user")]
        session: Option<String>,
        /// Ends all sessions of this account, by name or ID
        #[arg(long)]
        user: Option<String>,
    },
}

impl SessionCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            let tool = Tool::open(global, Task::Manage).await?;
            match self {
                Self::List { user, limit } => list(&tool, output, user.as_deref(), limit).await,
                Self::Revoke { session, user } => {
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
    let value = |session: &Session| json!(SessionView::new(session, &policy, None));
    let row = |session: &Session| {
        vec![
            session.id.to_string(),
            session.account_id.to_string(),
            utc(session.rotated_at),
            utc(session.ends_at(&policy)),
            session.address.map_or_else(String::new, |address| address.to_string()),
            session.user_agent.clone().unwrap_or_default(),
        ]
    };
    output.table_of(&["ID", "USER", "LAST USED", "ENDS", "ADDRESS", "DEVICE"], &sessions, row, value)?;
    Ok(())
}

async fn revoke(
    tool: &Tool,
    output: Output,
    session: Option<&str>,
    user: Option<&str>,
) -> anyhow::Result<()> {
    let sessions = match (session, user) {
        (Some(id), _) => SessionSelector::One(
            id.parse::<SessionId>().map_err(|error| usage(format!("{id:?} is {error}")))?,
        ),
        (None, Some(user)) => SessionSelector::AllOf(tool.find_account(user).await?.id),
        (None, None) => return Err(usage("name a session, or an account with --user")),
    };
    let ended = tool.instance.end_sessions(sessions, &tool.context()).await?;
    anyhow::ensure!(ended > 0, "there is no such live session");
    output.show(&json!({ "ended": ended }), || {
        format!("Ended {ended} {}", if ended == 1 { "session" } else { "sessions" })
    })?;
    Ok(())
}
