//! `countersign user factor`: what an account has beside its password, and taking it away from somebody who has lost it.

use clap::Subcommand;
use countersign::Account;
use countersign::wire::FactorView;
use serde_json::json;

use super::shown::show_done;
use crate::cli::prompt;
use crate::cli::tool::Tool;
use crate::output::{Columns, Output, counted, remark, utc};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FactorCommand {
    /// Lists the authenticators of an account
    List {
        /// The name or ID of the account
        user: String,
    },
    /// Takes all authenticators, recovery codes and trusted devices away from an account whose owner has lost them, and ends its
    /// sessions. Its owner signs in with the password alone then: make sure that it is them who ask
    Reset {
        /// The name or ID of the account
        user: String,
        /// Resets without asking
        #[arg(long)]
        yes: bool,
    },
}

impl FactorCommand {
    pub(super) async fn run(self, tool: &Tool, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List { user } => list(tool, output, &tool.find_account(&user).await?).await,
            Self::Reset { user, yes } => {
                let account = tool.find_account(&user).await?;
                prompt::confirm(&format!("Take all second factors away from {}?", account.username), yes)?;
                tool.instance.reset_second_factors(&account, &tool.context()).await?;
                show_done(output, &account, "Reset the second factors of")
            }
        }
    }
}

async fn list(tool: &Tool, output: Output, account: &Account) -> anyhow::Result<()> {
    let held = tool.instance.second_factors(account.id).await?;
    let columns = Columns {
        head: &["KIND", "NAME", "ADDED", "LAST USED", "ID"],
        none: "countersign: no authenticators",
    };
    let row = |factor: &countersign::SecondFactor| {
        let used = factor.last_used_at.map_or_else(|| "never".to_owned(), utc);
        vec![
            factor.kind.name().to_owned(),
            factor.name.clone(),
            utc(factor.created_at),
            used,
            factor.id.to_string(),
        ]
    };
    output.table_of(columns, &held.factors, row, |factor| json!(FactorView::new(factor)))?;
    if !held.factors.is_empty() {
        let devices = counted(held.devices.len(), "trusted device");
        remark(&format!("{} left, {devices}", counted(held.codes.len(), "recovery code")));
    }
    Ok(())
}
