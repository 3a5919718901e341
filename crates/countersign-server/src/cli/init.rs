//! `countersign init`: makes what a server needs: a commented configuration file, the master key and the database. What
//! exists already stays as it is.

use std::path::{Path, PathBuf};

use countersign::MasterKeys;
use countersign::Random;
use serde_json::json;

use super::global::Global;
use super::new_file::write_new;
use super::tool::block_on;
use crate::config::{Config, Environment, Settings, toml_template};
use crate::core_dumps;
use crate::output::Output;
use crate::serve::instance::{self, Task};
use crate::serve::store;

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The origin that browsers will see, such as `https://auth.example.com`
    #[arg(long, value_name = "ORIGIN")]
    public_origin: Option<String>,
}

impl Init {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let environment = Environment::new(std::env::vars_os());
        let path = global.config.clone().or_else(|| environment.config_file());
        let path = path.unwrap_or_else(|| PathBuf::from("countersign.toml"));
        let new_file = (!path.exists()).then(|| self.template(global, &path));
        let settings = match &new_file {
            Some(text) => Settings::default().with_text(&path, text),
            None => Settings::default().with_file(&path),
        };
        let config = Config::load(global.on_top(settings, &environment))?;
        let key = config.master_key_path();
        // What is in a shared store is for the store to say: this node may be its first.
        let makes_database = config.store.is_some() || !config.database_path().exists();
        anyhow::ensure!(
            new_file.is_some() || (makes_database && self.public_origin.is_none()),
            "{} exists already and was not changed",
            path.display()
        );
        // The configuration file last, so that a failure leaves none behind. A database without its key needs the old
        // key, not a new one.
        if makes_database {
            core_dumps::prevent(&config);
            if config.master_key.is_none() && config.store.is_none() {
                MasterKeys::make_file(&key, &Random::system())?;
            }
            block_on(instance::open(&config, &config.issuer(0), Task::Init, None))?;
        }
        if let Some(text) = &new_file {
            write_new(&path, text, 0o644)?;
        }
        let database = match &config.store {
            Some(url) => url.to_string(),
            None => config.database_path().display().to_string(),
        };
        let made =
            Made { config: &path, key: config.master_key.is_none().then_some(&key), database: &database };
        made.show(global, output)
    }

    /// The text of the new configuration file, with the settings of the flags in it.
    fn template(&self, global: &Global, path: &Path) -> String {
        // A relative path in the file starts at the file's folder, and one in an argument in the working directory.
        let is_here = path.parent().is_none_or(|folder| folder.as_os_str().is_empty());
        let from_file = |value: &str| {
            if is_here { value.to_owned() } else { store::shown_path(Path::new(value)).display().to_string() }
        };
        let is_path = |key: &str| key.ends_with("_dir") || key.ends_with("_file");
        let flags = global.set.iter().filter_map(|set| set.split_once('='));
        let flags = flags.map(|(key, value)| (key.trim(), value.trim()));
        let flags =
            flags.map(|(key, value)| (key, if is_path(key) { from_file(value) } else { value.to_owned() }));
        let data_dir =
            global.data_dir.iter().map(|folder| ("data_dir", from_file(&folder.to_string_lossy())));
        let origin = self.public_origin.iter().map(|origin| ("public_origin", origin.clone()));
        let set: Vec<_> = flags.chain(data_dir).chain(origin).collect();
        // A key that is named twice has its last value, as in a command.
        let set: Vec<_> = set.iter().rev().map(|(key, value)| (*key, value.as_str())).collect();
        toml_template(&set)
    }
}

/// What a server needs, and where it is now.
struct Made<'a> {
    config: &'a Path,
    /// The file, unless the environment has the key.
    key: Option<&'a PathBuf>,
    database: &'a str,
}

impl Made<'_> {
    fn show(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let value = json!({ "config": self.config, "masterKey": self.key, "database": self.database });
        output.show(&value, || {
            let key = self.key.map_or_else(String::new, |key| {
                format!(
                    "\nMaster key     {} (keep a copy elsewhere: without this key the database is useless)",
                    key.display()
                )
            });
            let config = global
                .config
                .as_deref()
                .map_or_else(String::new, |path| format!(" --config {}", path.display()));
            format!(
                "Configuration  {} (it explains every key){key}\nDatabase       {}\n\n\
                 Next: countersign user add NAME --role admin{config}\n      countersign serve{config}",
                self.config.display(),
                self.database
            )
        })?;
        Ok(())
    }
}
