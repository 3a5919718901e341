//! `countersign webhook add`: writes the table of a webhook into the configuration file, and a secret for it into a file of its own.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use countersign::{AuditKind, Random, WebhookSecret};
use countersign_fetch::FetchUrl;
use serde_json::json;

use super::config_file::{ConfigFile, own_as};
use super::failure::NameTaken;
use super::global::Global;
use super::new_file::write_new;
use super::usage::usage;
use crate::config::{Config, Webhook};
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// A name for it: letters, digits, dots, hyphens and underscores
    #[arg(value_parser = Webhook::parse_name)]
    name: String,
    /// Where events are sent: an https address, or plain http on this machine
    #[arg(value_parser = url)]
    url: FetchUrl,
    /// The kinds of events that it is told of [default: all]
    #[arg(long, value_name = "EVENTS", value_delimiter = ',', value_parser = Webhook::parse_event)]
    events: Vec<AuditKind>,
    /// The new file for its secret (mode 0600) [default: webhook-NAME.secret in the data directory]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

fn url(text: &str) -> Result<FetchUrl, String> {
    FetchUrl::parse(text).map_err(|error| error.to_string())
}

impl Add {
    pub(super) fn run(self, global: &Global, output: Output) -> anyhow::Result<()> {
        let path = global.file().ok_or_else(|| {
            usage("there is no configuration file to write to: make one with `countersign init`, or name it with --config")
        })?;
        let file = ConfigFile::open(&path)?;
        let config = global.load()?;
        if config.settings.webhooks().iter().any(|other| other.name == self.name) {
            let (name, path) = (&self.name, path.display());
            return Err(NameTaken(format!("{path} has a webhook {name:?} already")).into());
        }
        let secret_file = self.secret_file(&config)?;
        let webhook = self.webhook(&path, &secret_file)?;
        let text = file.with(&webhook.to_toml());
        let loaded = global.load_text(&path, &text)?;
        // A name or an address that TOML reads as something else.
        ensure!(
            loaded.settings.webhooks().last() == Some(&webhook),
            "the table would not be read as it is meant"
        );
        make_secret(&secret_file)?;
        if let Err(error) = file.replace(&text) {
            let _ = std::fs::remove_file(&secret_file);
            return Err(error);
        }
        self.show(&path, &secret_file, output)
    }

    fn secret_file(&self, config: &Config) -> anyhow::Result<PathBuf> {
        let usual = || config.data_dir.join(format!("webhook-{}.secret", self.name));
        let file = self.secret_file.clone().unwrap_or_else(usual);
        Ok(std::path::absolute(file)?)
    }

    /// As it is written: from the folder of the file where it is below it, so that both can move.
    fn webhook(&self, path: &Path, secret_file: &Path) -> anyhow::Result<Webhook> {
        let path = std::path::absolute(path)?;
        let below = path.parent().and_then(|folder| secret_file.strip_prefix(folder).ok());
        Ok(Webhook {
            name: self.name.clone(),
            url: self.url.clone(),
            secret_file: below.unwrap_or(secret_file).to_owned(),
            events: self.events.clone(),
            ca_file: None,
        })
    }

    fn show(&self, path: &Path, secret_file: &Path, output: Output) -> anyhow::Result<()> {
        let kinds: Vec<_> = self.events.iter().map(|kind| kind.name()).collect();
        let value = json!({
            "name": self.name,
            "url": self.url.to_string(),
            "events": kinds,
            "config": path,
            "secretFile": secret_file,
        });
        output.show(&value, || {
            format!(
                "Configuration  {}\nSecret         {} (what is in it is also for the receiver)\n\n\
                 Next: systemctl reload countersign, or SIGHUP: a running server takes it over\n      countersign webhook test {}",
                path.display(),
                secret_file.display(),
                self.name
            )
        })?;
        Ok(())
    }
}

/// A file that is there is never written to: another receiver may have what is in it.
fn make_secret(path: &Path) -> anyhow::Result<()> {
    let secret = WebhookSecret::generate(&Random::system()).to_text();
    write_new(path, &format!("{}\n", *secret), 0o600)?;
    let give = || -> std::io::Result<()> {
        let folder = std::fs::metadata(path.parent().unwrap_or(Path::new("/")))?;
        own_as(&OpenOptions::new().write(true).open(path)?, &folder)
    };
    // In a folder of somebody else's, who is not asked for leave: then it stays ours.
    let _ = give();
    Ok(())
}
