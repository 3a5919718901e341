//! Rows and columns, whatever file they come from.

use serde_json::{Map, Value};

/// One user of an export: fields by name. What was nested in JSON is called by its path, `a.b`.
pub(in crate::flows::import) type Row = Map<String, Value>;

/// What was read from a file.
pub(in crate::flows::import) struct Table {
    /// Every field that any row has, in the order in which they come.
    pub(in crate::flows::import) columns: Vec<String>,
    /// Every row with the number of its line (in a JSON document: its place in the list), `None` where it cannot be read.
    pub(in crate::flows::import) rows: Vec<(u64, Option<Row>)>,
    pub(in crate::flows::import) form: Form,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flows::import) enum Form {
    Csv,
    Json,
    DjangoDump,
    Ldif,
}

/// Adds a field. One of a name that is there already is called `name#2`, so that no value hides another.
pub(super) fn insert(row: &mut Row, name: &str, value: Value) {
    let mut free = name.to_owned();
    let mut number = 1;
    while row.contains_key(&free) {
        number += 1;
        free = format!("{name}#{number}");
    }
    row.insert(free, value);
}
