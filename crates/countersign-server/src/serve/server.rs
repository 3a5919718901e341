//! A running server: starts ports, instance, upkeep and signal handlers, and stops them in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use countersign::AccountQuery;
use countersign::http::PagesOptions;
use countersign::{Clock, KeyState, Timestamp};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::logging::LineLimit;
use crate::net::listen::{self, Connections, Limits, Ports, Service};
use crate::net::tls::{Reloaded, Tls};
use crate::serve::instance::{self, Instance, Task};
use crate::serve::mode::Mode;
use crate::serve::{app, dev_mark, metrics, options, store};

/// A server with open ports.
pub(crate) struct Server {
    mode: Mode,
    ports: Ports,
    /// Those of the metrics.
    metrics: Ports,
    /// The authentication system that it serves.
    pub(crate) instance: Arc<Instance>,
    tls: Option<Arc<Tls>>,
    /// Whose pages it serves.
    pub(crate) pages: PagesOptions,
    hangup: Signal,
}

impl Server {
    /// Opens ports, certificate, logo, database and keys.
    ///
    /// # Errors
    /// One of these cannot be opened; the message is for the operator.
    pub(crate) async fn open(config: &Config, mode: Mode) -> anyhow::Result<Self> {
        check_clock(Clock::system().now())?;
        // First: without a handler, a closing terminal or `systemctl reload` would kill the server.
        let hangup = signal(SignalKind::hangup())?;
        let tls = config.tls_files().map(|(cert, key)| Tls::load(cert, key)).transpose()?.map(Arc::new);
        let pages = options::pages(config)?;
        let mut ports = Ports::open(&config.listen).await?;
        let metrics = Ports::open(config.metrics.as_slice()).await?;
        let addresses = ports.addresses()?;
        let port = addresses.first().context("there is an address")?.port();
        if mode == Mode::Development {
            // Many programs resolve `localhost` to ::1; curl and browsers try it first.
            ports.open_also((std::net::Ipv6Addr::LOCALHOST, port).into()).await;
        }
        dev_mark::check(config, mode)?;
        if mode == Mode::Production {
            store::require(config)?;
        }
        let task = if mode == Mode::Development { Task::Develop } else { Task::Serve };
        let instance = instance::open(config, &config.issuer(port), task).await?;
        Ok(Self { mode, ports, metrics, instance: Arc::new(instance), tls, pages, hangup })
    }

    /// Serves until SIGTERM or SIGINT, then finishes the requests in flight.
    ///
    /// # Errors
    /// A signal handler cannot be installed.
    pub(crate) async fn run(self, config: &Config, lines: LineLimit) -> anyhow::Result<()> {
        let Self { mode, ports, metrics, instance, tls, pages, hangup } = self;
        // Before the log announces the server: a signal that comes earlier would kill it.
        let stop = stop_signal()?;
        let reload = match &tls {
            Some(tls) => tokio::spawn(reload_certificate(Arc::clone(tls), hangup)),
            None => tokio::spawn(ignore_hangup(hangup)),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        log_start(config, mode, &instance);
        for address in metrics.addresses()? {
            tracing::info!("metrics on http://{address}/metrics");
        }
        for address in ports.addresses()? {
            tracing::info!("listening on {scheme}://{address}");
        }
        config.settings.notes().iter().for_each(|note| tracing::info!("{note}"));
        config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        if let Some(url) = &config.import_upstream_url {
            tracing::info!("accounts without a password are taken over from {}", url.0);
        }
        warn_of_no_account(&instance).await;
        let limits = Limits { connections: usize::try_from(config.max_connections)?, ..Limits::default() };
        let router = app::router(&instance, config, &pages, mode);
        let connections = Arc::<Connections>::default();
        let metrics = tokio::spawn(listen::serve(
            metrics,
            Service::private(metrics::router(&instance, &connections, tls.as_ref())),
            stop.clone(),
        ));
        tokio::spawn(announce_stop(stop.clone()));
        tokio::spawn(close_feed(Arc::clone(&instance), stop.clone()));
        let upkeep = tokio::spawn(async move { instance.run_upkeep().await });
        let left_out = tokio::spawn(log_left_out(lines.clone()));
        let service = Service { router, tls, limits, proxies: config.behind_proxy.clone(), connections };
        listen::serve(ports, service, stop).await;
        // It holds the store too.
        let _ = metrics.await;
        upkeep.abort();
        // Waits until the task is dropped, and with it the last reference to the store, which then closes.
        let _ = upkeep.await;
        reload.abort();
        left_out.abort();
        lines.log_left_out();
        tracing::info!("stopped");
        Ok(())
    }
}

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

/// Becomes true at the first SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.send_replace(true);
        // Keeps the sender alive: without it, receivers would stop at once.
        stop.closed().await;
    });
    Ok(stopped)
}

async fn announce_stop(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    tracing::info!("stopping: finishing requests in flight, accepting no new ones");
}

/// Ends the streams of the feed when the server stops: they would last for as long as it lets requests finish.
async fn close_feed(instance: Arc<Instance>, mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    instance.feed().close();
}

/// Stays alive on SIGHUP.
async fn ignore_hangup(mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        tracing::info!("SIGHUP: nothing to reload; other settings are read at a start");
    }
}

/// Checks the certificate files every minute, and at once on SIGHUP.
async fn reload_certificate(tls: Arc<Tls>, mut hangup: Signal) {
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(CERTIFICATE_EVERY) => false,
        };
        match tls.reload() {
            Ok(Reloaded::New) => tracing::info!("using the new certificate"),
            Ok(Reloaded::Same) if asked => tracing::info!("the certificate files have not changed"),
            Ok(Reloaded::Same) => {}
            Err(error) => {
                tracing::error!("the new certificate cannot be used, keeping the old one: {error:#}");
            }
        }
    }
}

const CERTIFICATE_EVERY: Duration = Duration::from_secs(60);

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
