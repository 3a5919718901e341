//! A running server: ports, instance, upkeep and signals put together, and taken apart in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use countersign::base::clock::{Clock, Timestamp};
use countersign::model::account::AccountQuery;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::net::listen::{self, Limits, Ports, Service};
use crate::net::tls::{Reloaded, Tls};
use crate::serve::instance::{self, Instance, Task};
use crate::serve::mode::Mode;
use crate::serve::{app, dev_mark};

/// A server that can answer: its ports are open.
pub(crate) struct Server {
    mode: Mode,
    ports: Ports,
    /// What it serves.
    pub(crate) instance: Arc<Instance>,
    tls: Option<Arc<Tls>>,
}

impl Server {
    /// Opens ports, certificate, database and keys.
    ///
    /// # Errors
    /// What stands in the way, in words for the operator.
    pub(crate) async fn open(config: &Config, mode: Mode) -> anyhow::Result<Self> {
        check_clock(Clock::system().now())?;
        let tls = config.tls_files().map(|(cert, key)| Tls::load(cert, key)).transpose()?.map(Arc::new);
        let mut ports = Ports::open(&config.listen).await?;
        let addresses = ports.addresses()?;
        let port = addresses.first().context("there is an address")?.port();
        if mode == Mode::Development {
            // `localhost` is ::1 for many programs, and curl and browsers try it first.
            ports.open_also((std::net::Ipv6Addr::LOCALHOST, port).into()).await;
        }
        dev_mark::check(&config.data_dir, mode)?;
        let instance = instance::open(config, &config.origin(port), Task::Serve).await?;
        Ok(Self { mode, ports, instance: Arc::new(instance), tls })
    }

    /// Answers until a signal says stop; then finishes what has begun.
    ///
    /// # Errors
    /// When the system gives no signals.
    pub(crate) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let Self { mode, ports, instance, tls } = self;
        // Before anybody is told that we are here, or the first signal might kill instead of stop.
        let stop = stop_signal()?;
        let reload = match &tls {
            Some(tls) => {
                let hangup = signal(SignalKind::hangup())?;
                Some(tokio::spawn(reload_certificate(Arc::clone(tls), hangup)))
            }
            None => None,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        for address in ports.addresses()? {
            tracing::info!("listening on {scheme}://{address}");
        }
        config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        warn_of_no_account(&instance).await;
        let limits = Limits { connections: usize::try_from(config.max_connections)?, ..Limits::default() };
        let router = app::router(Arc::clone(&instance), config, mode);
        let upkeep = tokio::spawn(async move { instance.run_upkeep().await });
        let service = Service { router, tls, limits, proxies: config.behind_proxy.clone() };
        listen::serve(ports, service, stop).await;
        upkeep.abort();
        // Waits until it is dropped, and with it the last hold on the store, which then closes.
        let _ = upkeep.await;
        if let Some(reload) = reload {
            reload.abort();
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// OP-9: a clock from before this version was written judges certificates, sessions and tokens by a wrong date.
fn check_clock(now: Timestamp) -> anyhow::Result<()> {
    anyhow::ensure!(
        now >= WRITTEN_AT,
        "the clock of this machine says {now}, which is before this program was written; set it first"
    );
    Ok(())
}

/// Set anew with each release.
const WRITTEN_AT: Timestamp = Timestamp::from_unix_millis(1_795_392_000_000);

/// Turns true at the first SIGTERM or SIGINT.
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
        // Kept, or the receivers would think that nobody can say stop any more.
        stop.closed().await;
    });
    Ok(stopped)
}

/// Looks at the certificate files now and then, and at once on SIGHUP.
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
            Err(error) => tracing::error!("the new certificate is not usable, the old one stays: {error:#}"),
        }
    }
}

const CERTIFICATE_EVERY: Duration = Duration::from_secs(60);

async fn warn_of_no_account(instance: &Instance) {
    let anybody = AccountQuery { limit: 1, ..AccountQuery::default() };
    if instance.list_accounts(anybody).await.is_ok_and(|found| found.is_empty()) {
        tracing::warn!("there is no account yet; make one with: countersign user add NAME --role admin");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_program_was_written_stops_the_start() {
        assert_eq!(WRITTEN_AT.to_string(), "2026-11-23T00:00:00.000Z");
        assert!(check_clock(WRITTEN_AT).is_ok());
        let error = check_clock(WRITTEN_AT.minus(Duration::from_millis(1))).unwrap_err();
        assert!(error.to_string().contains("2026-11-22T23:59:59.999Z"), "{error}");
    }
}
