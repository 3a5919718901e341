//! The log on standard error. Whatever a logged value contains, one event is one line and cannot move the
//! cursor, change colours or reverse the text (LG-3). Other libraries cannot log at `debug`, where they log
//! contents (LG-1).

mod limit;

use std::io::{self, Write};

use countersign::Clock;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

pub(crate) use self::limit::{ACCESS, LineLimit};
use crate::config::LogFormat;
use crate::output::escape;

/// The log of this process.
#[derive(Debug)]
pub(crate) struct Log {
    /// How many lines of a kind it takes.
    pub(crate) lines: LineLimit,
    level: Handle<Targets, Registry>,
}

impl Log {
    /// Goes by another level from now on.
    pub(crate) fn set_level(&self, level: &str) {
        // Fails only if the log is gone.
        let _ = self.level.reload(filter(level));
    }
}

/// Starts logging. A second call changes nothing.
pub(crate) fn start(format: LogFormat, level: &str) -> Log {
    let (filter, level) = reload::Layer::new(filter(level));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(EscapedStderr);
    let limit = LineLimit::new(Clock::system());
    // Fails only if logging has started already.
    let _ = match format {
        LogFormat::Text => registry.with(layer.with_filter(limit.clone())).try_init(),
        // One span is enough: the only one there is has the request ID.
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true).with_span_list(false);
            registry.with(layer.with_filter(limit.clone())).try_init()
        }
    };
    Log { lines: limit, level }
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
