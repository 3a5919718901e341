//! From the operator's configuration to the options of the library.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Context as _;
use countersign::Options;
use countersign::base::master_key::MasterKeys;
use countersign::hashing::HashingOptions;
use countersign::model::key_ring::KeySchedule;
use countersign::model::session::SessionPolicy;
use countersign::password::Argon2Cost;
use countersign::password::PasswordPolicy;
use countersign::throttle::{Rate, ThrottleOptions, WhenStopped};

use crate::config::{Config, ThrottleStop, TokenType};

/// Everything but what signs. `origin` is the issuer.
///
/// # Errors
/// The pepper cannot be read; nothing else that passed the configuration's own checks.
pub(crate) fn options(config: &Config, origin: &str) -> anyhow::Result<Options> {
    let mut options = Options::new(origin, config.audience.as_deref().unwrap_or(origin));
    options.token_type = match config.token_type {
        TokenType::AtJwt => countersign_jwt::TokenType::AccessToken,
        TokenType::Jwt => countersign_jwt::TokenType::Exactly("JWT".into()),
    };
    options.sessions = session_policy(config);
    options.keys = KeySchedule {
        // Zero is never: the sum with any instant is then the end of time.
        rotate_every: if config.keys_rotate_every.is_zero() {
            Duration::MAX
        } else {
            config.keys_rotate_every
        },
        publish_ahead: config.keys_publish_before,
        ..KeySchedule::default()
    };
    options.passwords = policy(config)?;
    options.hashing = hashing(config)?;
    options.throttle = throttle(config)?;
    options.keep_audit = config.retention_audit;
    Ok(options)
}

/// How long sessions live.
pub(crate) fn session_policy(config: &Config) -> SessionPolicy {
    SessionPolicy {
        min_age: config.session_min_age,
        grace: config.session_grace,
        idle_ttl: config.session_idle_ttl,
        absolute_ttl: config.session_absolute_ttl,
        access_token_ttl: config.access_token_ttl,
        max_sessions: config.session_max_per_account,
    }
}

fn policy(config: &Config) -> anyhow::Result<PasswordPolicy> {
    let mut policy = PasswordPolicy::default();
    policy.min_length = usize::try_from(config.password_min_length)?;
    policy.service_names.clone_from(&config.password_service_names);
    policy.service_names.extend(config.public_origin.as_ref().map(|origin| origin.host().to_owned()));
    Ok(policy)
}

/// How passwords are hashed.
///
/// # Errors
/// The pepper cannot be read.
pub(crate) fn hashing(config: &Config) -> anyhow::Result<HashingOptions> {
    let mut hashing = HashingOptions::default();
    if let Some(threads) = NonZeroUsize::new(usize::try_from(config.password_hash_threads)?) {
        hashing.threads = threads;
    }
    let memory_kib = u32::try_from(config.password_hash_memory.0 >> 10)?;
    hashing.argon2 = Argon2Cost::new(memory_kib, config.password_hash_passes, 1)?;
    if let Some(budget) = config.password_memory_budget {
        hashing.memory_budget_bytes = budget.0;
    }
    hashing.max_wait = config.password_max_wait;
    hashing.pepper = pepper(config)?;
    Ok(hashing)
}

/// A file that was named is expected to be there: without it, new hashes would be stored in clear.
fn pepper(config: &Config) -> anyhow::Result<Option<MasterKeys>> {
    if let Some(secret) = &config.password_pepper {
        return MasterKeys::parse(&secret.0).map(Some).context("password.pepper");
    }
    let Some(path) = &config.password_pepper_file else { return Ok(None) };
    let keys = MasterKeys::read_file(path).context("password.pepper_file")?;
    let missing = || {
        format!(
            "password.pepper_file: {} does not exist; put it back, or for the first time make one with: \
             (umask 077; countersign secret > {0})",
            path.display()
        )
    };
    keys.with_context(missing).map(Some)
}

fn throttle(config: &Config) -> anyhow::Result<ThrottleOptions> {
    let rate = |burst, interval| Rate { burst, interval };
    let mut options = ThrottleOptions::default();
    options.delay_from = config.throttle_delay_from;
    options.first_delay = config.throttle_first_delay;
    options.longest_delay = config.throttle_longest_delay;
    options.stop_after = config.throttle_stop_after;
    options.when_stopped = match config.throttle_stop {
        ThrottleStop::OneADay => WhenStopped::OneADay,
        ThrottleStop::Strict => WhenStopped::Strict,
    };
    options.device_budget = config.throttle_device_budget;
    options.forget_after = config.throttle_forget_after;
    options.per_network = rate(config.throttle_network_burst, config.throttle_network_interval);
    options.per_neighbourhood =
        rate(config.throttle_neighbourhood_burst, config.throttle_neighbourhood_interval);
    options.spray = rate(config.throttle_spray_burst, config.throttle_spray_interval);
    options.max_records = usize::try_from(config.throttle_max_records)?;
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Place, Settings};

    /// Two lists of defaults, one that operators read and one that embedders get, say the same.
    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_library() {
        let config = Config::load(Settings::default()).unwrap();
        let configured = options(&config, "https://a.example").unwrap();
        let library = Options::new("https://a.example", "https://a.example");
        // Every field, also one that is added later.
        assert_eq!(format!("{configured:#?}"), format!("{library:#?}"));
    }
    /// The two stops look the same from outside: `Retry-After` says a day at most.
    #[test]
    fn both_ways_to_stop_reach_the_throttle() {
        let stop = |text| {
            let config =
                Config::load(Settings::default().with("throttle.stop", text, Place::Command("test")));
            options(&config.unwrap(), "https://a.example").unwrap().throttle.when_stopped
        };
        assert_eq!(stop("strict"), WhenStopped::Strict);
        assert_eq!(stop("one-a-day"), WhenStopped::OneADay);
    }
}
