//! `countersign serve`: runs the server.

use anyhow::Context as _;

use super::global::Global;
use crate::serve::mode::Mode;
use crate::serve::server::Server;
use crate::{core_dumps, logging};

#[derive(Debug, clap::Args)]
pub(super) struct Listen {
    /// The address to listen on, or a port of 127.0.0.1: short for `--set listen=ADDRESS`
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,
}

impl Listen {
    /// The same flags with `--listen` among the settings.
    pub(super) fn on(&self, global: &Global) -> Global {
        Global { listen: self.listen.clone(), ..global.clone() }
    }
}

pub(super) fn run(global: &Global, listen: &Listen) -> anyhow::Result<()> {
    let config = listen.on(global).load()?;
    let lines = logging::start(config.log_format, &config.log_level);
    core_dumps::prevent(&config);
    with_runtime(async {
        let server = Server::open(&config, Mode::Production).await?;
        server.run(&config, lines).await
    })
}

pub(super) fn with_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the async runtime")?.block_on(work)
}
