//! Rules about several values together, and their messages.

use countersign::OutOfRange;

use super::events::EventsTarget;
use super::keys::{Config, KEYS};
use super::limits::is_loopback_name;
use super::place::{Place, Problem};
use super::registration::Registration;
use super::second_factor::SecondFactorRequired;
use super::setting::Toggle;

/// Rules about several values.
pub(super) fn check_together(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |key: &str, why: String| {
        let place = config.settings.place(key);
        // The default needs no place: the text names the keys.
        problems.push(if place == Place::Default { Problem(why) } else { Problem::at(&place, why) });
    };
    library(config, &mut refuse);
    transport(config, &mut refuse);
    verify_only(config, &mut refuse);
    upstream(config, &mut refuse);
    events(config, &mut refuse);
    hooks(config, &mut refuse);
    store(config, &mut refuse);
    mail(config, &mut refuse);
    registration(config, &mut refuse);
    second_factor(config, &mut refuse);
    bound_tokens(config, &mut refuse);
    for (value, file) in [
        ("jwt_secret", "jwt_secret_file"),
        ("master_key", "master_key_file"),
        ("password.pepper", "password.pepper_file"),
        ("store_password", "store_password_file"),
        ("hooks.secret", "hooks.secret_file"),
        ("mail.password", "mail.password_file"),
    ] {
        if config.settings.place(value) != Place::Default && config.settings.place(file) != Place::Default {
            refuse(value, format!("{value} and {file} are both set; which is meant?"));
        }
    }
}

type Refuse<'a> = &'a mut dyn FnMut(&str, String);

/// What the library refuses, in the words of the configuration.
fn library(config: &Config, refuse: Refuse<'_>) {
    match config.library_options(&config.issuer(0)) {
        Ok(options) => {
            for OutOfRange { field, rule, .. } in options.faults() {
                let key = key_of(&field);
                refuse(key, format!("{key} {}", in_keys(&rule)));
            }
        }
        // PW-1: what is weaker than OWASP's minimum is refused, not corrected.
        Err(why) => {
            let keys = "password.hash_memory and password.hash_passes";
            refuse("password.hash_passes", format!("{keys} make hashes that are {why}"));
        }
    }
}

/// The key of an option of the library; the option's own path where it has none.
fn key_of(field: &str) -> &str {
    OTHER_NAMES.iter().find(|(option, _)| *option == field).map_or(field, |(_, key)| key)
}

/// A rule of the library with keys for the options that it names in backticks.
fn in_keys(rule: &str) -> String {
    let parts = rule.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part } else { key_of(part) }).collect()
}

/// Options of the library whose key is not their path.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("issuer", "public_origin"),
    ("audiences.default.name", "audience"),
    ("audiences.default.algorithm", "algorithm"),
    ("audiences.default.dpop_bound", "dpop_bound"),
    ("keep_audit", "retention.audit"),
    ("sessions.min_age", "session.min_age"),
    ("sessions.grace", "session.grace"),
    ("sessions.idle_ttl", "session.idle_ttl"),
    ("sessions.absolute_ttl", "session.absolute_ttl"),
    ("sessions.access_token_ttl", "access_token_ttl"),
    ("sessions.max_sessions", "session.max_per_account"),
    ("keys.publish_ahead", "keys.publish_before"),
    ("passwords.min_length", "password.min_length"),
    ("hashing.argon2", "password.hash_memory"),
    ("hashing.max_wait", "password.max_wait"),
    ("hashing.memory_budget_bytes", "password.memory_budget"),
    ("throttle.per_network", "throttle.network_burst"),
    ("throttle.per_neighbourhood", "throttle.neighbourhood_burst"),
    ("throttle.spray", "throttle.spray_burst"),
];

