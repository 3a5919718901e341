//! `countersign user`: manages accounts.

mod add;
mod factor;
mod import;
mod invite;
mod locale;
mod shown;

use clap::Subcommand;
use countersign::Registration;
use countersign::{AccountChange, CustomClaims, LocaleChange, Role, Username};
use serde_json::json;

use self::add::{add, add_service};
use self::factor::FactorCommand;
use self::import::{UserImport, export};
use self::invite::invite;
use self::locale::offered;
use self::shown::{list, show, show_done, warn_of_like_admin};
use super::global::Global;
use super::prompt::{self, NoPasswordArgument};
use super::tool::{Tool, block_on};
use super::usage::usage;
use crate::output::{Output, remark};
use crate::serve::instance::Task;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Adds an account; asks for the password, or reads it from standard input
    Add {
        /// The name of the account
        name: String,
        /// The role; `admin` may administer
        #[arg(long, default_value = Role::USER)]
        role: String,
        /// Claims of your own for its tokens: a JSON object
        #[arg(long, value_name = "JSON")]
        claims: Option<String>,
        /// The language of mails to its owner: one of `languages`
        #[arg(long, value_name = "TAG")]
        locale: Option<String>,
        /// The owner must choose a new password at the first sign-in
        #[arg(long)]
        require_password_change: bool,
        /// An account for a program: without a password nobody can sign in, and API keys act for it
        #[arg(long, conflicts_with = "require_password_change")]
        service: bool,
        #[command(flatten)]
        no_password: NoPasswordArgument,
    },
    /// Sends a mail with a link by which its reader makes an account of their own; needs registration.mode `invite` or `open`
    Invite {
        /// The address that the mail goes to
        address: String,
        /// The role of the account; `admin` may administer
        #[arg(long, default_value = Role::USER)]
        role: String,
    },
    /// Lists accounts in the order of their names
    List {
        /// Only accounts whose name contains this
        #[arg(long)]
        search: Option<String>,
    },
    /// Shows one account
    Show {
        /// The name or ID of the account
        user: String,
    },
    /// Renames an account: its owner signs in with the new name. Sessions go on, and the next token has the new name
    Rename {
        /// The name or ID of the account
        user: String,
        /// The new name
        name: String,
    },
    /// Changes the role of an account; its next token contains the new role
    SetRole {
        /// The name or ID of the account
        user: String,
        /// The new role
        role: String,
    },
    /// Replaces the claims of an account; its next token contains the new ones
    SetClaims {
        /// The name or ID of the account
        user: String,
        /// All its claims, in place of those it has: a JSON object; `{}` removes them
        #[arg(value_name = "JSON")]
        claims: String,
    },
    /// Changes the language of mails to the owner of an account. For a week, mails that tell of changes go on in the former one
    SetLocale {
        /// The name or ID of the account
        user: String,
        /// One of `languages`, or `browser`: as the browser says that asks for a mail
        #[arg(value_name = "TAG")]
        locale: String,
    },
    /// Sets the password of an account, and ends all its sessions
    SetPassword {
        /// The name or ID of the account
        user: String,
        #[command(flatten)]
        no_password: NoPasswordArgument,
    },
    /// Ends all sessions of an account; its owner must choose a new password at the next sign-in. Anyone who
    /// knows the current password can do that: if it may be stolen, use `set-password`
    RequirePasswordChange {
        /// The name or ID of the account
        user: String,
        /// Withdraws the demand
        #[arg(long)]
        off: bool,
    },
    /// Lists what an account has beside its password, or takes it away
    #[command(subcommand)]
    Factor(FactorCommand),
    /// Disables an account: it cannot sign in, its sessions end, and its tokens fail at once
    Disable {
        /// The name or ID of the account
        user: String,
    },
    /// Enables a disabled account
    Enable {
        /// The name or ID of the account
        user: String,
    },
    /// Imports accounts with their password hashes from another system; after a failure, run it again to
    /// continue
    Import(UserImport),
    /// Prints all accounts with their password hashes, one JSON object a line: keep the output secret
    Export,
    /// Encrypts all password hashes with the newest pepper; first start every server with that pepper
    Reseal,
    /// Deletes an account and its sessions permanently
    Delete {
        /// The name or ID of the account
        user: String,
        /// Deletes without asking
        #[arg(long)]
        yes: bool,
    },
}

