//! How accounts are shown: as a list, one by one, and after a change.

use countersign::wire::AccountView;
use countersign::{Account, AccountQuery, Locale, Role, Username};
use serde_json::{Value, json};

use crate::cli::tool::Tool;
use crate::output::{Columns, Output, remark, utc};

pub(super) async fn list(tool: &Tool, output: Output, search: Option<String>) -> anyhow::Result<()> {
    let wanted = search.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let search = wanted.and_then(|text| Some(Username::parse(text).ok()?.canonical().to_owned()));
    if wanted.is_some() && search.is_none() {
        return show_all(output, &[]); // no name can contain such a text
    }
    let mut accounts: Vec<Account> = Vec::new();
    loop {
        let after = accounts.last().map(|last| last.username.canonical().to_owned());
        let mut query = AccountQuery::by_name(after, 1000);
        query.filter.search.clone_from(&search);
        let page = tool.instance.list_accounts(query).await?;
        if page.is_empty() {
            break;
        }
        accounts.extend(page);
    }
    show_all(output, &accounts)
}

fn show_all(output: Output, accounts: &[Account]) -> anyhow::Result<()> {
    let row = |account: &Account| {
        vec![
            account.username.to_string(),
            account.role.to_string(),
            state(account).to_owned(),
            utc(account.created_at),
            account.id.to_string(),
        ]
    };
    let columns =
        Columns { head: &["NAME", "ROLE", "STATE", "CREATED", "ID"], none: "countersign: no accounts" };
    output.table_of(columns, accounts, row, as_json)?;
    Ok(())
}

fn state(account: &Account) -> &'static str {
    match (account.is_enabled(), account.has_password, account.password_change_required) {
        (false, ..) if account.delete_at.is_some() => "to be deleted",
        (false, ..) => "disabled",
        (true, false, _) => "no password",
        (true, true, true) => "must change password",
        (true, true, false) => "enabled",
    }
}

pub(super) fn show(output: Output, account: &Account) -> anyhow::Result<()> {
    output.show(&as_json(account), || {
        let state = match (account.delete_at, account.disabled_at) {
            (Some(at), _) => {
                format!("to be deleted at {}, as its owner has asked; `user enable` cancels that", utc(at))
            }
            (None, Some(at)) => format!("disabled since {}", utc(at)),
            (None, None) => state(account).to_owned(),
        };
        format!(
            "name     {}\nid       {}\nrole     {}\nstate    {state}\ncreated  {}\nlocale   {}\nclaims   {}",
            account.username,
            account.id,
            account.role,
            utc(account.created_at),
            account.language.locale.as_ref().map_or("-", Locale::as_str),
            account.claims.to_json()
        )
    })?;
    Ok(())
}

pub(super) fn show_done(output: Output, account: &Account, done: &str) -> anyhow::Result<()> {
    output.show(&as_json(account), || format!("{done} {} ({})", account.username, account.id))?;
    Ok(())
}

fn as_json(account: &Account) -> Value {
    json!(AccountView::from(account))
}

/// Roles are compared exactly, and a role that only looks like the administrators' gives no rights.
pub(super) fn warn_of_like_admin(role: &Role) {
    let is_like = role.as_str().trim().eq_ignore_ascii_case(Role::ADMIN);
    if is_like && role.as_str() != Role::ADMIN {
        remark(&format!(
            "countersign: warning: the role {:?} does not administer; {:?} does",
            role.as_str(),
            Role::ADMIN
        ));
    }
}
