//! The names of accounts, for people who read a list: an ID only where there is no account any more.

use std::collections::HashMap;

use countersign::AccountId;

use super::tool::Tool;

/// Names that were looked up already.
#[derive(Default)]
pub(super) struct Names(HashMap<AccountId, String>);

impl Names {
    /// The name of an account, or the ID of one that was deleted.
    pub(super) async fn of(&mut self, tool: &Tool, id: AccountId) -> anyhow::Result<String> {
        if let Some(name) = self.0.get(&id) {
            return Ok(name.clone());
        }
        let account = tool.instance.find_account(id).await?;
        let name = account.map_or_else(|| id.to_string(), |account| account.username.as_str().to_owned());
        self.0.insert(id, name.clone());
        Ok(name)
    }
}
