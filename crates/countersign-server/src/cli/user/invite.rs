//! `countersign user invite`: the same as on the admin page.

use anyhow::bail;
use countersign::wire::InvitationView;
use countersign::{EmailAddress, Role};

use super::shown::warn_of_like_admin;
use crate::cli::global::Global;
use crate::cli::tool::Tool;
use crate::cli::usage::usage;
use crate::output::{Output, utc};
use crate::serve::instance::Task;
use crate::serve::mail::mail;

pub(super) async fn invite(global: &Global, output: Output, address: &str, role: &str) -> anyhow::Result<()> {
    let address = EmailAddress::parse(address).map_err(|error| usage(error.to_string()))?;
    let role = Role::parse(role).map_err(|error| usage(error.to_string()))?;
    let config = global.load()?;
    let Some(mail) = mail(&config)? else {
        bail!("no mail server is configured: set mail.url and mail.from")
    };
    let tool = Box::pin(Tool::open_with(&config, Task::Manage, Some(mail))).await?;
    warn_of_like_admin(&role);
    let invitation = tool.instance.invite(&address, &role, &tool.context()).await?;
    output.show(&serde_json::to_value(InvitationView::new(&invitation))?, || {
        format!(
            "Invited {}: the server sends the mail, and its link is good until {}",
            invitation.address,
            utc(invitation.expires_at)
        )
    })?;
    Ok(())
}
