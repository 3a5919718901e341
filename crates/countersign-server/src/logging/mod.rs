//! The log on standard error. Whatever a logged value contains, one event is one line and cannot move the
//! cursor, change colours or reverse the text (LG-3). Other libraries cannot log at `debug`, where they log
//! contents (LG-1).

mod limit;

use std::io::{self, Write};

use countersign::Clock;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

pub(crate) use self::limit::{ACCESS, LineLimit};
use crate::config::{Config, LogFormat};
#[cfg(feature = "otlp")]
use crate::otlp;
use crate::output::escape;

/// The log of this process.
#[derive(Debug)]
pub(crate) struct Log {
    /// How many lines of a kind it takes.
    pub(crate) lines: LineLimit,
    level: Handle<Targets, Registry>,
    /// What sends the last traces.
    #[cfg(feature = "otlp")]
    pub(crate) traces: Option<otlp::Flush>,
}

impl Log {
    /// Goes by another level from now on.
    pub(crate) fn set_level(&self, level: &str) {
        // Fails only if the log is gone.
        let _ = self.level.reload(filter(level));
    }
}

/// Starts logging, and the export of traces. A second call changes nothing.
///
/// # Errors
/// The system gives no thread for the export.
#[cfg_attr(not(feature = "otlp"), expect(clippy::unnecessary_wraps, reason = "the export may fail"))]
pub(crate) fn start(config: &Config) -> anyhow::Result<Log> {
    // Of the log alone: traces have spans that it has not.
    let (filter, level) = reload::Layer::new(filter(&config.log_level));
    let limit = LineLimit::new(Clock::system());
    let filter = filter.and(limit.clone());
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(EscapedStderr);
    let layer = match config.log_format {
        LogFormat::Text => layer.with_filter(filter).boxed(),
        // One span is enough: the request's, which has its ID.
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).with_filter(filter).boxed(),
    };
    let registry = tracing_subscriber::registry().with(layer);
    #[cfg(feature = "otlp")]
    let (traces, registry) = {
        let (layer, flush) = otlp::start(config)?.unzip();
        (flush, registry.with(layer))
    };
    // Fails only if logging has started already.
    let _ = registry.try_init();
    Ok(Log {
        lines: limit,
        level,
        #[cfg(feature = "otlp")]
        traces,
    })
}

fn filter(level: &str) -> Targets {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    // The prefix of all our crates. Others stop at `info`: hyper, rustls and others log what they read and
    // write.
    Targets::new().with_default(level.min(LevelFilter::INFO)).with_target("countersign", level)
}

#[derive(Clone, Copy, Debug)]
struct EscapedStderr;

impl MakeWriter<'_> for EscapedStderr {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

impl Write for EscapedStderr {
    /// Receives one whole event per call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = escape(text.strip_suffix('\n').unwrap_or(&text)) + "\n";
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
