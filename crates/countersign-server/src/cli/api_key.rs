//! `countersign api-key`: the keys by which programs act for an account.

use std::time::Duration;

use anyhow::ensure;
use clap::Subcommand;
use countersign::wire::ApiKeyView;
use countersign::{ApiKey, ApiKeyId, ApiKeyName, ApiKeySpec, Scopes, Timestamp};
use serde_json::json;

use super::failure::NotFound;
use super::global::Global;
use super::names::Names;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::config::parse_duration;
use crate::output::{Columns, Output, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Makes a key for an account, and prints it: only now
    Add {
        /// The name or ID of the account
        user: String,
        /// What the key is called: letters, digits, dots, hyphens, underscores
        name: String,
        /// The audience of its tokens; the default audience if none is named
        #[arg(long)]
        audience: Option<String>,
        /// The scopes that its tokens are limited to, with spaces between them
        #[arg(long, default_value = "", hide_default_value = true)]
        scope: String,
        /// When it stops to work, such as 90d; never if this is left out
        #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
        expires_in: Option<Duration>,
    },
    /// Lists keys, newest first, with those that expired or were revoked in the last 30 days; never the keys themselves
    List {
        /// Only keys of this account, by name or ID
        #[arg(long)]
        user: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Revokes a key; it is refused at once, and so are its access tokens
    Revoke {
        /// The ID of the key
        key: String,
    },
}

impl ApiKeyCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Add { user, name, audience, scope, expires_in } => {
                let new = New {
                    name: ApiKeyName::parse(&name).map_err(|error| usage(format!("{name:?}: {error}")))?,
                    audience,
                    scopes: Scopes::parse(&scope).map_err(|error| usage(format!("--scope: {error}")))?,
                    expires_in,
                };
                block_on(add(global, output, &user, new))
            }
            Self::List { user, limit } => block_on(list(global, output, user.as_deref(), limit)),
            Self::Revoke { key } => {
                let id = key.parse().map_err(|error| usage(format!("{key:?} is {error}")))?;
                block_on(revoke(global, output, id))
            }
        }
    }
}

struct New {
    name: ApiKeyName,
    audience: Option<String>,
    scopes: Scopes,
    expires_in: Option<Duration>,
}

async fn add(global: &Global, output: Output, user: &str, new: New) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let account = tool.find_account(user).await?;
    let New { name, audience, scopes, expires_in } = new;
    let context = tool.context();
    let expires_at = expires_in.map(|lifetime| context.now.plus(lifetime));
    let spec = ApiKeySpec { name, audience, scopes, expires_at };
    let (key, secret) = tool.instance.add_api_key(account.id, spec, &context).await?;
    let mut value = json!(ApiKeyView::new(&key, context.now));
    value["key"] = secret.as_str().into();
    output.show(&value, || secret.as_str().to_owned())?;
    Ok(())
}

async fn list(global: &Global, output: Output, user: Option<&str>, limit: u32) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let account = match user {
        Some(user) => Some(tool.find_account(user).await?.id),
        None => None,
    };
    let mut names = Names::default();
    let mut shown = Vec::new();
    for key in tool.instance.list_api_keys(account, limit).await? {
        let name = names.of(&tool, key.account_id).await?;
        shown.push((key, name));
    }
    let now = tool.now();
    let row = |(key, user): &(ApiKey, String)| {
        vec![
            key.id.to_string(),
            user.clone(),
            key.name.as_str().to_owned(),
            key.audience.clone().unwrap_or_else(|| "(default)".to_owned()),
            key.scopes.to_string(),
            key.last_used_at.map_or_else(|| "never".to_owned(), utc),
            state(key, now),
        ]
    };
    let columns = Columns {
        head: &["ID", "USER", "NAME", "AUDIENCE", "SCOPE", "LAST USED", "STATE"],
        none: "countersign: no API keys",
    };
    output.table_of(columns, &shown, row, |(key, _)| json!(ApiKeyView::new(key, now)))?;
    Ok(())
}

fn state(key: &ApiKey, now: Timestamp) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", utc(at)),
        (None, Some(at)) if at <= now => format!("expired {}", utc(at)),
        (None, Some(at)) => format!("works until {}", utc(at)),
        (None, None) => "works".to_owned(),
    }
}

async fn revoke(global: &Global, output: Output, id: ApiKeyId) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let revoked = tool.instance.revoke_api_key(id, None, &tool.context()).await?;
    ensure!(revoked, NotFound(format!("there is no API key {id} to revoke")));
    output.show(&json!({ "revoked": id }), || format!("Revoked the API key {id}"))?;
    Ok(())
}
