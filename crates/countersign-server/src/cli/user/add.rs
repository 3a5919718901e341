//! `countersign user add`: people with a password, programs without one.

use countersign::{CreateAccountError, Registration};

use super::locale::offered;
use super::shown::{show_done, warn_of_like_admin};
use crate::cli::global::Global;
use crate::cli::prompt;
use crate::cli::tool::Tool;
use crate::output::Output;
use crate::serve::instance::Task;

pub(super) async fn add(
    global: &Global,
    output: Output,
    (mut registration, locale): (Registration, Option<String>),
) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    registration.locale = offered(&tool, locale.as_deref())?;
    warn_of_like_admin(&registration.role);
    // Before anybody thinks of a password.
    if tool.instance.find_account_by_name(&registration.username).await?.is_some() {
        return Err(CreateAccountError::NameTaken.into());
    }
    let policy = &tool.instance.options().passwords;
    loop {
        let password = prompt::new_password(registration.username.as_str(), policy)?;
        let (new, context) = (registration.clone(), tool.context());
        match tool.instance.create_account(new, &password, &context).await {
            Err(CreateAccountError::Password(refused)) if prompt::asks_again(&refused) => {}
            made => return show_done(output, &made?, "Added"),
        }
    }
}

pub(super) async fn add_service(
    global: &Global,
    output: Output,
    (mut registration, locale): (Registration, Option<String>),
) -> anyhow::Result<()> {
    let tool = Tool::open(global, Task::Manage).await?;
    registration.locale = offered(&tool, locale.as_deref())?;
    warn_of_like_admin(&registration.role);
    let made = tool.instance.create_service_account(registration, &tool.context()).await?;
    show_done(output, &made, "Added")
}
