//! Turns the sources into a checked configuration, or lists everything that is wrong.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::keys::{Config, read};
use super::origin::PathPrefix;
use super::place::{ConfigError, Problem};
use super::setting::Secret;
use super::sources::Settings;
use super::{rules, weak_secret};

impl Config {
    /// Reads and checks all values.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem.
    pub(crate) fn load(settings: Settings) -> Result<Self, ConfigError> {
        let mut problems = settings.problems().to_vec();
        let read = read(settings, &mut problems);
        let Some(mut config) = read else { return Err(ConfigError(problems)) };
        rules::check_together(&config, &mut problems);
        config.read_jwt_secret_file(&mut problems);
        config.add_store_password(&mut problems);
        config.store = config.store.take().map(|url| match &config.store_direct {
            Some(direct) => url.with_bell(direct.clone()),
            None => url,
        });
        if problems.is_empty() { Ok(config) } else { Err(ConfigError(problems)) }
    }

    /// A secret in a file has to meet the same rules as one in the environment.
    fn read_jwt_secret_file(&mut self, problems: &mut Vec<Problem>) {
        let Some(path) = &self.jwt_secret_file else { return };
        match read_line(path).and_then(|secret| weak_secret::check(&secret).map(|()| secret)) {
            Ok(secret) => self.jwt_secret = Some(Secret(secret)),
            Err(why) => problems.push(self.fault_of_file("jwt_secret_file", path, &why)),
        }
    }

    /// From here on the address has the password, wherever that was written.
    fn add_store_password(&mut self, problems: &mut Vec<Problem>) {
        let password = match (&self.store_password, &self.store_password_file) {
            (Some(Secret(password)), _) => password.clone(),
            (None, Some(path)) => match read_line(path) {
                Ok(password) => password,
                Err(why) => return problems.push(self.fault_of_file("store_password_file", path, &why)),
            },
            (None, None) => return,
        };
        self.store = self.store.take().map(|url| url.with_password(&password));
    }

    fn fault_of_file(&self, key: &str, path: &Path, why: &str) -> Problem {
        Problem::at(&self.settings.place(key), format!("{key}: {}: {why}", path.display()))
    }

    /// The path of the master key file.
    pub(crate) fn master_key_path(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.data_dir.join("master.key"))
    }

    /// The path of the database.
    pub(crate) fn database_path(&self) -> PathBuf {
        self.data_dir.join("countersign.db")
    }

    /// The certificate chain and its key, if this server does TLS.
    pub(crate) fn tls_files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_cert_file.as_deref()?, self.tls_key_file.as_deref()?))
    }

    /// The address that browsers see, without a slash at the end: the origin as configured, or `http://localhost`
    /// with the port that we listen on; and the path prefix.
    pub(crate) fn issuer(&self, port: u16) -> String {
        let local = || format!("http://localhost:{port}");
        let origin = self.public_origin.as_ref().map_or_else(local, ToString::to_string);
        let prefix = self.path_prefix.as_ref().map_or("", PathPrefix::as_str);
        origin + prefix
    }
}

/// The text of a file without the end of its line.
pub(crate) fn read_line(path: &Path) -> Result<Zeroizing<String>, String> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| error.to_string())?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
