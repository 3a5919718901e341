//! `countersign migrate`: changes of the tables, apart from the start of a server.

use anyhow::ensure;
use countersign::store::{Migrate, Node, SchemaStatus};
use serde_json::{Value, json};

use super::global::Global;
use super::tool::block_on;
use crate::core_dumps;
use crate::output::{Output, remark};
use crate::serve::store;

#[derive(Debug, clap::Args)]
pub(super) struct MigrateTables {
    /// Makes the changes too that older versions cannot live with: refused while a node of one is running
    #[arg(long)]
    contract: bool,
    /// Changes nothing; prints the versions, the changes that could be made, and the nodes of the last hour
    #[arg(long, conflicts_with = "contract")]
    status: bool,
}

impl MigrateTables {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let config = global.load()?;
        store::require(&config)?;
        core_dumps::prevent(&config);
        remark(&format!("countersign: database {}", store::shown(&config)));
        block_on(async {
            if self.status {
                return show_status(&store::schema(&config).await?, output);
            }
            let wanted = if self.contract { Migrate::Contract } else { Migrate::Expand };
            let made = store::migrate(&config, wanted).await?;
            let status = store::schema(&config).await?;
            let value = json!({ "made": made, "schema": status.version });
            output.show(&value, || match list(&made) {
                None => format!("Nothing to do: the schema is {}", status.version),
                Some(steps) => format!("Made {steps}: the schema is {}", status.version),
            })?;
            if let Some(steps) = list(&status.to_contract) {
                remark(&format!(
                    "countersign: {steps} is left for when no older node runs: countersign migrate --contract"
                ));
            }
            Ok(())
        })
    }
}

fn show_status(status: &SchemaStatus, output: Output) -> anyhow::Result<()> {
    let program = env!("CARGO_PKG_VERSION");
    let value = json!({
        "schema": status.version,
        "oldestReader": status.oldest_reader,
        "program": { "version": program, "oldest": status.known.oldest, "newest": status.known.newest },
        "toExpand": status.to_expand,
        "toContract": status.to_contract,
        "nodes": status.nodes.iter().map(as_json).collect::<Vec<_>>(),
    });
    let none = || "nothing".to_owned();
    output.show(&value, || {
        let text = format!(
            "Schema        {}, for programs that know {} or newer\n\
             This program  {program}, needs {} and knows {}\n\
             To expand     {}\n\
             To contract   {}",
            status.version,
            status.oldest_reader,
            status.known.oldest,
            status.known.newest,
            list(&status.to_expand).unwrap_or_else(none),
            list(&status.to_contract).unwrap_or_else(none),
        );
        let line = |node: &Node| {
            let heard = format!("heard of {} s ago", node.silent_for.as_secs());
            format!("Node          {}, {}, knows {}, {heard}", node.id, node.program, node.schemas.newest)
        };
        std::iter::once(text).chain(status.nodes.iter().map(line)).collect::<Vec<_>>().join("\n")
    })?;
    // A newer schema that can be worked with is no failure; one that cannot is.
    ensure!(
        status.oldest_reader <= status.known.newest,
        "this program cannot work with the database's schema: use a newer one"
    );
    Ok(())
}

fn as_json(node: &Node) -> Value {
    json!({
        "id": node.id.to_string(),
        "version": node.program,
        "oldest": node.schemas.oldest,
        "newest": node.schemas.newest,
        "silentSeconds": node.silent_for.as_secs(),
        "alive": node.is_alive(),
    })
}

fn list(steps: &[i64]) -> Option<String> {
    let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
    (!steps.is_empty()).then(|| steps.join(", "))
}
