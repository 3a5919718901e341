//! A file that marks a data directory as development data. Its accounts have public passwords, so `serve`
//! refuses the directory (OP-2). `dev` refuses a database without the mark, which may contain real accounts
//! (OP-10). A shared store knows the difference by the master key, which is in that directory: it takes no other.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::Context as _;

use super::mode::Mode;
use crate::config::Config;

/// The data directory of `countersign dev`.
pub(crate) const DEV_DATA_DIR: &str = "countersign-dev";
const MARK: &str = "DEVELOPMENT";

/// Whether this directory has the mark.
pub(crate) fn is_marked(data_dir: &Path) -> bool {
    data_dir.join(MARK).exists()
}

/// Refuses data of the other mode; marks a new development directory.
///
/// # Errors
/// The directory belongs to the other mode, or cannot be marked.
pub(crate) fn check(config: &Config, mode: Mode) -> anyhow::Result<()> {
    let (data_dir, key) = (config.data_dir.as_path(), config.master_key_path());
    let marked = [Some(data_dir), key.parent()].into_iter().flatten().find(|folder| is_marked(folder));
    let shown = marked.unwrap_or(data_dir).display();
    match (mode, marked.is_some()) {
        (Mode::Production, false) | (Mode::Development, true) => return Ok(()),
        (Mode::Production, true) => anyhow::bail!(
            "{shown} was made by `countersign dev`: its accounts have public passwords; choose another data_dir"
        ),
        (Mode::Development, false) => anyhow::ensure!(
            !config.database_path().exists() && !key.exists(),
            "{shown} was not made by `countersign dev` and may hold real accounts; choose another data_dir"
        ),
    }
    let mark = || {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
        fs::write(data_dir.join(MARK), "Made by `countersign dev`. The passwords in here are public.\n")
    };
    mark().with_context(|| format!("cannot write to {shown}"))
}
