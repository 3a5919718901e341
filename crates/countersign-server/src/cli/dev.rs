//! `countersign dev`: a server for trying things out, in one command. Its accounts have public passwords, so
//! it serves this machine only and uses no real data and no real secrets (OP-2, OP-10).

use countersign::AccountId;
use countersign::PasswordHash;
use countersign::Random;
use countersign::http::DemoUser;
use countersign::{AccountQuery, NewAccount, Role, Username};
use countersign::{Actor, Context};

use super::global::Global;
use super::serve::{Listen, with_runtime};
use super::usage::usage;
use crate::config::{Config, Environment, Origin, Place, Settings};
use crate::output::print;
use crate::serve::dev_mark::DEV_DATA_DIR;
use crate::serve::inherited::Inherited;
use crate::serve::instance::Instance;
use crate::serve::mode::Mode;
use crate::serve::server::Server;
use crate::{core_dumps, logging};

#[derive(Debug, clap::Args)]
pub(super) struct Dev {
    #[command(flatten)]
    listen: Listen,
    /// A PostgreSQL database to try it with, empty at first [default: a database in the data directory]
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Dev {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<()> {
        let nothing = Inherited::default();
        run(&self.listen.on(global, &nothing)?, self.store.as_deref(), nothing)
    }
}

fn run(global: &Global, store: Option<&str>, inherited: Inherited) -> anyhow::Result<()> {
    if global.config.is_some() {
        return Err(usage("`dev` reads no configuration file; `serve` does"));
    }
    let read = || load(global, store);
    let config = read()?;
    let log = logging::start(&config)?;
    core_dumps::prevent(&config);
    with_runtime(async {
        let mut server = Server::open(&config, Mode::Development, inherited).await?;
        server.host.pages.demo_users =
            DEMO_USERS.iter().map(|(name, _, password, _)| DemoUser::new(name, password)).collect();
        make_demo_users(&server.instance).await?;
        print(&banner(&server, &config))?;
        server.run(config, &read, log).await
    })
}

fn load(global: &Global, store: Option<&str>) -> anyhow::Result<Config> {
    // First, so that the environment and the flags override it.
    let settings = Settings::default().with("data_dir", DEV_DATA_DIR, Place::Command("dev"));
    let environment = Environment::new(std::env::vars_os());
    let mut settings = global.on_top(settings, &environment);
    if let Some(url) = store {
        // Not like any other argument: the password of a database for trying out may be in it.
        settings = settings.with("store", url, Place::Command("dev --store"));
    }
    let config = Config::load(settings)?;
    refuse_production(&config)?;
    Ok(config)
}

/// OP-10.
fn refuse_production(config: &Config) -> anyhow::Result<()> {
    let why = if config.listen.iter().any(|address| !address.ip().is_loopback()) {
        "listens on loopback addresses only: its passwords are public"
    } else if config.tls_files().is_some() || !config.behind_proxy.is_empty() {
        "has no TLS and is behind no proxy: it is for this machine only"
    } else if config.public_origin.as_ref().is_some_and(Origin::is_https) {
        "has no public origin: it is for this machine only"
    } else if config.master_key.is_some() || config.master_key_file.is_some() {
        "takes no master key: it makes its own, so that a real one is never used with demo accounts"
    } else {
        return Ok(());
    };
    Err(usage(format!("`countersign dev` {why}. The real server is `countersign serve`")))
}

/// Name, role, password, and its hash (argon2id, m=19 MiB, t=2, p=1).
const DEMO_USERS: [(&str, &str, &str, &str); 2] =
    [("admin", Role::ADMIN, "password123", ADMIN_HASH), ("demo", Role::USER, "password123", DEMO_HASH)];
const ADMIN_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$v3lVbKEuKfDgPvfNBhCf4Q$jlPpql+k5rsi3UU69n2h1Fkg5/F40KHkKv9gARnJvqA";
const DEMO_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$1x53DCoF2L04XGdaaimO9g$4XdsrWmY8j9/By0bhn3elDXt0SV4jSvLXo/DOnSDJbA";

/// Makes the demo users of a new database. An existing database keeps its changes.
async fn make_demo_users(instance: &Instance) -> anyhow::Result<()> {
    let anybody = AccountQuery::by_name(None, 1);
    if !instance.list_accounts(anybody).await?.is_empty() {
        return Ok(());
    }
    let context = Context::local(Actor::System, instance.clock().now());
    for (name, role, _, hash) in DEMO_USERS {
        let account = NewAccount {
            role: Role::parse(role)?,
            password_hash: Some(PasswordHash::from_stored(hash.to_owned())),
            ..NewAccount::new(AccountId::random(&Random::system()), Username::parse(name)?)
        };
        instance.create_account_with_hash(account, &context).await?;
    }
    Ok(())
}

fn banner(server: &Server, config: &Config) -> String {
    let origin = &server.instance.options().issuer;
    let pages = [
        (true, "login", "sign in"),
        (server.host.pages.admin, "admin", "users, audit log, signing keys"),
        (server.host.pages.debugger, "debugger", "look into a token"),
        (server.host.pages.docs, "docs", "every route of the API"),
        (config.mail_url.is_none(), "dev/mail", "the mails that would be sent"),
    ]
    .into_iter()
    .filter(|(is_on, ..)| *is_on)
    .map(|(_, name, what)| format!("    {:<34} {what}", format!("{origin}/{name}")))
    .collect::<Vec<_>>()
    .join("\n");
    let users: String = DEMO_USERS
        .map(|(name, role, password, _)| format!("    {name:<8} {password:<14} role {role}\n"))
        .concat();
    format!(
        r#"
  ┌──────────────────────────────────────────────────────────────────────┐
  │  DEVELOPMENT MODE. These passwords are public. Not for production.   │
  └──────────────────────────────────────────────────────────────────────┘

  {origin}          data in {data}

  Users
{users}
  Pages

{pages}

  Try it in another terminal

    curl -X POST {origin}/api/login -H "Content-Type: application/json" -c jar.txt -d '{{"username":"admin","password":"password123"}}'

    TOKEN=...                      # accessToken of the response
    curl {origin}/api/profile -H "Authorization: Bearer $TOKEN"

    curl -X POST {origin}/api/refresh -b jar.txt -c jar.txt
    curl -X POST {origin}/api/logout  -b jar.txt -c jar.txt -i

  Stop with Ctrl-C. The real server: countersign init, countersign serve.
"#,
        data =
            config.store.as_ref().map_or_else(|| config.data_dir.display().to_string(), ToString::to_string)
    )
}
