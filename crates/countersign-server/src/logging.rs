//! The log on standard error. Whatever is in a logged value, one event is one line and cannot move the cursor, change
//! colours or reverse the text (LG-3); and nobody else's code gets to log what it likes at `debug` (LG-1).

use std::fmt::Write as _;
use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;

/// Starts logging; a second call changes nothing.
pub(crate) fn start(format: LogFormat, level: &str) {
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    // Our crates' names all begin so. Others stop at `info`: hyper, rustls and the like log what they read and write.
    let filter = Targets::new().with_default(level.min(LevelFilter::INFO)).with_target("countersign", level);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(EscapedStderr);
    // Fails only if logging has started already.
    let _ = match format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
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
    /// Gets one whole event at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(escape(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The event with every character that could do something written as `\uXXXX`, which JSON reads as the same character.
fn escape(event: &str) -> String {
    let line = event.strip_suffix('\n').unwrap_or(event);
    let mut escaped = String::with_capacity(event.len());
    for c in line.chars() {
        if is_active(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped.push('\n');
    escaped
}

/// Control characters, line and paragraph separators, and what changes the direction of text.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LG-3.
    #[test]
    fn one_event_is_one_line_whatever_is_in_it() {
        let event = "user=a\u{1b}]0;x\r\n{\"level\":1}\u{2028}\u{202e}\u{9b}31m ok ü\n";
        assert_eq!(
            escape(event),
            "user=a\\u001b]0;x\\u000d\\u000a{\"level\":1}\\u2028\\u202e\\u009b31m ok ü\n"
        );
    }
}
