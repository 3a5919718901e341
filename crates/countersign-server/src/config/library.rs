//! From the configuration to the options of the library, as far as that needs no file.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use countersign::Options;
use countersign::options::HashingOptions;
use countersign::options::KeySchedule;
use countersign::options::PasskeyOptions;
use countersign::options::SessionPolicy;
use countersign::options::{Argon2Cost, PasswordPolicy, UnsafeCost};
use countersign::options::{Rate, ThrottleOptions, WhenStopped};
use countersign::options::{SecondFactorOptions, SecondFactorPolicy};
use countersign_jwt::Algorithm;

use super::keys::Config;
use super::mail::MailSignIn;
use super::oauth::ConfiguredClient;
use super::place::Place;
use super::second_factor::SecondFactorRequired;
use super::setting::{ThrottleStop, Toggle};

impl Config {
    /// Everything but the signing key and the pepper, which may be in files. `origin` is the issuer.
    ///
    /// # Errors
    /// [`UnsafeCost`] when hashes would be too weak, or cost more than is safe.
    pub(crate) fn library_options(&self, origin: &str) -> Result<Options, UnsafeCost> {
        let mut options = Options::new(origin, self.audience.as_deref().unwrap_or(origin));
        let audience = &mut options.audiences.default;
        audience.token_type = self.token_type.into();
        audience.dpop_bound = self.dpop_bound == Toggle::On;
        if let Some(algorithm) = Algorithm::from_name(&self.algorithm) {
            audience.algorithm = algorithm;
        }
        options.audiences.others = self.settings.audiences().to_vec();
        let clients = self.settings.oauth_clients().iter();
        options.oauth.clients = clients.map(ConfiguredClient::without_secret).collect();
        options.sessions = self.session_policy();
        options.session_cookie = self.session_cookie == Toggle::On;
        options.device_binding.dpop = self.device_binding_dpop == Toggle::On;
        options.device_binding.dbsc = self.device_binding_dbsc == Toggle::On;
        options.keys = self.key_schedule();
        options.passwords = self.password_policy();
        options.hashing = self.hashing_options()?;
        options.throttle = self.throttle_options();
        options.email.sign_in = self.mail_sign_in != MailSignIn::Off;
        options.email.same_browser_only = self.mail_sign_in == MailSignIn::SameBrowser;
        options.feed.max_followers = count(self.feed_max_followers);
        options.feed.public = self.feed_public == Toggle::On;
        options.email.work.per_network = self.mail_proof_per_network;
        options.email.work.overall = self.mail_proof_overall;
        options.email.work.most_bits = u8::try_from(self.mail_proof_most_bits).unwrap_or(u8::MAX);
        options.registration.mode = self.registration_mode.into();
        options.registration.domains.clone_from(&self.registration_domains);
        options.second_factor = self.second_factor_options();
        options.passkeys = self.passkey_options();
        options.languages.clone_from(&self.languages);
        options.account_deletion_grace =
            (self.account_deletion == Toggle::On).then_some(self.account_deletion_grace);
        options.keep_audit = self.retention_audit;
        Ok(options)
    }

    /// How long sessions live.
    pub(crate) fn session_policy(&self) -> SessionPolicy {
        SessionPolicy {
            min_age: self.session_min_age,
            grace: self.session_grace,
            idle_ttl: self.session_idle_ttl,
            absolute_ttl: self.session_absolute_ttl,
            access_token_ttl: self.access_token_ttl,
            max_sessions: self.session_max_per_account,
        }
    }

    fn key_schedule(&self) -> KeySchedule {
        // Zero is never: the sum with any instant is then the end of time.
        let never = self.keys_rotate_every.is_zero();
        KeySchedule {
            rotate_every: if never { Duration::MAX } else { self.keys_rotate_every },
            publish_ahead: self.keys_publish_before,
            ..KeySchedule::default()
        }
    }

