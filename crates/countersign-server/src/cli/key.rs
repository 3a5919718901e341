//! `countersign key`: the signing keys of the server, and key files.

use clap::Subcommand;
use countersign::Activation;
use countersign::KeyInfo;
use countersign::wire::KeyView;
use serde_json::json;

use super::global::Global;
use super::key_file::{Convert, Generate, Thumbprint};
use super::key_shown::{as_json, signs_from};
use super::key_transfer::{Export, Import};
use super::tool::{Tool, block_on};
use crate::output::{Columns, Output, escape, remark, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Lists the signing keys, oldest first
    List,
    /// Makes the next signing key and publishes it; it signs once every verifier knows it
    Rotate {
        /// Signs with the new key at once: verifiers with cached keys refuse its tokens until they fetch the
        /// keys again
        #[arg(long)]
        now: bool,
    },
    /// Imports the private key of another system under the ID that its tokens name: it is published, and signs like a key
    /// of our own
    Import(Import),
    /// Prints the public half of a signing key, or writes a copy of the private key
    Export(Export),
    /// Withdraws a stolen signing key: what it has signed is refused at once, everywhere. Sessions go on
    Withdraw {
        /// The key ID, as `key list` shows it
        kid: String,
    },
    /// Makes a key pair in a file of your own, and prints the public key as a JWK
    Generate(Generate),
    /// Prints the public JWK of a key in any form, or writes its private key as PEM
    Convert(Convert),
    /// Prints the RFC 7638 thumbprint of a key, which Countersign uses as its key ID
    Thumbprint(Thumbprint),
}

impl KeyCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Generate(generate) => generate.run(output),
            Self::Convert(convert) => convert.run(output),
            Self::Thumbprint(thumbprint) => thumbprint.run(output),
            Self::Import(import) => block_on(import.run(global, output)),
            Self::Export(export) => block_on(export.run(global, output)),
            Self::List => block_on(list(global, output)),
            Self::Rotate { now } => block_on(rotate(now, global, output)),
            Self::Withdraw { kid } => block_on(withdraw(&kid, global, output)),
        }
    }
}

async fn list(global: &Global, output: Output) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::ViewKeys).await?;
    let mut keys = tool.instance.list_keys(tool.now());
    keys.retain(|key| !key.kid.is_empty()); // a shared secret, which the configuration holds
    let row = |key: &KeyInfo| {
        let state = key.state.name().to_owned();
        vec![key.kid.clone(), key.algorithm.clone(), state, utc(key.created_at), utc(key.active_from)]
    };
    let columns = Columns {
        head: &["ID", "ALGORITHM", "STATE", "CREATED", "SIGNS FROM"],
        none: "countersign: no signing keys",
    };
    output.table_of(columns, &keys, row, as_json)?;
    Ok(())
}

async fn rotate(now: bool, global: &Global, output: Output) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::RotateKeys).await?;
    let switch = if now { Activation::AtOnce } else { Activation::WhenPublished };
    let before = tool.instance.list_keys(tool.now());
    for key in tool.instance.rotate_keys(switch, &tool.context()).await? {
        let is_old = before.iter().any(|old| old.kid == key.kid);
        let done = if is_old { "No new key: one is published already. It" } else { "The new key" };
        output.show(&as_json(&key), || signs_from(done, &key))?;
    }
    Ok(())
}

async fn withdraw(kid: &str, global: &Global, output: Output) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::WithdrawKey(kid)).await?;
    let made = tool.instance.withdraw_key(kid, &tool.context()).await?;
    let value = json!({ "withdrawn": kid, "made": made.iter().map(KeyView::from).collect::<Vec<_>>() });
    output.show(&value, || {
        let made = made.iter().map(|key| signs_from("The new key", key));
        std::iter::once(format!("{} is withdrawn", escape(kid))).chain(made).collect::<Vec<_>>().join("\n")
    })?;
    remark(WITHDRAWN);
    Ok(())
}

const WITHDRAWN: &str = "countersign: servers and followers of the feed refuse its tokens within a second. A service that only fetches \
                         the keys goes on accepting them until it fetches again, within minutes";
