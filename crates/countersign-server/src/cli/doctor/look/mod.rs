//! Looks, and never touches. What cannot be looked at is a finding where somebody can mend it, and left out where nobody can.

mod config;
mod consumer;
mod file;
mod passwords;
mod process;
mod reach;
mod reply;
mod store;
mod system;

use countersign::Clock;

use super::asked::{Asked, Wanted};
use super::seen::{MasterKeySeen, Seen};
use crate::cli::global::Global;
use crate::cli::tool::block_on;
use crate::config::Config;
use crate::core_dumps;
use crate::serve::master_key_file;

/// Sees what the wanted findings are about.
pub(super) fn look(global: &Global, wanted: &Wanted, asked: &Asked) -> Seen {
    let config = match global.load() {
        Ok(config) => config,
        Err(error) => return Seen { unusable: Some(error.to_string()), ..Seen::default() },
    };
    core_dumps::prevent(&config);
    let wants = |groups: &[&str]| groups.iter().any(|group| wanted.wants_some_of(group));
    let mut seen = Seen::default();
    if wants(&["config"]) {
        seen.config = Some(config::config(&config));
    }
    if wants(&["keys"]) {
        seen.master_key = Some(master_key(&config));
    }
    if wants(&["browser"]) {
        seen.browser = Some(config::browser(&config));
    }
    if wants(&["passkeys"]) {
        seen.passkeys = config::passkeys(&config);
    }
    let costs = if wants(&["passwords"]) {
        passwords::costs(&config, wanted.names("passwords.hash-time"))
    } else {
        None
    };
    if wants(&["store", "keys", "passwords", "people", "backup", "consumer", "webhooks"]) {
        let token = asked.token.as_ref().map(|(consumer, token)| (*consumer, token.as_str()));
        // Nothing in it fails: what cannot be read is seen to be so.
        let _ = block_on(async {
            store::store(&config, (costs, token), &mut seen).await;
            Ok(())
        });
    }
    if wants(&["reach", "feed"]) {
        let keys = master_key_file::require(&config).ok();
        if let Some(url) = &asked.from {
            let (reach, feed) = reach::reach(url, &config, keys.as_ref());
            (seen.reach, seen.feed) = (Some(reach), feed);
        } else if let (Some(address), Some(keys)) = (config.listen.first(), &keys) {
            seen.feed = reach::feed(&config::own_address(&config, *address), keys);
        }
    }
    if wants(&["system"]) {
        seen.system = Some(system::system(&config, Clock::system().now()));
    }
    seen
}

/// Where the master key is, and whether it can be used.
pub(in crate::cli) fn master_key(config: &Config) -> MasterKeySeen {
    let in_environment = config.master_key.is_some();
    let path = config.master_key_path();
    let place = if in_environment { "COUNTERSIGN_MASTER_KEY".to_owned() } else { path.display().to_string() };
    let mut seen = MasterKeySeen { place, ..MasterKeySeen::default() };
    seen.mode = (!in_environment).then(|| file::mode(&path)).flatten();
    match master_key_file::require(config) {
        Ok(keys) => {
            seen.current = keys.current_id();
            seen.fingerprints = keys.fingerprints().into_iter().collect();
        }
        Err(error) => seen.unusable = Some(format!("{error:#}")),
    }
    seen
}