    /// Who has to have a second factor.
    fn second_factor_options(&self) -> SecondFactorOptions {
        let mut policy = SecondFactorPolicy::default();
        policy.everybody = self.second_factor_required == SecondFactorRequired::Everybody;
        policy.roles.clone_from(&self.second_factor_roles);
        policy.from = self.second_factor_from;
        policy.trust = self.second_factor_trust;
        let mut options = SecondFactorOptions::default();
        options.policy = Arc::new(policy);
        let is_named = self.settings.place("pages.name") != Place::Default;
        options.product = is_named.then(|| self.pages_name.clone());
        options
    }

    /// The site that passkeys are for.
    pub(crate) fn passkey_options(&self) -> PasskeyOptions {
        let mut options = PasskeyOptions::default();
        options.enabled = self.passkeys_enabled == Toggle::On;
        options.rp_id.clone_from(&self.passkeys_rp_id);
        options.rp_name.clone_from(&self.passkeys_rp_name);
        options.related_origins.clone_from(&self.passkeys_related_origins);
        options
    }

    fn password_policy(&self) -> PasswordPolicy {
        let mut policy = PasswordPolicy::default();
        policy.min_length = count(self.password_min_length);
        policy.service_names.clone_from(&self.password_service_names);
        if self.settings.place("pages.name") != Place::Default {
            policy.service_names.push(self.pages_name.clone());
        }
        policy.service_names.extend(self.public_origin.as_ref().map(|origin| origin.host().to_owned()));
        policy
    }

    /// How passwords are hashed, without the pepper.
    ///
    /// # Errors
    /// [`UnsafeCost`] as [`Argon2Cost::new`].
    pub(crate) fn hashing_options(&self) -> Result<HashingOptions, UnsafeCost> {
        let mut hashing = HashingOptions::default();
        if let Some(threads) = NonZeroUsize::new(count(self.password_hash_threads)) {
            hashing.threads = threads;
        }
        let memory_kib = u32::try_from(self.password_hash_memory.0 >> 10).unwrap_or(u32::MAX);
        hashing.argon2 = Argon2Cost::new(memory_kib, self.password_hash_passes, 1)?;
        if let Some(budget) = self.password_memory_budget {
            hashing.memory_budget_bytes = budget.0;
        }
        hashing.max_wait = self.password_max_wait;
        Ok(hashing)
    }

    /// How guessing is slowed down.
    pub(crate) fn throttle_options(&self) -> ThrottleOptions {
        let rate = |burst, interval| Rate { burst, interval };
        let mut options = ThrottleOptions::default();
        options.delay_from = self.throttle_delay_from;
        options.first_delay = self.throttle_first_delay;
        options.longest_delay = self.throttle_longest_delay;
        options.stop_after = self.throttle_stop_after;
        options.when_stopped = match self.throttle_stop {
            ThrottleStop::OneADay => WhenStopped::OneADay,
            ThrottleStop::Strict => WhenStopped::Strict,
        };
        options.device_budget = self.throttle_device_budget;
        options.forget_after = self.throttle_forget_after;
        options.per_network = rate(self.throttle_network_burst, self.throttle_network_interval);
        options.per_neighbourhood =
            rate(self.throttle_neighbourhood_burst, self.throttle_neighbourhood_interval);
        options.spray = rate(self.throttle_spray_burst, self.throttle_spray_interval);
        options.max_records = count(self.throttle_max_records);
        options
    }
}

fn count(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sources::Settings;

    /// Two lists of defaults, one that operators read and one that embedders get, say the same.
    #[test]
    fn the_defaults_of_the_configuration_are_those_of_the_library() {
        let config = Config::load(Settings::default()).unwrap();
        let configured = config.library_options("https://a.example").unwrap();
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
            config.unwrap().library_options("https://a.example").unwrap().throttle.when_stopped
        };
        assert_eq!(stop("strict"), WhenStopped::Strict);
        assert_eq!(stop("one-a-day"), WhenStopped::OneADay);
    }
}
