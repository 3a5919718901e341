//! Everything that an operator or an embedder can choose, with defaults that are safe.

use std::fmt;
use std::time::Duration;

use countersign_jwt::{Algorithm, SigningKey, TokenType};

use crate::hashing::HashingOptions;
use crate::model::key_ring::KeySchedule;
use crate::model::session::SessionPolicy;
use crate::password::PasswordPolicy;
use crate::throttle::ThrottleOptions;

/// How [`Countersign`](crate::Countersign) behaves. Issuer and audience have no default: they are what makes a token
/// ours and meant for one service (LB-1).
#[derive(Clone, Debug)]
pub struct Options {
    /// The `iss` claim: the public origin, such as `https://auth.example.com`, without a slash at the end.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// The `client_id` claim (RFC 9068 §2.2): the application that people sign in to.
    pub client_id: String,
    /// The `typ` header of access tokens.
    pub token_type: TokenType,
    /// What signs.
    pub signing: Signing,
    /// Times and limits of sessions.
    pub sessions: SessionPolicy,
    /// How far the clocks of issuer and verifier may differ. At most 120 s (VF-10).
    pub leeway: Duration,
    /// When signing keys change.
    pub keys: KeySchedule,
    /// Which new passwords are accepted.
    pub passwords: PasswordPolicy,
    /// How passwords are hashed, and how many at once.
    pub hashing: HashingOptions,
    /// How guessing is slowed down.
    pub throttle: ThrottleOptions,
    /// How long audit events are kept.
    pub keep_audit: Duration,
}

impl Options {
    /// The defaults for this issuer and audience: ES256, 15 minutes, the rest as documented on each field's type.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            client_id: "countersign".to_owned(),
            token_type: TokenType::AccessToken,
            signing: Signing::KeyPair(Algorithm::Es256),
            sessions: SessionPolicy::default(),
            leeway: Duration::from_secs(30),
            keys: KeySchedule::default(),
            passwords: PasswordPolicy::default(),
            hashing: HashingOptions::default(),
            throttle: ThrottleOptions::default(),
            keep_audit: Duration::from_secs(400 * 24 * 60 * 60),
        }
    }
}

impl Options {
    /// Refuses what no sensible system has and the rest of the code does not expect.
    pub(crate) fn check(&self) -> Result<(), InvalidOptions> {
        let within = |value: Duration, from: u64, to: u64| {
            value >= Duration::from_secs(from) && value <= Duration::from_secs(to)
        };
        let rules = [
            (
                !self.issuer.is_empty() && !self.issuer.ends_with('/'),
                "the issuer is empty or ends with a slash",
            ),
            (!self.audience.is_empty(), "the audience is empty"),
            (
                within(self.sessions.access_token_ttl, 60, 3600),
                "an access token lives 1 to 60 minutes (TK-3)",
            ),
            (within(self.sessions.grace, 0, 60), "the grace is 0 to 60 seconds (RF-3)"),
            (self.sessions.max_sessions > 0, "an account needs at least one session"),
            (within(self.leeway, 0, 120), "the leeway is 0 to 120 seconds (VF-10)"),
        ];
        rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(InvalidOptions(rule)))
    }
}

/// An option is out of its range, and which range that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidOptions(pub &'static str);

/// What signs access tokens.
#[derive(Clone)]
pub enum Signing {
    /// Key pairs of this algorithm, made, rotated and published by us.
    KeyPair(Algorithm),
    /// One HMAC secret that every verifier shares, and with which every verifier could sign too.
    SharedSecret(SigningKey),
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyPair(algorithm) => write!(f, "KeyPair({algorithm})"),
            Self::SharedSecret(key) => write!(f, "SharedSecret({}, [redacted])", key.algorithm()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_out_of_range_are_refused() {
        let changed = |change: fn(&mut Options)| {
            let mut options = Options::new("https://auth.example", "api");
            change(&mut options);
            options.check()
        };
        assert_eq!(changed(|_| {}), Ok(()));
        assert_eq!(changed(|options| options.sessions.access_token_ttl = Duration::from_secs(3600)), Ok(()));
        let bad: [fn(&mut Options); 7] = [
            |options| options.issuer.push('/'),
            |options| options.audience.clear(),
            |options| options.sessions.access_token_ttl = Duration::from_secs(3601),
            |options| options.sessions.access_token_ttl = Duration::from_secs(59),
            |options| options.sessions.grace = Duration::from_secs(61),
            |options| options.sessions.max_sessions = 0,
            |options| options.leeway = Duration::from_secs(121),
        ];
        for (index, change) in bad.into_iter().enumerate() {
            assert!(changed(change).is_err(), "{index}");
        }
    }
}
