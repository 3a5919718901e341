//! `countersign config`: shows the configuration without using it.

use std::fs::OpenOptions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::config_store;
use super::global::Global;
use crate::config::{Config, ConfigKey, KEYS, markdown_table};
use crate::net::tls::Tls;
use crate::output::{Output, print, remark};
use crate::serve::upstream::OldLogin;
use crate::serve::{master_key_file, options, store};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Reads the configuration as `serve` would, and tries `store` and `import.upstream`; prints what is wrong, or the source
    /// of each value
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
        check_files(&config)?;
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

/// Reads the files that `serve` would read at its start, and asks the old system about nobody, as after each of its yeses.
fn check_files(config: &Config) -> anyhow::Result<()> {
    if let Some((certificate, key)) = config.tls_files() {
        Tls::load(certificate, key)?;
    }
    options::hashing(config)?;
    options::pages(config)?;
    if let Some(old) = OldLogin::configured(config)? {
        let url = old.url();
        old.check().with_context(|| format!("import.upstream.url: {url}"))?;
        remark(&format!(
            "countersign: import.upstream.url: {url} says no to a name and a password that nobody has, as it should"
        ));
    }
    if let Some(url) = &config.store {
        let has_tables = config_store::check(url)?;
        if config.master_key_file.is_some() || has_tables || config.master_key_path().exists() {
            master_key_file::require(config)?;
            warn_of_readable(&config.master_key_path());
        } else if config.master_key.is_none() {
            remark("countersign: there is no master key yet; make it with: countersign init");
        }
        return Ok(());
    }
    let database = config.database_path();
    if config.master_key_file.is_some() || database.exists() {
        master_key_file::require(config)?;
        warn_of_readable(&config.master_key_path());
    }
    if database.exists() {
        let opened = OpenOptions::new().write(true).open(&database);
        opened.with_context(|| format!("{} cannot be written", database.display()))?;
    } else {
        let path = store::shown_path(&database);
        remark(&format!(
            "countersign: there is no database {} yet; make one with: countersign init",
            path.display()
        ));
    }
    Ok(())
}

fn warn_of_readable(key: &Path) {
    let mode = std::fs::metadata(key).map_or(0, |file| file.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        remark(&format!(
            "countersign: warning: {} can be read by others on this machine (mode {mode:o}); chmod 600 makes it private",
            key.display()
        ));
    }
}
