//! Looks at the configuration, and at the files and addresses that it names.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::cli::doctor::seen::{BrowserSeen, ConfigSeen, PasskeysSeen};
use crate::cli::start_check;
use crate::config::{Config, Place, is_loopback_name};
use crate::serve::mode::Mode;
use crate::serve::{dev_mark, options};

pub(super) fn config(config: &Config) -> ConfigSeen {
    let (listen, deaf) = listen(&config.listen);
    let public = config.public_origin.as_ref();
    ConfigSeen {
        warnings: config.warnings(),
        without_effect: without_effect(config),
        issuer: config.issuer(config.listen.first().map_or(0, SocketAddr::port)),
        is_public: public.is_some_and(|origin| origin.is_https() && !is_loopback_name(origin.host())),
        proxies: config.behind_proxy.clone(),
        certificate: config.tls_files().map(|_| said(start_check::certificate(config))),
        refused: [
            said(options::hashing(config).map(drop)),
            said(options::pages(config).map(drop)),
            said(options::templates(config).map(drop)),
            said(dev_mark::check(config, Mode::Production)),
        ]
        .into_iter()
        .filter_map(Result::err)
        .collect(),
        deaf,
        listen,
    }
}

fn said(result: anyhow::Result<()>) -> Result<(), String> {
    result.map_err(|error| format!("{error:#}"))
}

fn listen(addresses: &[SocketAddr]) -> (Vec<String>, Vec<String>) {
    let (mut fine, mut deaf) = (Vec::new(), Vec::new());
    for address in addresses {
        match start_check::address(*address) {
            Ok(true) => fine.push(format!("{address} is free")),
            Ok(false) => fine.push(format!("a process listens on {address} already")),
            Err(error) => deaf.push(format!("{error:#}")),
        }
    }
    (fine, deaf)
}

/// Settings that another one makes void.
fn without_effect(config: &Config) -> Vec<String> {
    let void: [(bool, &[&str], &str); 4] = [
        (
            config.jwt_secret.is_some(),
            &["algorithm", "keys.rotate_every", "keys.publish_before", "keys.verify_only_file"],
            "a JWT secret signs",
        ),
        (config.store.is_none(), &["store_direct"], "store is not set"),
        (config.keys_rotate_every.is_zero(), &["keys.publish_before"], "keys.rotate_every is 0"),
        (
            config.store.is_some() && config.master_key_file.is_some(),
            &["data_dir"],
            "store is set, and master_key_file",
        ),
    ];
    let mut all: Vec<String> = config.settings.notes().to_vec();
    for (_, keys, why) in void.into_iter().filter(|(is_void, ..)| *is_void) {
        let set = keys
            .iter()
            .map(|key| (key, config.settings.place(key)))
            .filter(|(_, place)| *place != Place::Default);
        all.extend(set.map(|(key, place)| format!("{place}: {key} has no effect, because {why}")));
    }
    all
}

/// Who may call the API from a browser.
pub(super) fn browser(config: &Config) -> BrowserSeen {
    let port = config.listen.first().map_or(0, SocketAddr::port);
    let local = || format!("http://localhost:{port}");
    BrowserSeen {
        origin: config.public_origin.as_ref().map_or_else(local, ToString::to_string),
        origins: config.cors_origins.iter().map(ToString::to_string).collect(),
    }
}

/// The site that passkeys are for.
pub(super) fn passkeys(config: &Config) -> Option<PasskeysSeen> {
    let origin = browser(config).origin;
    let (_, host) = origin.split_once("://").unwrap_or(("", &origin));
    let host = host.split(':').next().unwrap_or_default().to_owned();
    let options = config.passkey_options();
    options.enabled.then(|| PasskeysSeen {
        rp_id: config.passkeys_rp_id.clone().unwrap_or(host),
        related: config.passkeys_related_origins.clone(),
        is_offered: options.relying_party(&origin).is_some(),
        origin,
    })
}

/// Where the server is for a program on this machine.
pub(super) fn own_address(config: &Config, mut listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        listen.set_ip(if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let scheme = if config.tls_files().is_some() { "https" } else { "http" };
    format!("{scheme}://{listen}{}", config.path_prefix.as_ref().map_or("", |prefix| prefix.as_str()))
}
