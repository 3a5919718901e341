//! `countersign serve`: runs the server.

use anyhow::Context as _;

use super::doctor;
use super::global::Global;
use crate::config::Place;
use crate::serve::examination::Examination;
use crate::serve::inherited::Inherited;
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
    /// The same flags with the addresses among the settings: of open sockets, or else of `--listen`.
    pub(super) fn on(&self, global: &Global, inherited: &Inherited) -> anyhow::Result<Global> {
        let flag = || Some((self.listen.clone()?, Place::Flag("--listen".to_owned())));
        let open = inherited.addresses()?.map(|addresses| (addresses, Place::Inherited));
        Ok(Global { listen: open.or_else(flag), ..global.clone() })
    }
}

pub(super) fn run(global: &Global, listen: &Listen) -> anyhow::Result<()> {
    let inherited = Inherited::take()?;
    let global = listen.on(global, &inherited)?;
    let read = || Ok(global.load()?);
    let config = read()?;
    let log = logging::start(&config)?;
    core_dumps::prevent(&config);
    with_runtime(async {
        let mut server = Server::open(&config, Mode::Production, inherited).await?;
        server.host.examination = Some(Examination::new(doctor::arguments(&global)));
        server.run(config, &read, log).await
    })
}

pub(super) fn with_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the async runtime")?.block_on(work)
}
