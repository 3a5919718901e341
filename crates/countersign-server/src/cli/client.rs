//! `countersign client`: services that may ask about tokens and revoke them.

use anyhow::ensure;
use clap::Subcommand;
use countersign::wire::ClientView;
use countersign::{Client, ClientName};
use serde_json::{Value, json};

use super::failure::NotFound;
use super::global::Global;
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Columns, Output, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Adds a service, and prints its secret: only now
    Add {
        /// The name of the service: letters, digits, dots, hyphens, underscores
        name: String,
    },
    /// Lists the services by name; never their secrets
    List,
    /// Removes a service; its secret is refused from now on
    Remove {
        /// The name of the service
        name: String,
    },
}

impl ClientCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let parse = |name: &str| ClientName::parse(name).map_err(|error| usage(format!("{name:?}: {error}")));
        match self {
            Self::Add { name } => block_on(add(global, output, parse(&name)?)),
            Self::List => block_on(list(global, output)),
            Self::Remove { name } => block_on(remove(global, output, parse(&name)?)),
        }
    }
}

async fn add(global: &Global, output: Output, name: ClientName) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let (client, secret) = tool.instance.add_client(name, &tool.context()).await?;
    let mut value = as_json(&client);
    value["secret"] = secret.as_str().into();
    output.show(&value, || secret.as_str().to_owned())?;
    Ok(())
}

async fn list(global: &Global, output: Output) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let clients = tool.instance.list_clients().await?;
    let row = |client: &Client| vec![client.name.as_str().to_owned(), utc(client.created_at)];
    let columns = Columns { head: &["NAME", "CREATED"], none: "countersign: no clients" };
    output.table_of(columns, &clients, row, as_json)?;
    Ok(())
}

async fn remove(global: &Global, output: Output, name: ClientName) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    let shown = name.as_str().to_owned();
    let removed = tool.instance.remove_client(name, &tool.context()).await?;
    ensure!(removed, NotFound(format!("there is no client {shown:?}")));
    output.show(&json!({ "removed": shown }), || format!("Removed the client {shown}"))?;
    Ok(())
}

fn as_json(client: &Client) -> Value {
    json!(ClientView::from(client))
}
