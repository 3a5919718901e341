//! The options of every command, and the configuration that results from them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::{Config, ConfigError, Environment, Place, Settings};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Global {
    /// The configuration file [default: countersign.toml here, else /etc/countersign/countersign.toml]
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub(super) config: Option<PathBuf>,
    /// The data directory: short for `--set data_dir=DIR`
    #[arg(long, global = true, value_name = "DIR", help_heading = HEADING)]
    pub(super) data_dir: Option<PathBuf>,
    /// Sets one key of the configuration; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE", help_heading = HEADING)]
    pub(super) set: Vec<String>,
    /// Prints JSON instead of text, errors and remarks too
    #[arg(long, global = true, help_heading = HEADING)]
    pub(super) json: bool,
    /// What the commands that serve listen on, and where that was said.
    #[arg(skip)]
    pub(super) listen: Option<(String, Place)>,
}

const HEADING: &str = "Options of every command";

impl Global {
    /// The configuration from all sources.
    pub(super) fn load(&self) -> Result<Config, ConfigError> {
        let settings =
            self.file().map_or_else(Settings::default, |file| Settings::default().with_file(&file));
        Config::load(self.on_top(settings, &Environment::new(std::env::vars_os())))
    }

    /// The same as if this were the text of the configuration file.
    pub(super) fn load_text(&self, file: &Path, text: &str) -> Result<Config, ConfigError> {
        let settings = Settings::default().with_text(file, text);
        Config::load(self.on_top(settings, &Environment::new(std::env::vars_os())))
    }

    /// The configuration file, if there is one.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let environment = Environment::new(std::env::vars_os());
        self.config.clone().or_else(|| environment.config_file()).or_else(usual_file)
    }

    /// The arguments that say the same again, with the addresses to listen on among the settings.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let listen = self.listen.iter().map(|(addresses, _)| format!("listen={addresses}"));
        let paths = [("--config", &self.config), ("--data-dir", &self.data_dir)];
        let paths = paths.into_iter().filter_map(|(flag, path)| Some([flag.into(), path.as_ref()?.into()]));
        let sets = self.set.iter().cloned().chain(listen).map(|set| ["--set".into(), set.into()]);
        paths.chain(sets).flatten().collect()
    }

    /// `JWT_SECRET` as it is, without the rules for a secret of this server.
    pub(super) fn secret_in_environment() -> Option<Zeroizing<String>> {
        Environment::new(std::env::vars_os()).jwt_secret()
    }

    /// Adds `.env`, the environment and the flags to `settings`.
    pub(super) fn on_top(&self, settings: Settings, environment: &Environment) -> Settings {
        let mut settings = settings.with_dotenv(Path::new("")).with_environment(environment);
        if let Some(folder) = &self.data_dir {
            settings =
                settings.with("data_dir", &folder.to_string_lossy(), Place::Flag("--data-dir".to_owned()));
        }
        if let Some((addresses, place)) = &self.listen {
            settings = settings.with("listen", addresses, place.clone());
        }
        for set in &self.set {
            let (name, value) = set.split_once('=').unwrap_or((set, ""));
            settings =
                settings.with(name.trim(), value.trim(), Place::Flag(format!("--set {}", name.trim())));
        }
        settings
    }
}

fn usual_file() -> Option<PathBuf> {
    ["countersign.toml", "/etc/countersign/countersign.toml"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())
}
