//! `countersign feed-key`: who may follow the feed of ended sessions.

use anyhow::ensure;
use clap::Subcommand;
use countersign::wire::FeedKeyView;
use countersign::{FeedKey, FeedKeyName};
use serde_json::{Value, json};

use super::failure::NotFound;
use super::global::Global;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Columns, Output, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum FeedKeyCommand {
    /// Makes a key that allows a service to follow the feed of ended sessions, and prints it: only now
    Add {
        /// The name of the service: letters, digits, dots, hyphens, underscores
        name: String,
    },
    /// Lists the feed keys, oldest first; never the keys themselves
    List,
    /// Removes a feed key; its followers are cut off within a second
    Remove {
        /// The name of the key
        name: String,
    },
}

impl FeedKeyCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let parse =
            |name: &str| FeedKeyName::parse(name).map_err(|error| usage(format!("{name:?}: {error}")));
        match self {
            Self::Add { name } => block_on(add(global, output, parse(&name)?)),
            Self::List => block_on(list(global, output)),
            Self::Remove { name } => block_on(remove(global, output, parse(&name)?)),
        }
    }
}

async fn add(global: &Global, output: Output, name: FeedKeyName) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let (key, secret) = tool.instance.add_feed_key(name, &tool.context()).await?;
    let mut value = as_json(&key);
    value["key"] = secret.as_str().into();
    output.show(&value, || secret.as_str().to_owned())?;
    Ok(())
}

async fn list(global: &Global, output: Output) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let keys = tool.instance.list_feed_keys().await?;
    let row = |key: &FeedKey| vec![key.name.as_str().to_owned(), utc(key.created_at)];
    let columns = Columns { head: &["NAME", "CREATED"], none: "countersign: no feed keys" };
    output.table_of(columns, &keys, row, as_json)?;
    Ok(())
}

async fn remove(global: &Global, output: Output, name: FeedKeyName) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let shown = name.as_str().to_owned();
    let removed = tool.instance.remove_feed_key(name, &tool.context()).await?;
    ensure!(removed, NotFound(format!("there is no feed key {shown:?}")));
    output.show(&json!({ "removed": shown }), || format!("Removed the feed key {shown}"))?;
    Ok(())
}

fn as_json(key: &FeedKey) -> Value {
    json!(FeedKeyView::from(key))
}