/// TP-1, TP-3: nothing travels in clear by accident, and nothing about ourselves is learnt from a request.
fn transport(config: &Config, refuse: Refuse<'_>) {
    let tls = config.tls_files().is_some();
    let proxy = !config.behind_proxy.is_empty();
    if config.tls_cert_file.is_some() != config.tls_key_file.is_some() {
        refuse("tls.cert_file", "tls.cert_file and tls.key_file go together".to_owned());
        return;
    }
    if let Some(open) = config.listen.iter().find(|address| !address.ip().is_loopback())
        && !tls
        && !proxy
    {
        refuse(
            "listen",
            format!(
                "listen: {open} can be reached from other machines, where passwords and tokens would travel in clear; \
                 set tls.cert_file and tls.key_file, or behind_proxy to the addresses of the proxy that does TLS, \
                 or listen on 127.0.0.1"
            ),
        );
    }
    match &config.public_origin {
        None if tls || proxy => refuse(
            "public_origin",
            "public_origin is needed with tls or behind_proxy, like \"https://auth.example.com\"".to_owned(),
        ),
        Some(origin) if tls && !origin.is_https() => {
            refuse(
                "public_origin",
                format!("public_origin is {origin}, but tls is on: it must begin with https://"),
            );
        }
        Some(origin) if !origin.is_https() && !is_loopback_name(origin.host()) => refuse(
            "public_origin",
            format!("public_origin is {origin}: without TLS it can only be a loopback address or localhost"),
        ),
        _ => {}
    }
}

/// A key of another system must not count for ever because somebody forgot to say until when.
fn verify_only(config: &Config, refuse: Refuse<'_>) {
    if config.keys_verify_only_file.is_some() != config.keys_verify_only_until.is_some() {
        let why = "keys.verify_only_file and keys.verify_only_until go together";
        refuse("keys.verify_only_file", why.to_owned());
    }
}

/// The old system is asked as somebody meant it, or not at all.
fn upstream(config: &Config, refuse: Refuse<'_>) {
    if config.import_upstream_url.is_none() {
        return refuse_section(config, "import.upstream", refuse);
    }
    if config.import_upstream_header.is_some() != config.import_upstream_header_file.is_some() {
        let why = "import.upstream.header and import.upstream.header_file go together";
        refuse("import.upstream.header", why.to_owned());
    }
    if config.import_upstream_username_field == config.import_upstream_password_field {
        let why = "import.upstream.username_field and import.upstream.password_field are the same";
        refuse("import.upstream.password_field", why.to_owned());
    }
}

/// Authorities are for a daemon that has a certificate.
fn events(config: &Config, refuse: Refuse<'_>) {
    if config.events_ca_file.is_some() && !matches!(config.events, Some(EventsTarget::SyslogTls(_))) {
        refuse("events_ca_file", "events_ca_file: events is not syslog:tls:HOST:PORT".to_owned());
    }
}

/// The application's server is asked as somebody meant it, or not at all.
fn hooks(config: &Config, refuse: Refuse<'_>) {
    if config.hooks_url.is_none() {
        return refuse_section(config, "hooks", refuse);
    }
    if config.hooks_ask.is_empty() {
        refuse("hooks.ask", "hooks.ask is empty: without a question, leave hooks.url unset".to_owned());
    }
    if config.hooks_secret.is_none() && config.hooks_secret_file.is_none() {
        refuse(
            "hooks.url",
            "hooks.url needs hooks.secret_file, the secret that signs what is asked".to_owned(),
        );
    }
}

/// Keys of a section whose `url` is missing.
fn refuse_section(config: &Config, section: &str, refuse: Refuse<'_>) {
    let is_of_section = |name: &&str| name.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
    let set = KEYS.iter().map(|key| key.name).filter(is_of_section);
    for key in set.filter(|name| config.settings.place(name) != Place::Default) {
        refuse(key, format!("{key}: {section}.url is not set"));
    }
}

