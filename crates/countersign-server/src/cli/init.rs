//! `countersign init`: writes a commented configuration file and makes the master key. Never overwrites a
//! file.

use std::path::{Path, PathBuf};

use countersign::base::random::Random;
use serde_json::json;

use super::global::Global;
use super::new_file::write_new;
use crate::config::{Config, Place, Settings, toml_template};
use crate::output::Output;
use countersign::base::master_key::MasterKeys;

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The origin that browsers will see, such as `https://auth.example.com`
    #[arg(long, value_name = "ORIGIN")]
    public_origin: Option<String>,
}

impl Init {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<()> {
        let path = global.config.clone().unwrap_or_else(|| PathBuf::from("countersign.toml"));
        let data_dir = global.data_dir.as_deref().map(Path::to_string_lossy);
        let mut set: Vec<(&str, &str)> = Vec::new();
        set.extend(data_dir.as_deref().map(|folder| ("data_dir", folder)));
        set.extend(self.public_origin.as_deref().map(|origin| ("public_origin", origin)));
        let text = toml_template(&set);
        let settings = set.iter().fold(Settings::default(), |settings, (name, value)| {
            settings.with(name, value, Place::Flag(format!("--{}", name.replace('_', "-"))))
        });
        let config = Config::load(settings)?;

        anyhow::ensure!(!path.exists(), "{} exists already and was not changed", path.display());
        let folder = path.parent().unwrap_or(Path::new(""));
        let key = folder.join(config.master_key_path());
        // The key first, so that a failure leaves no configuration file behind. A database without its key
        // needs the old key, not a new one.
        if !folder.join(config.database_path()).exists() {
            MasterKeys::make_file(&key, &Random::system())?;
        }
        write_new(&path, &text, 0o644)?;
        output.show(&json!({ "config": path, "masterKey": key }), || {
            format!(
                "Wrote {} (it explains every key)\n\
                 and   {} (keep a copy elsewhere: without this key the database is useless)\n\n\
                 Next: countersign user add NAME --role admin\n      countersign serve",
                path.display(),
                key.display()
            )
        })?;
        Ok(())
    }
}
