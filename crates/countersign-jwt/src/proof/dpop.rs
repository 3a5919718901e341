//! [`verify_dpop_proof`]: proof text + request + policy + now → [`DpopProof`] (RFC 9449 §4.3).
//!
//! The checks have the numbers of §4.3, and its order, but that nothing of the payload is read before the signature has
//! been verified: 2 form, 4 `typ`, 5 `alg`, 7 and 6 key and signature, 3 claims, 8 `htm`, 9 `htu`, 10 and 11 nonce and
//! `iat`, 12 `ath` and the key. Check 1 is about HTTP headers and is the caller's.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::error::DpopError;
use super::header::embedded_key;
#[cfg(feature = "aws-lc-rs")]
use super::nonce::DpopNonces;
use super::target::TargetUri;
use super::thumbprint::JwkThumbprint;
use crate::algorithm::Algorithm;
use crate::backend::sha256;
use crate::base64url;
use crate::compact::UnverifiedJws;
use crate::key::VerifyingKey;
use crate::policy::TokenType;
use crate::registered::{Claim, numeric_date, string};

/// When a proof is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DpopPolicy {
    window_seconds: i64,
}

impl DpopPolicy {
    /// The algorithms of proofs, as `algs` and `dpop_signing_alg_values_supported` name them (RFC 9449 §5.1, §7.1).
    pub const ALGORITHMS: [Algorithm; 2] = [Algorithm::Es256, Algorithm::EdDsa];

    /// The longest window: five minutes. Every proof of the window has to be remembered.
    pub const MAX_WINDOW: Duration = Duration::from_mins(5);

    /// `iat` may be off by this much, in whole seconds, to both sides; at most [`MAX_WINDOW`](Self::MAX_WINDOW).
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self { window_seconds: window.min(Self::MAX_WINDOW).as_secs().cast_signed() }
    }
}

impl Default for DpopPolicy {
    /// One minute.
    fn default() -> Self {
        Self { window_seconds: 60 }
    }
}

/// What a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct DpopRequest<'a> {
    method: &'a str,
    target: &'a TargetUri,
    access_token: Option<&'a str>,
    key: Option<JwkThumbprint>,
    nonce: NonceCheck<'a>,
}

/// How it is found out that a proof is new although its clock is off (RFC 9449 §8, §9).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum NonceCheck<'a> {
    /// There are no nonces: `iat` alone decides, and a `nonce` is ignored.
    #[default]
    Off,
    /// The one nonce that this client was given.
    Exactly {
        /// The nonce.
        nonce: &'a str,
        /// Until when it is accepted, in Unix seconds.
        until: i64,
    },
    /// Any that these have made and that is still good.
    #[cfg(feature = "aws-lc-rs")]
    MadeBy(&'a DpopNonces),
}

impl<'a> DpopRequest<'a> {
    /// A request with this method (case-sensitive, RFC 9110 §9.1) to this URI. Not bound to anything: for a sign-in,
    /// where the key becomes known.
    #[must_use]
    pub const fn new(method: &'a str, target: &'a TargetUri) -> Self {
        Self { method, target, access_token: None, key: None, nonce: NonceCheck::Off }
    }

    /// With this access token, which is bound to this key (`cnf.jkt`): `ath` and the key are checked.
    #[must_use]
    pub const fn with_access_token(self, access_token: &'a str, key: JwkThumbprint) -> Self {
        Self { access_token: Some(access_token), key: Some(key), ..self }
    }

    /// By this key, without an access token: for a refresh.
    #[must_use]
    pub const fn with_key(self, key: JwkThumbprint) -> Self {
        Self { key: Some(key), ..self }
    }

    /// With nonces, for clients whose clocks are off.
    #[must_use]
    pub const fn with_nonce(self, nonce: NonceCheck<'a>) -> Self {
        Self { nonce, ..self }
    }
}

/// A proof that passed every check: its sender has the private key. There is no other way to get one.
#[derive(Clone)]
pub struct DpopProof {
    key: VerifyingKey,
    thumbprint: JwkThumbprint,
    id: Box<str>,
    issued_at: i64,
    good_until: i64,
}

impl DpopProof {
    /// The longest `jti`, in bytes.
    pub const MAX_ID_BYTES: usize = 256;

