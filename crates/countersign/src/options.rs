//! Everything that an operator or an embedder can choose, with defaults that are safe.

use std::fmt;
use std::time::Duration;

use countersign_jwt::{Algorithm, SigningKey, TokenType};

use crate::key_ring::KeySchedule;
use crate::password::{HashingOptions, PasswordPolicy};
use crate::session::SessionPolicy;
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
