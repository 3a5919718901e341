//! Sends the audit log to a file or a syslog daemon, for what watches over a network (SIEM). Nothing waits for it: a place that
//! cannot be reached is tried again, and gets everything then.

mod file;
mod syslog;
mod syslog_tls;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use countersign::ChainedRow;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::config::{Config, EventsTarget};
use crate::serve::instance::Instance;

/// Where rows are sent, with what that takes.
pub(crate) struct Target {
    to: EventsTarget,
    ca_file: Option<PathBuf>,
}

impl Target {
    /// The configured one.
    pub(crate) fn configured(config: &Config) -> Option<Self> {
        Some(Self { to: config.events.clone()?, ca_file: config.events_ca_file.clone() })
    }
}

/// Sends until it is dropped.
pub(crate) async fn send(instance: Arc<Instance>, target: Target) {
    let target = Arc::new(target);
    let mut failing = Failing::default();
    loop {
        let pause = match send_some(&instance, &target).await {
            Ok(has_more) => {
                failing.is_over();
                if has_more { Duration::ZERO } else { PAUSE }
            }
            Err(error) => failing.again(&error),
        };
        sleep(pause).await;
    }
}

/// Gives whether there may be more to send.
async fn send_some(instance: &Instance, target: &Arc<Target>) -> anyhow::Result<bool> {
    let mut unread = instance.unread_audit(READER).await?;
    let Some(last) = unread.rows().last() else { return Ok(false) };
    let last = last.place.position;
    let (rows, target) = (unread.rows().to_vec(), Arc::clone(target));
    let (done, is_done) = oneshot::channel();
    // Not a thread of the runtime, whose end would wait for it (LM-10).
    std::thread::Builder::new().name("events".into()).spawn(move || done.send(write(&target, &rows)))?;
    is_done.await?.context("events")?;
    instance.audit_was_read(&mut unread, last).await?;
    Ok(unread.has_more())
}

fn write(target: &Target, rows: &[ChainedRow]) -> io::Result<()> {
    match &target.to {
        EventsTarget::File(path) => file::append(path, rows),
        EventsTarget::SyslogSocket(path) => syslog::to_socket(path, rows),
        EventsTarget::SyslogUdp(host) => syslog::by_udp(host, rows),
        EventsTarget::SyslogTcp(host) => syslog::by_tcp(host, rows),
        EventsTarget::SyslogTls(host) => syslog_tls::send(host, target.ca_file.as_deref(), rows),
    }
}

/// A place that does not take the rows.
#[derive(Default)]
struct Failing {
    count: u32,
    told: Option<Instant>,
}

impl Failing {
    /// One line a minute says so (LG-7). Gives how long to wait.
    fn again(&mut self, error: &anyhow::Error) -> Duration {
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tracing::error!("the audit log could not be sent, will be tried again: {error:#}");
        }
        self.count += 1;
        (PAUSE * 2_u32.pow(self.count.min(6))).min(LONGEST_PAUSE)
    }

    fn is_over(&mut self) {
        if std::mem::take(self).told.is_some() {
            tracing::info!("the audit log is sent again");
        }
    }
}

/// One name whatever the target is: who changes it goes on where they were.
const READER: &str = "events";
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const TELL_EVERY: Duration = Duration::from_secs(60);