    /// The thumbprint of the key (`jkt`).
    #[must_use]
    pub fn thumbprint(&self) -> JwkThumbprint {
        self.thumbprint
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// `jti`, 1 to [`MAX_ID_BYTES`](Self::MAX_ID_BYTES) bytes: the name of this proof among those of its key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `iat` by the client's clock, in seconds since 1970-01-01 UTC. With a nonce it may be any time.
    #[must_use]
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// The last second at which the same proof could be accepted, in seconds since 1970-01-01 UTC: so long
    /// [`SeenProofs`](super::SeenProofs) has to remember it.
    #[must_use]
    pub fn good_until(&self) -> i64 {
        self.good_until
    }
}

impl fmt::Debug for DpopProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopProof")
            .field("thumbprint", &self.thumbprint)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

/// Checks the value of a `DPoP` header (RFC 9449 §4.3). That the same proof is not used twice is left to
/// [`SeenProofs`](super::SeenProofs).
///
/// `now_unix_seconds` is the current time in seconds since 1970-01-01 UTC. `iat` is good while
/// `|now - iat| <= window`; a fraction of a second counts against the proof. A proof with a `nonce` is judged by that
/// alone, where there are nonces, since a time in the future would become good once more.
///
/// # Errors
/// In this order: [`Jws`](DpopError::Jws), [`WrongType`](DpopError::WrongType), [`Algorithm`](DpopError::Algorithm),
/// [`MissingKey`](DpopError::MissingKey), [`Key`](DpopError::Key), [`Jws`](DpopError::Jws) for the signature and the
/// claims, [`IdLength`](DpopError::IdLength), [`WrongMethod`](DpopError::WrongMethod),
/// [`WrongTarget`](DpopError::WrongTarget), [`UseNonce`](DpopError::UseNonce) or [`TooOld`](DpopError::TooOld) or
/// [`InTheFuture`](DpopError::InTheFuture), [`WrongAccessToken`](DpopError::WrongAccessToken),
/// [`WrongKey`](DpopError::WrongKey): as they say.
pub fn verify_dpop_proof(
    proof: &str,
    request: &DpopRequest<'_>,
    policy: &DpopPolicy,
    now_unix_seconds: i64,
) -> Result<DpopProof, DpopError> {
    let unverified = UnverifiedJws::parse(proof)?;
    let key = key_of(&unverified)?;
    let claims = unverified.verify(&key)?.claims_set()?;
    let claims = Claims::read(&claims, request)?;
    claims.check_request(request)?;
    let good_until = claims.check_freshness(request.nonce, *policy, now_unix_seconds)?;
    if request
        .access_token
        .is_some_and(|token| claims.ath != Some(&*base64url::encode(sha256(token.as_bytes()))))
    {
        return Err(DpopError::WrongAccessToken);
    }
    let thumbprint = key.jwk_thumbprint().ok_or(DpopError::Algorithm)?;
    if request.key.is_some_and(|expected| expected != thumbprint) {
        return Err(DpopError::WrongKey);
    }
    Ok(DpopProof { thumbprint, id: claims.jti.into(), issued_at: claims.iat.0, good_until, key })
}

/// Checks 4, 5, 7.
fn key_of(proof: &UnverifiedJws<'_>) -> Result<VerifyingKey, DpopError> {
    let header = proof.header();
    if !TokenType::Exactly("dpop+jwt".into()).accepts(header.token_type()) {
        return Err(DpopError::WrongType);
    }
    if !DpopPolicy::ALGORITHMS.contains(&header.algorithm()) {
        return Err(DpopError::Algorithm);
    }
    embedded_key(header).ok_or(DpopError::MissingKey)?.map_err(DpopError::Key)
}

/// The claims of RFC 9449 §4.2, each of its type.
struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    /// Rounded both ways.
    iat: (i64, i64),
    ath: Option<&'a str>,
    nonce: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// Check 3.
    fn read(all: &'a Map<String, Value>, request: &DpopRequest<'_>) -> Result<Self, DpopError> {
        let jti = Claim::find(all, "jti").required(string)?;
        if jti.is_empty() || jti.len() > DpopProof::MAX_ID_BYTES {
            return Err(DpopError::IdLength);
        }
        let iat = Claim::find(all, "iat").required(numeric_date)?;
        Ok(Self {
            jti,
            htm: Claim::find(all, "htm").required(string)?,
            htu: Claim::find(all, "htu").required(string)?,
            iat: (iat.floor, iat.ceil),
            ath: Claim::find(all, "ath").required_unless(request.access_token.is_none(), string)?,
            nonce: Claim::find(all, "nonce").optional(string)?,
        })
    }

    /// Checks 8 and 9.
    fn check_request(&self, request: &DpopRequest<'_>) -> Result<(), DpopError> {
        if self.htm != request.method {
            return Err(DpopError::WrongMethod);
        }
        let target = TargetUri::parse(self.htu).map_err(|_| DpopError::WrongTarget)?;
        if target == *request.target { Ok(()) } else { Err(DpopError::WrongTarget) }
    }

    /// Checks 10 and 11. Gives the last second at which this proof could be accepted.
    fn check_freshness(&self, check: NonceCheck<'_>, policy: DpopPolicy, now: i64) -> Result<i64, DpopError> {
        let (floor, ceil) = self.iat;
        let latest = floor.saturating_add(policy.window_seconds);
        let is_old = latest < now;
        let is_ahead = ceil > now.saturating_add(policy.window_seconds);
        let until_of_nonce = |nonce: &str| match check {
            NonceCheck::Off => None,
            NonceCheck::Exactly { nonce: expected, until } => {
                (nonce == expected && now <= until).then_some(until)
            }
            #[cfg(feature = "aws-lc-rs")]
            NonceCheck::MadeBy(nonces) => nonces.good_until(nonce, now),
        };
        match (check, self.nonce) {
            (NonceCheck::Off, _) if is_old => Err(DpopError::TooOld),
            (NonceCheck::Off, _) if is_ahead => Err(DpopError::InTheFuture),
            (NonceCheck::Off, _) => Ok(latest),
            (_, None) if is_old || is_ahead => Err(DpopError::UseNonce),
            (_, None) => Ok(latest),
            (_, Some(nonce)) => until_of_nonce(nonce).ok_or(DpopError::UseNonce),
        }
    }
}
