//! The range of each single value, and the message when a value is outside.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::MasterKeys;

use super::setting::{ByteSize, Scalar, Secret, duration_text};
use super::weak_secret;

/// The algorithms that sign access tokens; the first is the default.
pub(crate) const ALGORITHMS: &[&str] =
    &["ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// What `log.level` can be.
pub(crate) const LOG_LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];

pub(super) fn between(value: u32, least: u32, most: u32) -> Result<(), String> {
    if value >= least && value <= most {
        Ok(())
    } else {
        Err(format!("{value} is not between {least} and {most}"))
    }
}

/// `least` and `most` are written as in the configuration. If one cannot be read, no value is allowed.
pub(super) fn ttl(value: Duration, least: &str, most: &str) -> Result<(), String> {
    let fits = |least, most| value >= least && value <= most;
    match (Duration::parse_scalar(least), Duration::parse_scalar(most)) {
        (Ok(low), Ok(high)) if fits(low, high) => Ok(()),
        _ => Err(format!("{} is not between {least} and {most}", duration_text(value))),
    }
}

pub(super) fn bytes(value: ByteSize, least: &str, most: &str) -> Result<(), String> {
    match (ByteSize::parse_scalar(least), ByteSize::parse_scalar(most)) {
        (Ok(low), Ok(high)) if value >= low && value <= high => Ok(()),
        _ => Err(format!("it is not between {least} and {most}")),
    }
}

pub(super) fn rotate_every(value: Duration) -> Result<(), String> {
    if value.is_zero() {
        Ok(())
    } else {
        ttl(value, "1h", "3650d").map_err(|why| format!("{why}, and it is not 0"))
    }
}

pub(super) fn short_text(value: Option<&String>) -> Result<(), String> {
    let fine = |text: &String| text.len() <= 256 && !text.chars().any(char::is_control);
    if value.is_none_or(fine) {
        Ok(())
    } else {
        Err("it has more than 256 bytes or control characters".to_owned())
    }
}

pub(super) fn product_name(name: &str) -> Result<(), String> {
    let is_shown = name.chars().all(|c| !c.is_control()) && !name.trim().is_empty();
    if is_shown && name.chars().count() <= 64 {
        Ok(())
    } else {
        Err("it has more than 64 characters, only spaces, or control characters".to_owned())
    }
}

pub(super) fn languages(tags: &[String]) -> Result<(), String> {
    let is_tag = |tag: &&String| tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match tags.iter().find(|tag| !is_tag(tag)) {
        Some(tag) => Err(format!("{tag:?} is no language tag such as de or pt-BR")),
        None if tags.is_empty() => Err("it needs at least one language".to_owned()),
        None => Ok(()),
    }
}

pub(super) fn listen_addresses(addresses: &[SocketAddr]) -> Result<(), String> {
    if addresses.is_empty() { Err("it needs at least one address".to_owned()) } else { Ok(()) }
}

pub(super) fn jwt_secret(secret: Option<&Secret>) -> Result<(), String> {
    secret.map_or(Ok(()), |secret| weak_secret::check(&secret.0))
}

pub(super) fn pepper(keys: Option<&Secret>) -> Result<(), String> {
    keys.map_or(Ok(()), |keys| MasterKeys::parse(&keys.0).map(drop).map_err(|error| error.to_string()))
}

/// Names that browsers treat as this machine (secure-contexts §5.2).
pub(crate) fn is_loopback_name(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
