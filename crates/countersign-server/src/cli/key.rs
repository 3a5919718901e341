//! `countersign key`: the signing keys of the server, and key files.

use clap::Subcommand;
use countersign::Activation;
use countersign::KeyInfo;
use countersign::wire::KeyView;
use serde_json::{Value, json};

use super::global::Global;
use super::key_file::{Convert, Generate, Thumbprint};
use super::tool::{Tool, block_on};
use crate::output::{Columns, Output, utc};
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
    /// Makes a key pair in a file of your own, and prints the public key as a JWK
    Generate(Generate),
    /// Prints the public JWK of a key in any form, or writes its private key as PEM
    Convert(Convert),
    /// Prints the RFC 7638 thumbprint of a key, which Countersign uses as its key ID
    Thumbprint(Thumbprint),
}

impl KeyCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let now = match self {
            Self::Generate(generate) => return generate.run(output),
            Self::Convert(convert) => return convert.run(output),
            Self::Thumbprint(thumbprint) => return thumbprint.run(output),
            Self::List => None,
            Self::Rotate { now } => Some(now),
        };
        block_on(async {
            let task = if now.is_some() { Task::RotateKeys } else { Task::ViewKeys };
            let tool = Tool::open(global, task).await?;
            if let Some(now) = now {
                let switch = if now { Activation::AtOnce } else { Activation::WhenPublished };
                let before = tool.instance.list_keys(tool.now());
                for key in tool.instance.rotate_keys(switch, &tool.context()).await? {
                    let is_old = before.iter().any(|old| old.kid == key.kid);
                    let done =
                        if is_old { "No new key: one is published already. It" } else { "The new key" };
                    let (kid, from) = (&key.kid, utc(key.active_from));
                    output.show(&as_json(&key), || {
                        format!("{done} is {kid} ({}) and signs from {from}", key.algorithm)
                    })?;
                }
                return Ok(());
            }
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
        })
    }
}

fn as_json(key: &KeyInfo) -> Value {
    json!(KeyView::from(key))
}
