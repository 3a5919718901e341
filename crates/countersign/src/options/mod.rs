//! Everything that an operator or an embedder can choose, with safe defaults, and the ranges that are checked
//! before a system is opened.

mod device_binding;
mod email;
mod feed;
mod hooks;
mod keys;
mod mail;
mod oauth;
pub(crate) mod passkeys;
mod passwords;
mod registration;
mod second_factor;
mod sessions;
mod upstream;

use std::fmt;
use std::time::Duration;

use countersign_jwt::{Algorithm, ClaimsPolicy, SigningKey};

pub use self::device_binding::DeviceBindingOptions;
pub use self::email::{EmailOptions, MailLimits, Notice, Notices, WorkOptions};
pub use self::feed::FeedOptions;
pub(crate) use self::hooks::Hook;
pub use self::hooks::{
    AccountCreated, ClaimsRequest, HookError, HookFailure, Hooks, MailAsked, MailRefusal, MailVerdict,
    SignIn, SignInRefusal, SignInVerdict,
};
pub use self::mail::MailOptions;
pub use self::oauth::{ClientKeys, OauthClient, OauthOptions};
pub use self::passkeys::PasskeyOptions;
pub use self::registration::{RegistrationMode, RegistrationOptions};
pub use self::second_factor::{SecondFactorOptions, SecondFactorPolicy};
use crate::base::out_of_range::{Broken, OutOfRange};
pub use crate::hashing::HashingOptions;
use crate::model::audience::MAX_ALGORITHMS;
pub use crate::model::audience::{Audience, Audiences, Preset};
pub use crate::model::key_ring::KeySchedule;
pub use crate::model::session::SessionPolicy;
pub use crate::model::verify_only::VerifyOnlyKey;
pub use crate::password::{Argon2Cost, PasswordPolicy, UnsafeCost};
pub use crate::throttle::{Rate, ThrottleOptions, WhenStopped};

pub use self::upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamFailure, UpstreamQuestion};

/// How [`Countersign`](crate::Countersign) behaves. Issuer and audience have no default: they are what makes
/// a token ours and meant for one service (LB-1).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The `iss` claim: the public origin, such as `https://auth.example.com`, without a slash at the end.
    pub issuer: String,
    /// What access tokens are made for.
    pub audiences: Audiences,
    /// The `client_id` claim (RFC 9068 §2.2): the application that people sign in to. Default `countersign`.
    pub client_id: String,
    /// How access tokens are signed.
    pub signing: Signing,
    /// Times and limits of sessions.
    pub sessions: SessionPolicy,
    /// How far the clocks of issuer and verifier may differ. 0 to 120 s, default 30 s (VF-10).
    pub leeway: Duration,
    /// Whether browsers also get a session cookie, for a reverse proxy in front of pages (FA-3). Default: no.
    /// Pages behind the proxy are then open to cross-site request forgery as with any session cookie.
    pub session_cookie: bool,
    /// When signing keys change.
    pub keys: KeySchedule,
    /// Public keys of the system that people come from, at most four: its tokens pass until their time is over, as far as they
    /// say what ours say (`iss`, `aud`, `typ`). Default none. Without effect where a shared secret signs.
    pub verify_only: Vec<VerifyOnlyKey>,
    /// Which new passwords are accepted.
    pub passwords: PasswordPolicy,
    /// How passwords are hashed, and how many at once.
    pub hashing: HashingOptions,
    /// How guessing is slowed down.
    pub throttle: ThrottleOptions,
    /// The feed of ended sessions.
    pub feed: FeedOptions,
    /// The system that people come from, asked at their first sign-in. Default none: names without an account
    /// are unknown, and nobody signs in to an account without a password.
    pub upstream: Option<Upstream>,
    /// What people can do by mail.
    pub email: EmailOptions,
    /// Who can make an account of their own.
    pub registration: RegistrationOptions,
    /// Second factors.
    pub second_factor: SecondFactorOptions,
    /// Passkeys.
    pub passkeys: PasskeyOptions,
    /// Sessions that only one device can refresh.
    pub device_binding: DeviceBindingOptions,
    /// How mails are sent. Default none: there is nothing that needs them.
    pub mail: Option<MailOptions>,
    /// The applications that people sign in to with their account here.
    pub oauth: OauthOptions,
    /// What the application adds to sign-ins and to access tokens.
    pub hooks: Hooks,
    /// The languages that an account can have, as tags of BCP 47: those that mails are offered in
    /// (`Templates`, with the feature `mail`). Default `en`, `de`.
    pub languages: Vec<String>,
    /// For how long the owner of an account can take it back after they have asked for its deletion; with 0 it is deleted at
    /// once. `None`: only administrators delete accounts. At most 365 days, default 14 days.
    pub account_deletion_grace: Option<Duration>,
    /// How long audit events are kept. Default 400 days.
    pub keep_audit: Duration,
}