/// Mails come from somebody, and a password goes with the user that it is of.
fn mail(config: &Config, refuse: Refuse<'_>) {
    let is_set = |key: &str| config.settings.place(key) != Place::Default;
    let Some(url) = &config.mail_url else {
        let others = ["mail.password", "mail.password_file", "mail.ca_file"];
        for key in others.into_iter().filter(|key| is_set(key)) {
            refuse(key, format!("{key}: mail.url is not set"));
        }
        return;
    };
    if config.mail_from.is_none() {
        refuse("mail.url", "mail.from is needed with mail.url, like \"no-reply@example.com\"".to_owned());
    }
    let password = ["mail.password", "mail.password_file"].into_iter().find(|key| is_set(key));
    match (url.has_user(), password) {
        (true, None) => refuse("mail.url", "mail.url names a user: set mail.password_file".to_owned()),
        (false, Some(key)) => refuse(key, format!("{key}: mail.url names no user, like smtps://USER@HOST")),
        _ => {}
    }
}

/// Whoever signs in on a page of ours needs a key there.
fn bound_tokens(config: &Config, refuse: Refuse<'_>) {
    if config.dpop_bound == Toggle::On && config.pages_device_proof == Toggle::Off {
        let why = "dpop_bound is on and pages.device_proof is off: nobody could sign in on the pages";
        refuse("dpop_bound", why.to_owned());
    }
    // A browser that only follows a link proves no key, and would be sent back to the sign-in page for ever.
    if config.pages_device_proof == Toggle::On && !config.settings.oauth_clients().is_empty() {
        let why = "pages.device_proof is on, and there are oauth.clients: with a session that a page has bound, nobody could go on to an \
                   application (device_binding.dbsc binds sessions in a way that they can)";
        refuse("pages.device_proof", why.to_owned());
    }
}

/// Nobody takes the name of a person who is still to come.
fn second_factor(config: &Config, refuse: Refuse<'_>) {
    let names_roles = !config.second_factor_roles.is_empty();
    match (config.second_factor_required, names_roles) {
        (SecondFactorRequired::Roles, false) => refuse(
            "second_factor.roles",
            "second_factor.roles: second_factor.required is roles, and there are none".to_owned(),
        ),
        (SecondFactorRequired::Nobody | SecondFactorRequired::Everybody, true) => refuse(
            "second_factor.roles",
            "second_factor.roles: second_factor.required is not roles".to_owned(),
        ),
        (SecondFactorRequired::Nobody, false) if config.second_factor_from.is_some() => {
            refuse("second_factor.from", "second_factor.from: second_factor.required is nobody".to_owned());
        }
        _ => {}
    }
}

fn registration(config: &Config, refuse: Refuse<'_>) {
    if config.registration_mode == Registration::Off && !config.registration_domains.is_empty() {
        refuse("registration.domains", "registration.domains: registration.mode is off".to_owned());
    }
    let is_open = config.registration_mode == Registration::Open;
    if is_open && config.import_upstream_url.is_some() {
        let why = "registration.mode is open while import.upstream is set: a stranger could take the name of somebody who has not \
                   signed in here yet";
        refuse("registration.mode", why.to_owned());
    }
}

/// A password goes to the database that somebody meant.
fn store(config: &Config, refuse: Refuse<'_>) {
    if config.store_direct.is_some() && config.store.is_none() {
        refuse("store_direct", "store_direct: store is not set".to_owned());
    }
    for key in ["store_password", "store_password_file"] {
        if config.settings.place(key) == Place::Default {
            continue;
        }
        match &config.store {
            None => refuse(key, format!("{key}: store is not set")),
            Some(url) if url.has_password() => {
                refuse(key, format!("{key} is set, and store has a password in it; which is meant?"));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_name_is_a_key() {
        for (option, key) in OTHER_NAMES {
            assert!(KEYS.iter().any(|known| known.name == *key), "{option}: there is no key {key}");
        }
        let said = in_keys("is longer than `sessions.absolute_ttl`, not `throttle.delay_from`");
        assert_eq!(said, "is longer than session.absolute_ttl, not throttle.delay_from");
    }
}
