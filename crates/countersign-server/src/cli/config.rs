//! `countersign config`: what would be used, without using it.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::global::Global;
use crate::config::{KEYS, markdown_table};
use crate::output::{Output, print, remark};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Reads the configuration as `serve` would, and says what is wrong or where each value comes from
    Check,
    /// Prints the table of all keys, in Markdown
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
        let mut rows = Vec::new();
        let mut values = Map::new();
        for key in KEYS {
            let (shown, place) = (config.settings.shown(key), config.settings.place(key.name).to_string());
            values.insert(key.name.to_owned(), json!({ "value": shown, "from": place }));
            rows.push(vec![key.name.to_owned(), shown.unwrap_or_default(), place]);
        }
        if output.json {
            output.show(&Value::Object(values), String::new)?;
        } else {
            output.rows(&["KEY", "VALUE", "FROM"], &rows, Vec::new())?;
        }
        Ok(())
    }
}
