//! The rows of an export, whatever it is written in: CSV, JSON Lines, or a JSON document.

use serde_json::{Map, Value};

/// One user of an export: fields by name.
pub(super) type Row = Map<String, Value>;

/// Every row with the number of its line (in a JSON document: its place in the list), `None` where it cannot be read.
/// `columns` are the names of CSV columns for systems that write no header.
pub(super) fn read(text: &str, columns: Option<&[&str]>) -> Vec<(u64, Option<Row>)> {
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().chars().next() {
        Some('[') => document(text),
        Some('{') if serde_json::from_str::<Value>(text).is_ok_and(|value| users(&value).is_some()) => {
            document(text)
        }
        Some('{') => json_lines(text),
        _ => csv(text, columns),
    }
}

fn json_lines(text: &str) -> Vec<(u64, Option<Row>)> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(number, line)| (number, serde_json::from_str(line).ok())).collect()
}

fn document(text: &str) -> Vec<(u64, Option<Row>)> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return vec![(1, None)];
    };
    let list = users(&value).unwrap_or_default();
    (1..).zip(list).map(|(number, user)| (number, user.as_object().cloned())).collect()
}

/// The list itself, or the list under `users`, as Firebase writes it.
fn users(value: &Value) -> Option<&[Value]> {
    let list = value.as_array().or_else(|| value.get("users")?.as_array());
    list.map(Vec::as_slice)
}

fn csv(text: &str, columns: Option<&[&str]>) -> Vec<(u64, Option<Row>)> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(columns.is_none())
        .flexible(columns.is_some())
        .from_reader(text.as_bytes());
    let names: Vec<String> = match columns {
        Some(columns) => columns.iter().map(|&name| name.to_owned()).collect(),
        None => reader
            .headers()
            .map(|names| names.iter().map(|name| name.trim().to_owned()).collect())
            .unwrap_or_default(),
    };
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut lines = Lines { text, at: 0, line: 1 };
    loop {
        let line = lines.line_at(reader.position().byte());
        match reader.read_record(&mut record) {
            Ok(true) => {
                let values = record.iter().map(value);
                rows.push((line, Some(names.iter().cloned().zip(values).collect())));
            }
            Ok(false) => return rows,
            Err(_) => rows.push((line, None)),
        }
    }
}

/// CSV has no null; databases write it in one of these ways, or as an empty field.
fn value(field: &str) -> Value {
    match field {
        "NULL" | "null" | "\\N" => Value::Null,
        text => Value::String(text.to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(u64, Option<String>)> {
        let name = |row: Row| row.get("name").and_then(Value::as_str).map(str::to_owned);
        read(text, None).into_iter().map(|(line, row)| (line, row.and_then(name))).collect()
    }

    fn some(line: u64, name: &str) -> (u64, Option<String>) {
        (line, Some(name.to_owned()))
    }

    /// The same two users in every form, with the lines a person finds them at.
    #[test]
    fn csv_json_lines_and_documents_are_told_apart() {
        let two = [some(2, "bob"), some(4, "al,ice")];
        assert_eq!(names("name,x\nbob,\"a\nb\"\n\"al,ice\",c\n"), two);
        assert_eq!(names("\u{feff}name,x\r\nbob,1\r\n\r\n\"al,ice\",2"), two);
        assert_eq!(names("{\"x\":1,\"name\":null}\n{\"name\":\"bob\"}\n\n{\"name\":\"al,ice\"}")[1..], two);
        let listed = [some(1, "bob"), some(2, "al,ice")];
        assert_eq!(names(" [{\"name\":\"bob\"},\n{\"name\":\"al,ice\"}]"), listed);
        assert_eq!(names("{\"users\":[{\"name\":\"bob\"},{\"name\":\"al,ice\"}]}"), listed);
        assert_eq!(names(""), []);
    }

    #[test]
    fn rows_that_cannot_be_read_do_not_hide_the_others() {
        assert_eq!(names("name,x\nbob\nalice,2\n"), [(2, None), some(3, "alice")]);
        assert_eq!(
            names("{\"name\":\"bob\"}\n{oops\n{\"name\":\"a\"}"),
            [some(1, "bob"), (2, None), some(3, "a")]
        );
        assert_eq!(names("[1,"), [(1, None)]);
    }
}
