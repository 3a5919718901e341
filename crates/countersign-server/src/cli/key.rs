//! `countersign key`: the keys that sign tokens.

use clap::Subcommand;
use countersign::flows::keys::Activation;
use countersign::model::key_ring::KeyInfo;
use serde_json::{Value, json};

use super::global::Global;
use super::key_file::{Convert, Generate, Thumbprint};
use super::tool::{Tool, block_on};
use crate::output::{Output, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Lists the signing keys, the oldest first
    List,
    /// Makes the next key: published now, it signs once every verifier knows it
    Rotate {
        /// It signs at once: verifiers that have cached the keys refuse its tokens until they fetch them again
        #[arg(long)]
        now: bool,
    },
    /// Makes a key pair of your own in a file; prints the public key as JWK
    Generate(Generate),
    /// Reads a key in any form and prints its public JWK, or writes the private key as PEM
    Convert(Convert),
    /// Prints the RFC 7638 thumbprint, which is the key id that Countersign uses
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
                let key = tool.instance.rotate_keys(switch, &tool.context()).await?;
                output.show(&as_json(&key), || {
                    format!(
                        "The newest key is {} ({}); it signs from {}",
                        key.kid,
                        key.algorithm,
                        utc(key.active_from)
                    )
                })?;
                return Ok(());
            }
            let mut keys = tool.instance.list_keys(tool.now());
            keys.retain(|key| !key.kid.is_empty()); // a shared secret, which is in the configuration and not here
            let row = |key: &KeyInfo| {
                let state = key.state.name().to_owned();
                vec![key.kid.clone(), key.algorithm.clone(), state, utc(key.created_at), utc(key.active_from)]
            };
            let rows: Vec<_> = keys.iter().map(row).collect();
            output.rows(
                &["ID", "ALGORITHM", "STATE", "CREATED", "SIGNS FROM"],
                &rows,
                keys.iter().map(as_json).collect(),
            )?;
            Ok(())
        })
    }
}

fn as_json(key: &KeyInfo) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state.name(),
        "createdAt": utc(key.created_at),
        "activeFrom": utc(key.active_from),
    })
}
