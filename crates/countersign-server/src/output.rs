//! The output of commands: text for people, or one JSON value a line for programs. Whatever a value contains,
//! it cannot move the cursor, change colours or reverse the text (LG-3).

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use countersign::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

/// The format of results.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints one result: `text` for people, `value` for programs.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn show(self, value: &Value, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json { print(&value.to_string()) } else { print(&text()) }
    }

    /// Prints a list: a table for people, an array for programs. Each item becomes a row with one cell for
    /// each heading. An empty table is a remark.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn table_of<T>(
        self,
        columns: Columns<'_>,
        items: &[T],
        row: impl Fn(&T) -> Vec<String>,
        value: impl Fn(&T) -> Value,
    ) -> io::Result<()> {
        if self.json {
            return print(&Value::Array(items.iter().map(value).collect()).to_string());
        }
        if items.is_empty() {
            remark(columns.none);
            return Ok(());
        }
        print(&table(columns.head, &items.iter().map(row).collect::<Vec<_>>()))
    }
}

/// The columns of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a> {
    /// The heading of each.
    pub(crate) head: &'a [&'a str],
    /// What an empty list is called.
    pub(crate) none: &'a str,
}

/// Prints lines to standard output.
///
/// # Errors
/// It is closed.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", escape_lines(text.trim_end_matches('\n')))?;
    out.flush()
}

/// Whether the reader of standard output is gone. A command that waits for something to print would notice
/// only then.
pub(crate) fn reader_is_gone() -> bool {
    let out = io::stdout();
    let mut end = [PollFd::new(&out, PollFlags::empty())]; // POLLERR and POLLHUP are always reported
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut end, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok() && end[0].revents().intersects(gone)
}

/// Prints a remark to standard error: `countersign: …`, or `{"note": …}` and `{"warning": …}` for programs.
pub(crate) fn remark(text: &str) {
    if !REMARKS_ARE_JSON.load(Ordering::Relaxed) {
        return print_error(text);
    }
    let text = text.strip_prefix("countersign: ").unwrap_or(text);
    let remark = match text.strip_prefix("warning: ") {
        Some(warning) => json!({ "warning": warning }),
        None => json!({ "note": text }),
    };
    print_error(&remark.to_string());
}

/// Prints lines to standard error. `eprintln!` would panic if nobody reads it.
pub(crate) fn print_error(text: &str) {
    let _ = writeln!(io::stderr(), "{}", escape_lines(text));
}

/// From now on, each remark is one JSON object.
pub(crate) fn make_remarks_json() {
    REMARKS_ARE_JSON.store(true, Ordering::Relaxed);
}

/// Set once, before a command begins: a remark can come from anywhere.
static REMARKS_ARE_JSON: AtomicBool = AtomicBool::new(false);

/// For a command whose exit code is its result: a closed pipe, as in `| head -1`, does not change it.
///
/// # Errors
/// Those of `printed`, except a closed pipe.
pub(crate) fn unless_closed(printed: io::Result<()>) -> io::Result<()> {
    printed.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// [`escape`] for each line of the text.
pub(crate) fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// The text with every character that acts on a terminal written as `\uXXXX`, which JSON reads as that
/// character.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_active(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Control characters, line and paragraph separators, and what changes the direction of text.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A line, in which a line break is a character as any other, and how it looks on a terminal.
pub(crate) type Styled = (Style, String);

/// How a line looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// With an empty line before it.
    Title,
    Good,
    Warning,
    Dim,
}

/// Prints lines, in colours if standard output is a terminal and `NO_COLOR` is not set.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn print_styled(lines: &[Styled]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    for (style, line) in lines {
        let code = match style {
            Style::Plain => "0",
            Style::Title => "1",
            Style::Good => "32",
            Style::Warning => "33",
            Style::Dim => "2",
        };
        let line = escape(line);
        if *style == Style::Title {
            writeln!(out)?;
        }
        if coloured { writeln!(out, "\u{1b}[{code}m{line}\u{1b}[0m")? } else { writeln!(out, "{line}")? }
    }
    out.flush()
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|head| head.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// A number of things: `1 row`, `2 rows`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Unix seconds (1970 to 9999) in the time zone of this machine.
pub(crate) fn local_time(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds).map_or_else(
        |_| "the end of 9999".to_owned(), // the time zone may be past it
        |at| at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

/// An instant in UTC, in the form of RFC 3339 that the API has too: always with milliseconds, so that columns align.
pub(crate) fn utc(at: Timestamp) -> String {
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LG-3.
    #[test]
    fn nothing_in_a_text_can_act_on_a_terminal() {
        let text = "user=a\u{1b}]0;x\r\n{\"level\":1}\u{2028}\u{202e}\u{9b}31m ok ü";
        assert_eq!(escape(text), "user=a\\u001b]0;x\\u000d\\u000a{\"level\":1}\\u2028\\u202e\\u009b31m ok ü");
    }

    #[test]
    fn an_instant_has_all_its_digits() {
        let at = |millis: i64| utc(Timestamp::from_unix_millis(1_795_392_024_000 + millis));
        assert_eq!([at(130), at(0)], ["2026-11-23T00:00:24.130Z", "2026-11-23T00:00:24.000Z"]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["ä".to_owned(), "x".to_owned()], vec!["bbb".to_owned(), String::new()]];
        assert_eq!(table(&["A", "B"], &rows), "A    B\nä    x\nbbb\n");
    }
}