impl Options {
    /// The defaults for this issuer and audience: ES256, 15 minutes, the rest as documented on each field's
    /// type.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: Audiences::new(Audience::new(audience)),
            client_id: "countersign".to_owned(),
            signing: Signing::KeyPairs,
            sessions: SessionPolicy::default(),
            leeway: Duration::from_secs(30),
            session_cookie: false,
            keys: KeySchedule::default(),
            verify_only: Vec::new(),
            passwords: PasswordPolicy::default(),
            hashing: HashingOptions::default(),
            throttle: ThrottleOptions::default(),
            feed: FeedOptions::default(),
            upstream: None,
            email: EmailOptions::default(),
            registration: RegistrationOptions::default(),
            second_factor: SecondFactorOptions::default(),
            passkeys: PasskeyOptions::default(),
            device_binding: DeviceBindingOptions::default(),
            mail: None,
            oauth: OauthOptions::default(),
            hooks: Hooks::default(),
            languages: vec!["en".to_owned(), "de".to_owned()],
            account_deletion_grace: Some(Duration::from_hours(14 * 24)),
            keep_audit: Duration::from_secs(400 * 24 * 60 * 60),
        }
    }

    /// What an access token for this audience has to say.
    pub(crate) fn claims_policy(&self, audience: &Audience) -> ClaimsPolicy {
        let Audience { name, token_type, .. } = audience.clone();
        ClaimsPolicy::new(&self.issuer, name, token_type, self.leeway)
    }
}

impl Options {
    /// Whether all options are in their ranges and fit together.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is or does not, as a path: `sessions.min_age`.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    /// Everything that [`Options::check`] objects to, for a configuration that reports all its faults at
    /// once.
    #[must_use]
    pub fn faults(&self) -> Vec<OutOfRange> {
        self.broken().into_vec()
    }

    fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let issuer = !self.issuer.is_empty() && !self.issuer.ends_with('/');
        broken.unless(issuer, "issuer", "is empty or ends with a slash");
        broken.within("audiences", self.audiences.broken());
        for (index, audience) in self.audiences.iter().enumerate() {
            let fits = audience.lifetime.is_none_or(|lifetime| lifetime <= self.sessions.access_token_ttl);
            let place = index.checked_sub(1).map_or("default".to_owned(), |index| format!("others.{index}"));
            let rule = "is longer than `sessions.access_token_ttl`: the end of a session would be forgotten too early";
            broken.unless(fits, &format!("audiences.{place}.lifetime"), rule);
        }
        self.device_binding.check_audiences(&self.issuer, &self.audiences, &mut broken);
        let key_pairs = matches!(self.signing, Signing::KeyPairs) || self.audiences.others.is_empty();
        broken.unless(
            key_pairs,
            "audiences.others",
            "need key pairs: a shared secret signs for one audience only",
        );
        let leeway = self.leeway <= Duration::from_mins(2);
        broken.unless(leeway, "leeway", "is not between 0 and 120 seconds (VF-10)");
        let grace = self.account_deletion_grace.is_none_or(|grace| grace <= Duration::from_hours(365 * 24));
        broken.unless(grace, "account_deletion_grace", "is longer than 365 days");
        broken.within("sessions", self.sessions.broken());
        broken.within("keys", self.keys.broken());
        broken.within("verify_only", keys::verify_only(&self.verify_only));
        broken.within("passwords", self.passwords.broken());
        broken.within("hashing", self.hashing.broken());
        broken.within("throttle", self.throttle.broken());
        broken.within("feed", self.feed.broken());
        broken.within("email", self.email.broken());
        broken.within("second_factor", self.second_factor.broken());
        broken.within("passkeys", self.passkeys.broken());
        broken.within("hooks", self.hooks.broken());
        broken.within("oauth", self.oauth.broken(&self.client_id, &self.audiences));
        let key_pairs = matches!(self.signing, Signing::KeyPairs) || self.oauth.clients.is_empty();
        let rule = "need key pairs: a client could make ID tokens with a shared secret";
        broken.unless(key_pairs, "oauth.clients", rule);
        let rule = "sign with more than three algorithms together with the audiences: the set would exceed ten keys, the most that some verifiers take";
        broken.unless(self.algorithms().len() <= MAX_ALGORITHMS, "oauth.clients", rule);
        if let Some(upstream) = &self.upstream {
            broken.within("upstream", upstream.broken());
        }
        if let Some(mail) = &self.mail {
            broken.within("mail", mail.broken());
        }
        broken
    }
}

