//! `countersign config`: shows the configuration without using it.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::config_check;
use super::global::Global;
use crate::config::{ConfigKey, KEYS, markdown_table};
use crate::output::{Columns, Output, print, remark};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Reads the configuration as `serve` would, and tries the files, the addresses, the database, its keys and
    /// `import.upstream`; prints what is wrong, or the source of each value
    Check,
    /// Prints a Markdown table of all keys
    Keys,
}

impl ConfigCommand {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        if matches!(self, Self::Keys) {
            let words = |doc: &str| doc.split_whitespace().collect::<Vec<_>>().join(" ");
            let value =
                |key: &ConfigKey| json!({ "key": key.name, "default": key.default, "doc": words(key.doc) });
            let keys = || Value::Array(KEYS.iter().map(value).collect()).to_string();
            return Ok(print(&if output.json { keys() } else { markdown_table() })?);
        }
        let config = global.load()?;
        for note in config.settings.notes() {
            remark(&format!("countersign: {note}"));
        }
        for warning in config.warnings() {
            remark(&format!("countersign: warning: {warning}"));
        }
        config_check::check(&config)?;
        let place = |key: &ConfigKey| config.settings.place(key.name).to_string();
        if output.json {
            let value = |key: &ConfigKey| json!({ "value": config.settings.shown(key), "from": place(key) });
            let values: Map<_, _> = KEYS.iter().map(|key| (key.name.to_owned(), value(key))).collect();
            return Ok(print(&Value::Object(values).to_string())?);
        }
        let row = |key: &ConfigKey| {
            vec![key.name.to_owned(), config.settings.shown(key).unwrap_or_default(), place(key)]
        };
        let columns = Columns { head: &["KEY", "VALUE", "FROM"], none: "countersign: no keys" };
        output.table_of(columns, KEYS, row, |_| Value::Null)?;
        Ok(())
    }
}
