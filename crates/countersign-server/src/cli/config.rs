//! `countersign config`: shows the configuration without using it.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::global::Global;
use crate::config::{ConfigKey, KEYS, markdown_table};
use crate::output::{Output, print, remark};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Reads the configuration as `serve` would; prints what is wrong, or the source of each value
    Check,
    /// Prints a Markdown table of all keys
    Keys,
}

impl ConfigCommand {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        if matches!(self, Self::Keys) {
            return Ok(print(&markdown_table())?);
        }
        let config = global.load()?;
        for warning in config.warnings() {
            remark(&format!("countersign: warning: {warning}"));
        }
        let place = |key: &ConfigKey| config.settings.place(key.name).to_string();
        if output.json {
            let value = |key: &ConfigKey| json!({ "value": config.settings.shown(key), "from": place(key) });
            let values: Map<_, _> = KEYS.iter().map(|key| (key.name.to_owned(), value(key))).collect();
            return Ok(print(&Value::Object(values).to_string())?);
        }
        let row = |key: &ConfigKey| {
            vec![key.name.to_owned(), config.settings.shown(key).unwrap_or_default(), place(key)]
        };
        output.table_of(&["KEY", "VALUE", "FROM"], KEYS, row, |_| Value::Null)?;
        Ok(())
    }
}