impl Options {
    /// What is signed with: the audiences' algorithms, the default audience's first, and those of ID tokens.
    #[must_use]
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let mut all = self.audiences.algorithms();
        for client in &self.oauth.clients {
            if !all.contains(&client.id_token_algorithm) {
                all.push(client.id_token_algorithm);
            }
        }
        all
    }
}

/// How access tokens are signed.
#[derive(Clone)]
pub enum Signing {
    /// Key pairs of the audiences' algorithms, made, rotated and published by us.
    KeyPairs,
    /// One HMAC secret that all verifiers share, so each of them could sign too.
    SharedSecret(SigningKey),
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyPairs => f.write_str("KeyPairs"),
            Self::SharedSecret(key) => write!(f, "SharedSecret({}, [redacted])", key.algorithm()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Options);

    fn nobody() -> Upstream {
        Upstream::new(async |_| Ok(UpstreamAnswer::Wrong))
    }

    #[test]
    fn options_out_of_range_are_refused_by_their_path() {
        let changed = |change: fn(&mut Options)| {
            let mut options = Options::new("https://auth.example", "api");
            change(&mut options);
            options.check().map_err(|error| error.field)
        };
        assert_eq!(changed(|_| {}), Ok(()));
        assert_eq!(changed(|options| options.leeway = Duration::from_secs(120)), Ok(()));
        let bad: [(&str, Change); 17] = [
            ("issuer", |options| options.issuer.push('/')),
            ("issuer", |options| options.issuer.clear()),
            ("audiences.default.name", |options| options.audiences.default.name.clear()),
            ("audiences.default.dpop_bound", |options| {
                (options.audiences.default.dpop_bound, options.device_binding.dpop) = (true, false);
            }),
            ("audiences.others.0.dpop_bound", |options| {
                options.issuer = "auth".to_owned();
                options.audiences.others.push(Audience { dpop_bound: true, ..Audience::new("files") });
            }),
            ("leeway", |options| options.leeway = Duration::from_millis(120_001)),
            ("account_deletion_grace", |options| {
                options.account_deletion_grace = Some(Duration::from_millis(365 * 86_400_000 + 1));
            }),
            ("audiences.default.lifetime", |options| {
                options.audiences.default.lifetime = Some(Duration::from_secs(901));
            }),
            ("sessions.max_sessions", |options| options.sessions.max_sessions = 0),
            ("keys.publish_ahead", |options| options.keys.publish_ahead = Duration::ZERO),
            ("passwords.min_length", |options| options.passwords.min_length = 7),
            ("hashing.max_wait", |options| options.hashing.max_wait = Duration::ZERO),
            ("feed.max_followers", |options| options.feed.max_followers = 0),
            ("upstream.timeout", |options| {
                options.upstream = Some(nobody().timeout(Duration::from_millis(99)));
            }),
            ("upstream.at_once", |options| options.upstream = Some(nobody().at_once(0))),
            ("throttle.stop_after", |options| options.throttle.stop_after = 101),
            ("hooks.timeout", |options| {
                options.hooks = Hooks::default().timeout(Duration::from_millis(10_001));
            }),
        ];
        for (field, change) in bad {
            assert_eq!(changed(change), Err(field.to_owned()));
        }
    }

    /// An embedder who asks for what can log an honest user out is told so, and why.
    #[test]
    fn a_grace_without_a_minimum_age_is_refused_with_the_reason() {
        let mut options = Options::new("https://auth.example", "api");
        (options.sessions.min_age, options.sessions.grace) = (Duration::ZERO, Duration::from_secs(15));
        let said = options.check().unwrap_err().to_string();
        assert_eq!(
            said,
            "the option sessions.min_age (0ns) must be at least `sessions.grace` (15s) + 5s, or both 0: \
             otherwise tabs that wake together can log an honest user out"
        );
        options.throttle.delay_from = 0;
        let all: Vec<String> = options.faults().into_iter().map(|fault| fault.field).collect();
        assert_eq!(all, ["sessions.min_age", "throttle.delay_from"]);
    }
}