impl UserCommand {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        if let Self::Add { no_password, .. } | Self::SetPassword { no_password, .. } = &self {
            no_password.check()?;
        }
        block_on(async {
            match self {
                Self::Add { name, role, claims, locale, require_password_change, service, .. } => {
                    let mut new = registration(&name, &role, claims.as_deref())?;
                    if service {
                        return Box::pin(add_service(global, output, (new, locale))).await;
                    }
                    new.password_change_required = require_password_change;
                    Box::pin(add(global, output, (new, locale))).await
                }
                Self::Invite { address, role } => invite(global, output, &address, &role).await,
                Self::Import(import) => import.run(&Tool::open(global, Task::Manage).await?, output).await,
                other => Box::pin(other.run_on(Tool::open(global, Task::Manage).await?, output)).await,
            }
        })
    }

    async fn run_on(self, tool: Tool, output: Output) -> anyhow::Result<()> {
        let change = |change| (change, "Changed");
        let (user, (change, done)) = match self {
            Self::Export => return export(&tool).await,
            Self::Reseal => return reseal(&tool, output).await,
            Self::List { search } => return list(&tool, output, search).await,
            Self::Show { user } => return show(output, &tool.find_account(&user).await?),
            Self::SetPassword { user, .. } => return set_password(&tool, output, &user).await,
            Self::Delete { user, yes } => return delete(&tool, output, &user, yes).await,
            Self::Factor(factor) => return factor.run(&tool, output).await,
            Self::Rename { user, name } => {
                let username = Some(parse_name(&name)?);
                if tool.asks_upstream {
                    remark(OLD_NAME_UPSTREAM);
                }
                (user, (AccountChange { username, ..AccountChange::default() }, "Renamed to"))
            }
            Self::SetRole { user, role } => {
                let role = Role::parse(&role).map_err(|error| usage(error.to_string()))?;
                warn_of_like_admin(&role);
                let role = Some(role);
                (user, change(AccountChange { role, ..AccountChange::default() }))
            }
            Self::SetClaims { user, claims } => {
                let claims = Some(parse_claims("the second argument", &claims)?);
                (user, change(AccountChange { claims, ..AccountChange::default() }))
            }
            Self::SetLocale { user, locale } => {
                let locale = Some(locale.as_str()).filter(|tag| *tag != BROWSER);
                let locale = offered(&tool, locale)?.map_or(LocaleChange::ByBrowser, LocaleChange::To);
                (user, change(AccountChange { locale, ..AccountChange::default() }))
            }
            Self::RequirePasswordChange { user, off } => {
                let done = if off { "Requires no new password of" } else { "Requires a new password of" };
                let change =
                    AccountChange { password_change_required: Some(!off), ..AccountChange::default() };
                (user, (change, done))
            }
            Self::Disable { user } => (user, (disabled(true), "Disabled")),
            Self::Enable { user } => (user, (disabled(false), "Enabled")),
            Self::Add { .. } | Self::Invite { .. } | Self::Import(_) => return Ok(()),
        };
        let account = tool.find_account(&user).await?;
        let account = tool.instance.change_account(account.id, change, &tool.context()).await?;
        show_done(output, &account, done)
    }
}

fn disabled(disabled: bool) -> AccountChange {
    AccountChange { disabled: Some(disabled), ..AccountChange::default() }
}

fn registration(name: &str, role: &str, claims: Option<&str>) -> anyhow::Result<Registration> {
    let username = parse_name(name)?;
    let role = Role::parse(role).map_err(|error| usage(error.to_string()))?;
    let claims = claims.map_or_else(|| Ok(CustomClaims::default()), |text| parse_claims("--claims", text))?;
    Ok(Registration { role, claims, ..Registration::new(username) })
}

fn parse_name(name: &str) -> anyhow::Result<Username> {
    Username::parse(name).map_err(|error| usage(error.to_string()))
}

fn parse_claims(argument: &str, text: &str) -> anyhow::Result<CustomClaims> {
    let claims = serde_json::from_str(text).map_err(|error| {
        usage(format!("{argument} is not a JSON object like {{\"tenant\":\"acme\"}}: {error}"))
    })?;
    CustomClaims::new(claims).map_err(|error| usage(error.to_string()))
}

async fn set_password(tool: &Tool, output: Output, user: &str) -> anyhow::Result<()> {
    let account = tool.find_account(user).await?;
    let policy = &tool.instance.options().passwords;
    loop {
        let password = prompt::new_password(account.username.as_str(), policy)?;
        match tool.instance.set_password(&account, &password, &tool.context()).await {
            Err(refused) if prompt::asks_again(&refused) => {}
            set => {
                set?;
                return show_done(output, &account, "Set the password of");
            }
        }
    }
}

async fn reseal(tool: &Tool, output: Output) -> anyhow::Result<()> {
    if tool.instance.options().hashing.pepper.is_none() {
        return Err(usage("there is no pepper: set password.pepper_file"));
    }
    let all = tool.instance.reseal_passwords().await?;
    output.show(&json!({ "changed": all.changed, "unreadable": all.unreadable }), || {
        format!("Encrypted {} password hashes with the newest pepper", all.changed)
    })?;
    anyhow::ensure!(
        all.unreadable == 0,
        "{} password hashes need a pepper key that is not configured: add the key, or their owners cannot sign in",
        all.unreadable
    );
    Ok(())
}

async fn delete(tool: &Tool, output: Output, user: &str, yes: bool) -> anyhow::Result<()> {
    let account = tool.find_account(user).await?;
    prompt::confirm(&format!("Delete {} ({}) permanently?", account.username, account.id), yes)?;
    let account = tool.instance.delete_account(account.id, &tool.context()).await?;
    if tool.asks_upstream {
        remark(
            "countersign: warning: import.upstream is on: this account comes back at its next sign-in if the old system \
             still says yes; `countersign user disable` keeps its owner out",
        );
    }
    show_done(output, &account, "Deleted")
}

/// Instead of a tag: the account has no language of its own.
const BROWSER: &str = "browser";
const OLD_NAME_UPSTREAM: &str = "countersign: warning: import.upstream is on: whoever signs in with the old name, and its password in the old \
                                 system, gets a new account";
