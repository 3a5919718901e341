//! A running server: starts ports, instance, upkeep and signal handlers, and stops them in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use countersign::AccountQuery;
use countersign::http::PagesOptions;
use countersign::{Clock, KeyState, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::logging::{LineLimit, Log};
use crate::net::listen::{self, Connections, Limits, Ports, Routes, Service};
use crate::net::tls::Tls;
use crate::serve::dev_mail::DevMail;
use crate::serve::examination::Examination;
use crate::serve::inherited::Inherited;
use crate::serve::instance::{self, Instance, Task};
use crate::serve::mode::Mode;
use crate::serve::reload::{Live, Read};
use crate::serve::signals::{Asked, Signals};
use crate::serve::successor::{Program, Successor};
use crate::serve::{
    app, certificate, dev_mark, events, mail, metrics, options, service_manager, store, webhooks,
};

/// A server with open ports.
pub(crate) struct Server {
    /// The authentication system that it serves.
    pub(crate) instance: Arc<Instance>,
    pub(crate) host: Host,
}

/// What stays while the store is closed and opened again.
pub(crate) struct Host {
    mode: Mode,
    ports: Ports,
    /// Those of the metrics.
    metrics: Ports,
    tls: Option<Arc<Tls>>,
    /// Whose pages it serves.
    pub(crate) pages: PagesOptions,
    /// Who looks whether all is well, if anybody does.
    pub(crate) examination: Option<Examination>,
    signals: Signals,
    program: Program,
    /// Where mails go in development, unless a mail server is configured.
    dev_mail: DevMail,
}

/// How serving ends.
enum End {
    Stop,
    HandOver(Successor),
}

impl Server {
    /// Opens ports, certificate, logo, database and keys.
    ///
    /// # Errors
    /// One of these cannot be opened; the message is for the operator.
    pub(crate) async fn open(config: &Config, mode: Mode, inherited: Inherited) -> anyhow::Result<Self> {
        check_clock(Clock::system().now())?;
        // First: without a handler, a closing terminal or `systemctl reload` would kill the server.
        let (signals, program) = (Signals::install()?, Program::of_this_process()?);
        let tls = config.tls_files().map(|(cert, key)| Tls::load(cert, key)).transpose()?.map(Arc::new);
        let pages = options::pages(config)?;
        webhooks::receivers(config)?;
        options::check_templates(config)?;
        let Inherited { listeners, metrics, predecessor } = inherited;
        let mut ports = Ports::inherit_or_open(listeners, &config.listen).await?;
        let metrics = Ports::inherit_or_open(metrics, config.metrics.as_slice()).await?;
        let port = ports.addresses()?.first().context("there is an address")?.port();
        if mode == Mode::Development {
            // Many programs resolve `localhost` to ::1; curl and browsers try it first.
            ports.open_also((std::net::Ipv6Addr::LOCALHOST, port).into()).await;
        }
        dev_mark::check(config, mode)?;
        if mode == Mode::Production {
            store::require(config)?;
        }
        let (examination, dev_mail) = (None, DevMail::default());
        let host = Host { mode, ports, metrics, tls, pages, examination, signals, program, dev_mail };
        let Some(predecessor) = predecessor else {
            let task = if mode == Mode::Development { Task::Develop } else { Task::Serve };
            return Ok(Self { instance: host.open(config, task).await?, host });
        };
        instance::check(config).await?;
        let waiting = predecessor.wait_for_store().await?;
        let instance = host.open(config, Task::TakeOver).await?;
        waiting.replace().await;
        Ok(Self { instance, host })
    }

    /// Serves until SIGTERM or SIGINT, or until another process does (SIGUSR2), and finishes the requests in flight.
    ///
    /// # Errors
    /// The system refuses, or the store cannot be opened again after a hand-over that failed.
    pub(crate) async fn run(self, mut config: Config, read: Read<'_>, log: Log) -> anyhow::Result<()> {
        let Self { mut instance, mut host } = self;
        host.log_start(&config, &instance)?;
        warn_of_no_account(&instance).await;
        // Also while no store is open.
        let watchdog = tokio::spawn(service_manager::watchdog());
        loop {
            let End::HandOver(successor) = host.serve(&mut config, read, instance, &log).await? else {
                break;
            };
            let taken = tokio::select! {
                taken = successor.take_over() => taken,
                () = host.signals.stop() => break,
            };
            match taken {
                Ok(process) => {
                    tracing::info!(process, "handed over");
                    service_manager::replaced_by(process);
                    break;
                }
                Err(error) => tracing::error!("the hand-over failed, serving on: {error:#}"),
            }
            instance = host.open(&config, Task::TakeOver).await?;
        }
        watchdog.abort();
        log.lines.log_left_out();
        #[cfg(feature = "otlp")]
        if let Some(traces) = &log.traces {
            traces.finish();
        }
        tracing::info!("stopped");
        Ok(())
    }
}

impl Host {
    async fn open(&self, config: &Config, task: Task<'_>) -> anyhow::Result<Arc<Instance>> {
        let port = self.ports.addresses()?.first().context("there is an address")?.port();
        let mail = match (mail::mail(config)?, self.mode) {
            (None, Mode::Development) => Some(self.dev_mail.options(config)?),
            (mail, _) => mail,
        };
        Ok(Arc::new(Box::pin(instance::open(config, &config.issuer(port), task, mail)).await?))
    }

    fn log_start(&self, config: &Config, instance: &Instance) -> anyhow::Result<()> {
        log_start(config, self.mode, instance);
        for address in self.metrics.addresses()? {
            tracing::info!("metrics on http://{address}/metrics");
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        for address in self.ports.addresses()? {
            tracing::info!("listening on {scheme}://{address}");
        }
        config.settings.notes().iter().for_each(|note| tracing::info!("{note}"));
        config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        if let Some(url) = &config.mail_url {
            tracing::info!("mails go to {url}");
        }
        if let Some(url) = &config.otlp_url {
            tracing::info!("traces go to {url}, {} of those that begin here", config.otlp_ratio);
        }
        if let Some(url) = &config.import_upstream_url {
            tracing::info!("accounts without a password are taken over from {}", url.0);
        }
        Ok(())
    }

    /// Serves until a signal ends that. Then nothing uses the store any more, and it is closed.
    async fn serve(
        &mut self,
        config: &mut Config,
        read: Read<'_>,
        instance: Arc<Instance>,
        log: &Log,
    ) -> anyhow::Result<End> {
        let limits = Limits { connections: usize::try_from(config.max_connections)?, ..Limits::default() };
        let connections = Arc::<Connections>::default();
        let metrics = Service::private(metrics::router(&instance, &connections, self.tls.as_ref()));
        let (mode, pages, of_routes) = (self.mode, self.pages.clone(), Arc::clone(&instance));
        let dev_mail = self.dev_mail.clone();
        let make_router = move |config: &Config| app::router(&of_routes, config, &pages, (mode, &dev_mail));
        let routes = Arc::new(Routes::from_pointee(make_router(config)));
        let proxies = config.behind_proxy.clone();
        let service =
            Service { routes: Arc::clone(&routes), tls: self.tls.clone(), limits, proxies, connections };
        let upkeep = Arc::clone(&instance);
        let mut beside = JoinSet::new();
        beside.spawn(async move { upkeep.run_upkeep().await });
        beside.spawn(log_left_out(log.lines.clone()));
        let (webhooks, told) = watch::channel(Arc::new(webhooks::receivers(config)?));
        beside.spawn(webhooks::tell(Arc::clone(&instance), told));
        if let Some(target) = events::Target::configured(config) {
            beside.spawn(events::send(Arc::clone(&instance), target));
        }
        if let Some(tls) = self.tls.clone() {
            beside.spawn(certificate::renew(tls));
        }
        if let Some(examination) = self.examination.clone() {
            beside.spawn(examination.repeat(Arc::clone(&instance)));
        }
        service_manager::ready();
        let (stop, stopping) = watch::channel(None);
        // The metrics hold the store too.
        let serving = listen::serve(self.ports.again()?, service, stopping.clone());
        let serving_metrics = listen::serve(self.metrics.again()?, metrics, stopping);
        let mut live = Live {
            config,
            read,
            log,
            instance: &instance,
            routes: &routes,
            webhooks: &webhooks,
            make_router: &make_router,
        };
        let ending = async {
            let end = self.until_end(&mut live).await;
            // They would last for as long as requests may.
            instance.feed().close();
            stop.send_replace(Some(end.drain()));
            end
        };
        let ((), (), end) = tokio::join!(serving, serving_metrics, ending);
        // Waits until the tasks are dropped. The last reference to the store is this one: it closes then.
        beside.shutdown().await;
        store_activity(&instance).await;
        Ok(end)
    }

    async fn until_end(&mut self, live: &mut Live<'_>) -> End {
        loop {
            match self.signals.next().await {
                Asked::Stop => break,
                Asked::Reload => {
                    service_manager::reloading();
                    if let Some(tls) = &self.tls {
                        certificate::reload(tls, true);
                    }
                    live.reload();
                    if let Some(examination) = &self.examination {
                        examination.again.notify_one();
                    }
                    service_manager::ready();
                }
                Asked::HandOver if self.mode == Mode::Development => {
                    tracing::warn!("SIGUSR2: a development server does not hand over");
                }
                Asked::HandOver => {
                    service_manager::reloading();
                    let started = tokio::select! {
                        started = Successor::start(&self.program, &self.ports, &self.metrics) => started,
                        () = self.signals.stop() => break,
                    };
                    match started {
                        Ok(successor) => {
                            tracing::info!(
                                "handing over: finishing requests in flight, leaving new ones to the new server"
                            );
                            return End::HandOver(successor);
                        }
                        Err(error) => tracing::error!("the hand-over failed, serving on: {error:#}"),
                    }
                    service_manager::ready();
                }
            }
        }
        self.ports.close();
        service_manager::stopping();
        tracing::info!("stopping: finishing requests in flight, accepting no new ones");
        End::Stop
    }
}

impl End {
    /// How long requests in flight have.
    const fn drain(&self) -> Duration {
        match self {
            // LM-10 allows ten seconds until the process ends; the last second is for closing the store.
            Self::Stop => Duration::from_secs(9),
            // New requests wait meanwhile.
            Self::HandOver(_) => Duration::from_secs(5),
        }
    }
}

/// Stores what has happened since the last minute, unless that would hold up the end.
async fn store_activity(instance: &Instance) {
    let stored = tokio::time::timeout(STORE_WITHIN, instance.store_activity()).await;
    if !matches!(stored, Ok(Ok(()))) {
        tracing::warn!("the overview lacks what has happened in the last minute");
    }
}

/// Of the last second that a stop has (see [`End::drain`]).
const STORE_WITHIN: Duration = Duration::from_millis(500);

/// One line with what tells this server from another.
fn log_start(config: &Config, mode: Mode, instance: &Instance) {
    let version = env!("CARGO_PKG_VERSION");
    let mode = if mode == Mode::Development { "development" } else { "production" };
    let issuer = &instance.options().issuer;
    let database = tracing::field::display(store::shown(config));
    let keys = instance.list_keys(instance.clock().now());
    let kid = keys.iter().find(|key| key.state == KeyState::Active).map(|key| key.kid.as_str());
    let algorithm = instance.options().audiences.default.algorithm.name();
    tracing::info!(version, mode, issuer, database, algorithm, kid, "starting");
}

/// LG-7.
async fn log_left_out(lines: LineLimit) {
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        lines.log_left_out();
    }
}

/// OP-9: with a clock before the release of this version, certificates, sessions and tokens are judged by a
/// wrong date.
///
/// # Errors
/// It is such a clock.
pub(crate) fn check_clock(now: Timestamp) -> anyhow::Result<()> {
    anyhow::ensure!(
        now >= RELEASED_AT,
        "the clock of this machine says {now}, which is before this program was released; correct the clock"
    );
    Ok(())
}

/// Updated with each release.
const RELEASED_AT: Timestamp = Timestamp::from_unix_millis(1_795_392_000_000);

async fn warn_of_no_account(instance: &Instance) {
    let first = AccountQuery::by_name(None, 1);
    if instance.list_accounts(first).await.is_ok_and(|found| found.is_empty()) {
        tracing::warn!("no account exists yet; add one with: countersign user add NAME --role admin");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_program_was_written_stops_the_start() {
        assert_eq!(RELEASED_AT.to_string(), "2026-11-23T00:00:00.000Z");
        assert!(check_clock(RELEASED_AT).is_ok());
        let error = check_clock(RELEASED_AT.minus(Duration::from_millis(1))).unwrap_err();
        assert!(error.to_string().contains("2026-11-22T23:59:59.999Z"), "{error}");
    }
}
