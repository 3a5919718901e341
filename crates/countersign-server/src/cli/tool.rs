//! The open database of a command.

use std::net::SocketAddr;
use std::pin::{Pin, pin};

use anyhow::Context as _;
use countersign::Timestamp;
use countersign::options::MailOptions;
use countersign::{Account, Username};
use countersign::{Actor, Context};

use super::failure::NotFound;
use super::global::Global;
use crate::config::Config;
use crate::core_dumps;
use crate::output::remark;
use crate::serve::instance::{self, Instance, Task};
use crate::serve::store;

/// An open database.
pub(super) struct Tool {
    pub(super) instance: Instance,
    /// Whether the server creates accounts for people whom the old system knows (`import.upstream`).
    pub(super) asks_upstream: bool,
}

impl Tool {
    /// Opens the configured database, which must exist.
    pub(super) async fn open(global: &Global, task: Task<'_>) -> anyhow::Result<Self> {
        Self::open_with(&global.load()?, task, None).await
    }

    /// The same, of this configuration, with a way to send mails.
    pub(super) async fn open_with(
        config: &Config,
        task: Task<'_>,
        mail: Option<MailOptions>,
    ) -> anyhow::Result<Self> {
        store::require(config)?;
        core_dumps::prevent(config);
        remark(&format!("countersign: database {}", store::shown(config)));
        // Only a listening server knows the port that it was given; accounts and sessions do not depend on it.
        let port = config.listen.first().map_or(0, SocketAddr::port);
        let instance = Box::pin(instance::open(config, &config.issuer(port), task, mail)).await?;
        Ok(Self { instance, asks_upstream: config.import_upstream_url.is_some() })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.instance.clock().now()
    }

    pub(super) fn context(&self) -> Context {
        Context::local(Actor::CommandLine, self.now())
    }

    /// The account with this ID or name.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn find_account(&self, user: &str) -> anyhow::Result<Account> {
        let found = match user.parse() {
            Ok(id) => self.instance.find_account(id).await?,
            Err(_) => self.instance.find_account_by_name(&Username::parse(user)?).await?,
        };
        Ok(found.ok_or_else(|| NotFound(format!("there is no account {user:?}")))?)
    }
}

/// Runs a command that only uses the database.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // Behind one type: else the runtime's code would be in the program once for each command.
    let work: Pin<&mut dyn Future<Output = anyhow::Result<T>>> = pin!(work);
    runtime.context("cannot start the async runtime")?.block_on(work)
}
