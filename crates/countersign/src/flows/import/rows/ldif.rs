//! LDIF (RFC 2849): entries between empty lines, long lines folded, values in base64 after `::`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::table::Row;

pub(super) fn is_ldif(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next().unwrap_or_default().to_ascii_lowercase();
    let begins = if first.starts_with("version:") {
        lines.next().unwrap_or_default().to_ascii_lowercase()
    } else {
        first
    };
    begins.starts_with("dn:")
}

/// Every entry with the line of its `dn`; `None` if a line of it is not LDIF.
pub(super) fn read(text: &str) -> Vec<(u64, Option<Row>)> {
    let mut rows = Vec::new();
    let mut entry: Vec<(u64, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines().chain([""])) {
        match line.strip_prefix(' ') {
            Some(more) => {
                if let Some((_, last)) = entry.last_mut() {
                    last.push_str(more);
                }
            }
            None if line.trim().is_empty() => {
                let lines = std::mem::take(&mut entry);
                if let Some(first) =
                    lines.iter().find(|(_, line)| line.to_ascii_lowercase().starts_with("dn:"))
                {
                    rows.push((first.0, row(&lines)));
                }
            }
            None if line.starts_with('#') => {}
            None => entry.push((number, line.to_owned())),
        }
    }
    rows
}

/// An attribute with several values is a list.
fn row(lines: &[(u64, String)]) -> Option<Row> {
    let mut row = Row::new();
    for (_, line) in lines {
        let (name, rest) = line.split_once(':')?;
        let value = match rest.strip_prefix(':') {
            Some(encoded) => String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?,
            None => rest.trim().to_owned(),
        };
        let value = Value::String(value);
        match row.get_mut(name) {
            None => {
                row.insert(name.to_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Some(row)
}
