//! `countersign invitation`: lists the invitations that can be used, and takes one back. `user invite` sends them.

use clap::Subcommand;
use countersign::Invitation;
use countersign::wire::InvitationView;
use serde_json::json;

use super::failure::NotFound;
use super::global::Global;
use super::tool::{Tool, block_on};
use crate::output::{Columns, Output, utc};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum InvitationCommand {
    /// Lists the invitations that can be used, the oldest first
    List,
    /// Takes an invitation back: its link is refused from now on
    Withdraw {
        /// The ID of the invitation, or the address that it was sent to
        invitation: String,
    },
}

impl InvitationCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        block_on(async {
            let tool = Tool::open(global, Task::Manage).await?;
            match self {
                Self::List => list(&tool, output).await,
                Self::Withdraw { invitation } => withdraw(&tool, output, &invitation).await,
            }
        })
    }
}

async fn list(tool: &Tool, output: Output) -> anyhow::Result<()> {
    let all = tool.instance.invitations(tool.now()).await?;
    let row = |invitation: &Invitation| {
        vec![
            invitation.address.to_string(),
            invitation.role.to_string(),
            utc(invitation.created_at),
            utc(invitation.expires_at),
            invitation.id.to_string(),
        ]
    };
    let columns = Columns {
        head: &["ADDRESS", "ROLE", "SENT", "GOOD UNTIL", "ID"],
        none: "countersign: no invitations",
    };
    output.table_of(columns, &all, row, |invitation| json!(InvitationView::new(invitation)))?;
    Ok(())
}

async fn withdraw(tool: &Tool, output: Output, wanted: &str) -> anyhow::Result<()> {
    let all = tool.instance.invitations(tool.now()).await?;
    let is_meant = |invitation: &&Invitation| {
        invitation.id.to_string() == wanted || invitation.address.as_str().eq_ignore_ascii_case(wanted)
    };
    let missing = || NotFound("there is no such invitation that could be used".to_owned());
    let found = all.iter().find(is_meant).ok_or_else(missing)?;
    // Its reader may have used it in between.
    anyhow::ensure!(tool.instance.withdraw_invitation(found.id, &tool.context()).await?, missing());
    output.show(&json!(InvitationView::new(found)), || {
        format!("Withdrew the invitation of {}", found.address)
    })?;
    Ok(())
}
