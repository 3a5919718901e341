//! CSV with a header, with any of the usual separators, and what `psql` prints.

use serde_json::Value;

use super::table::{Row, insert};

/// The names of the columns, and the rows with their lines.
pub(super) fn read(text: &str, columns: Option<&[&str]>) -> (Vec<String>, Vec<(u64, Option<Row>)>) {
    let (separator, skipped) = separator(text);
    let body = text.get(skipped..).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(columns.is_none())
        .flexible(columns.is_some())
        .delimiter(separator)
        .from_reader(body.as_bytes());
    let names: Vec<String> = match columns {
        Some(columns) => columns.iter().map(|&name| name.to_owned()).collect(),
        None => reader.headers().map(|names| unique(names.iter())).unwrap_or_default(),
    };
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut lines = Lines { text: body, at: 0, line: 1 + u64::from(skipped > 0) };
    loop {
        let line = lines.line_at(reader.position().byte());
        match reader.read_record(&mut record) {
            Ok(true) => {
                if separator == b'|' {
                    record.trim(); // columns are padded
                }
                rows.push((line, Some(row(&names, &record))));
            }
            Ok(false) => break,
            Err(error) if is_decoration(&error, body) => {}
            Err(_) => rows.push((line, None)),
        }
    }
    rows.retain(|(_, row)| !row.as_ref().is_some_and(|row| is_footer(&names, row)));
    (names.into_iter().filter(|name| !name.is_empty()).collect(), rows)
}

/// Fields whose column has no name are not kept: only systems without a header have any.
fn row(names: &[String], record: &csv::StringRecord) -> Row {
    let mut row = Row::new();
    for (name, field) in names.iter().zip(record).filter(|(name, _)| !name.is_empty()) {
        insert(&mut row, name, value(field));
    }
    row
}

/// Names as a person reads them; one that is there already is called `name#2`, one without any `column 3`.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (place, name) in (1..).zip(names) {
        let name = match bare(name) {
            "" => format!("column {place}"),
            name => name.to_owned(),
        };
        let mut free = name.clone();
        let mut number = 1;
        while all.contains(&free) {
            number += 1;
            free = format!("{name}#{number}");
        }
        all.push(free);
    }
    all
}

/// Without white space around it, and without quotes that stand after a space and so were none to CSV.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.map_or(text, str::trim)
}

/// CSV has no null; databases write it in one of these ways, or as an empty field.
fn value(field: &str) -> Value {
    match field.trim() {
        "NULL" | "null" | "\\N" => Value::Null,
        text if text.starts_with('"') => Value::String(bare(text).to_owned()),
        _ => Value::String(field.to_owned()),
    }
}

/// The separator, and how many bytes a line that only names it takes (`sep=;`, as spreadsheets write it). Otherwise the
/// one that the header has most of.
fn separator(text: &str) -> (u8, usize) {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    let named = first.trim_end().strip_prefix("sep=").map(str::as_bytes);
    if let Some([separator]) = named {
        return (*separator, first.len());
    }
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    let most = b",;\t|".iter().rev().max_by_key(|separator| count(separator));
    (most.copied().unwrap_or(b','), 0)
}

/// `-----+----` below the header and `(3 rows)` at the end, which have another number of fields than the header.
fn is_decoration(error: &csv::Error, body: &str) -> bool {
    let csv::ErrorKind::UnequalLengths { pos: Some(position), .. } = error.kind() else { return false };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let line = body.get(start..).unwrap_or_default().trim_start().lines().next().unwrap_or_default();
    is_decoration_text(line.trim())
}

/// The same in a file with a single column.
fn is_footer(names: &[String], row: &Row) -> bool {
    let [name] = names else { return false };
    row.get(name).and_then(Value::as_str).is_some_and(|text| is_decoration_text(text.trim()))
}

fn is_decoration_text(line: &str) -> bool {
    let rows = line
        .strip_prefix('(')
        .and_then(|line| line.strip_suffix(" rows)").or_else(|| line.strip_suffix(" row)")));
    let is_count = rows.is_some_and(|rows| !rows.is_empty() && rows.bytes().all(|b| b.is_ascii_digit()));
    let is_rule = line.len() >= 3 && line.bytes().all(|b| b == b'-' || b == b'+');
    is_count || is_rule
}

/// Line numbers as a person counts them. The csv crate's own are those of what it skips before a record.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that begins here or after line ends that follow. Asked for places in order.
    fn line_at(&mut self, byte: u64) -> u64 {
        let bytes = self.text.as_bytes();
        let byte = usize::try_from(byte).unwrap_or(bytes.len());
        while let Some(next) = bytes.get(self.at) {
            if self.at >= byte && !matches!(next, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*next == b'\n');
            self.at += 1;
        }
        self.line
    }
}
