//! What `countersign config check` tries besides the values: all that `serve` would refuse at its start. Nothing is made
//! or changed, and a server may run beside it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use countersign::Clock;

use super::config_store;
use super::doctor::{self, Seen};
use super::start_check;
use super::tool::block_on;
use crate::config::Config;
use crate::output::remark;
use crate::serve::instance::Tables;
use crate::serve::mode::Mode;
use crate::serve::server::check_clock;
use crate::serve::upstream::OldLogin;
use crate::serve::{dev_mark, hooks, instance, mail, master_key_file, options, store, webhooks};

/// Tries everything.
///
/// # Errors
/// The first thing that `serve` would refuse; the message is for the operator.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    check_clock(Clock::system().now())?;
    start_check::certificate(config)?;
    options::hashing(config)?;
    options::pages(config)?;
    options::templates(config)?;
    mail::mail(config)?;
    check_addresses(config)?;
    dev_mark::check(config, Mode::Production)?;
    check_old_login(config)?;
    hooks::check(config)?;
    webhooks::receivers(config)?;
    check_store(config)
}

fn check_addresses(config: &Config) -> anyhow::Result<()> {
    for address in &config.listen {
        if !start_check::address(*address)? {
            remark(&format!("countersign: listen: a process listens on {address} already"));
        }
    }
    Ok(())
}

/// Asks it about nobody, as after each of its yeses.
fn check_old_login(config: &Config) -> anyhow::Result<()> {
    let Some(old) = OldLogin::configured(config)? else { return Ok(()) };
    let url = old.url();
    old.check().with_context(|| format!("import.upstream.url: {url}"))?;
    remark(&format!(
        "countersign: import.upstream.url: {url} says no to a name and a password that nobody has, as it should"
    ));
    Ok(())
}

fn check_store(config: &Config) -> anyhow::Result<()> {
    let exists = match &config.store {
        Some(url) => config_store::check(url, config.store_direct.is_some())?,
        None => config.database_path().exists(),
    };
    let key = config.master_key_path();
    if config.master_key_file.is_some() || exists || (config.store.is_some() && key.exists()) {
        master_key_file::require(config)?;
        let seen = Seen { master_key: Some(doctor::master_key(config)), ..Seen::default() };
        for warning in doctor::warnings(&seen) {
            remark(&format!("countersign: warning: {warning}"));
        }
    } else if config.store.is_some() && config.master_key.is_none() {
        remark("countersign: there is no master key yet; make it with: countersign init");
    }
    if exists {
        return check_tables(config);
    }
    if config.store.is_none() {
        check_folder(&config.data_dir)?;
        let path = store::shown(config);
        remark(&format!("countersign: there is no database {path} yet; make one with: countersign init"));
    }
    Ok(())
}

/// Opens the database and its keys, if that is possible before its tables are brought up to date.
fn check_tables(config: &Config) -> anyhow::Result<()> {
    if config.store.is_none() {
        let database = config.database_path();
        let opened = fs::OpenOptions::new().write(true).open(&database);
        opened.with_context(|| format!("{} cannot be written", database.display()))?;
    }
    if block_on(instance::check(config))? == Tables::Older {
        remark("countersign: the server will bring the tables of the database up to date first");
    }
    Ok(())
}

/// Whether files can be made in a folder, or the folder itself. What it can be tried with is gone at once.
fn check_folder(folder: &Path) -> anyhow::Result<()> {
    let folder = store::shown_path(folder);
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let trial = there.join(format!(".countersign-check-{}", std::process::id()));
    let made = fs::create_dir(&trial).and_then(|()| fs::remove_dir(&trial));
    made.with_context(|| format!("data_dir: nothing can be made in {}", there.display()))
}
