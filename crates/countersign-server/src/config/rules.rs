//! Rules about several values together, and the reasons that the operator is told.

use std::time::Duration;

use countersign::password::Argon2Cost;

use super::keys::Config;
use super::limits::is_loopback_name;
use super::place::{Place, Problem};
use super::setting::duration_text;

/// Rules about several values.
pub(super) fn check_together(config: &Config, problems: &mut Vec<Problem>) {
    let mut refuse = |key: &str, why: String| {
        let place = config.settings.place(key);
        // The default needs no place: the text names the keys.
        problems.push(if place == Place::Default { Problem(why) } else { Problem::at(&place, why) });
    };
    sessions(config, &mut refuse);
    transport(config, &mut refuse);
    passwords(config, &mut refuse);
    throttle(config, &mut refuse);
    for (value, file) in [
        ("jwt_secret", "jwt_secret_file"),
        ("master_key", "master_key_file"),
        ("password.pepper", "password.pepper_file"),
    ] {
        if config.settings.place(value) != Place::Default && config.settings.place(file) != Place::Default {
            refuse(value, format!("{value} and {file} are both set; which is meant?"));
        }
    }
}

type Refuse<'a> = &'a mut dyn FnMut(&str, String);

fn sessions(config: &Config, refuse: Refuse<'_>) {
    let (grace, min_age) = (config.session_grace, config.session_min_age);
    let both_off = grace.is_zero() && min_age.is_zero();
    if !both_off && min_age < grace + Duration::from_secs(5) {
        let why = "otherwise tabs that wake together can log an honest user out";
        refuse(
            "session.min_age",
            format!(
                "session.min_age ({}) must be at least session.grace ({}) + 5s, or both 0: {why}",
                duration_text(min_age),
                duration_text(grace)
            ),
        );
    }
    if config.session_idle_ttl > config.session_absolute_ttl {
        refuse(
            "session.idle_ttl",
            "session.idle_ttl is longer than session.absolute_ttl and would never end a session".to_owned(),
        );
    }
    if config.access_token_ttl > config.session_idle_ttl {
        refuse(
            "access_token_ttl",
            "access_token_ttl is longer than session.idle_ttl: tokens would outlive their session".to_owned(),
        );
    }
    if !config.keys_rotate_every.is_zero() && config.keys_rotate_every <= config.keys_publish_before {
        refuse("keys.rotate_every", "keys.rotate_every must be longer than keys.publish_before: a key is published that long before it signs".to_owned());
    }
}

/// PW-1: what is weaker than OWASP's minimum is refused, not corrected.
fn passwords(config: &Config, refuse: Refuse<'_>) {
    let memory = config.password_hash_memory;
    let kib = u32::try_from(memory.0 >> 10).unwrap_or(u32::MAX);
    if let Err(why) = Argon2Cost::new(kib, config.password_hash_passes, 1) {
        let keys = "password.hash_memory and password.hash_passes";
        refuse("password.hash_passes", format!("{keys} make hashes that are {why}"));
    }
    if config.password_memory_budget.is_some_and(|budget| budget < memory) {
        refuse(
            "password.memory_budget",
            "password.memory_budget is less than password.hash_memory: not one hash fits".to_owned(),
        );
    }
}

/// TH-10: figures that are each in their range must not turn the throttle off together.
fn throttle(config: &Config, refuse: Refuse<'_>) {
    // A fifth, and one at least, is for known devices; unknown ones are stopped after the rest, and have one at least too.
    let known = (config.throttle_stop_after / 5).max(1);
    let stop_unknown_after = config.throttle_stop_after.saturating_sub(known).max(1);
    let rules = [
        (
            config.throttle_delay_from <= stop_unknown_after,
            "throttle.delay_from",
            "what throttle.stop_after leaves to unknown devices",
        ),
        (
            config.throttle_first_delay <= config.throttle_longest_delay,
            "throttle.first_delay",
            "throttle.longest_delay",
        ),
        (
            config.throttle_longest_delay <= config.throttle_forget_after,
            "throttle.longest_delay",
            "throttle.forget_after",
        ),
    ];
    for (_, less, more) in rules.into_iter().filter(|(holds, ..)| !holds) {
        refuse(less, format!("{less} is more than {more}"));
    }
}

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
