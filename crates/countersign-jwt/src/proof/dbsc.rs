//! [`verify_dbsc_registration`] and [`verify_dbsc_refresh`]: proofs of Device Bound Session Credentials
//! (<https://w3c.github.io/webappsec-dbsc/>, "DBSC Proof JWT Syntax").
//!
//! A registration brings its key in the header. A refresh brings none, and is checked with the key that was registered:
//! taking one from its header would let a thief bring his own. Chromium writes `jti` alone into the payload; `aud`,
//! `iat` and `sub`, which drafts had, say nothing that the challenge does not, and are not read. `RS256` and the
//! unsigned `none` of the draft are refused.

use std::fmt;

use super::error::DbscError;
use super::header::embedded_key;
use super::thumbprint::JwkThumbprint;
use crate::algorithm::Algorithm;
use crate::compact::{ProtectedHeader, UnverifiedJws};
use crate::key::VerifyingKey;
use crate::policy::TokenType;
use crate::registered::{Claim, string};

/// A proof that passed every check: the browser has the private key, and signed the challenge with it.
#[derive(Clone)]
pub struct DbscProof {
    key: VerifyingKey,
    thumbprint: JwkThumbprint,
    challenge: Box<str>,
}

impl DbscProof {
    /// The public key: at a registration the browser's new one, at a refresh the one that was given.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The thumbprint of the key.
    #[must_use]
    pub fn thumbprint(&self) -> JwkThumbprint {
        self.thumbprint
    }

    /// The challenge, so that the caller can use it up.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.challenge
    }
}

impl fmt::Debug for DbscProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbscProof").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

/// The proof in the value of a `Secure-Session-Response` header: one structured-field string, whose parameters are
/// ignored (RFC 9651 §3.3.3), or the same without its quotes, as Chromium 156 sends it. Of several headers, their values
/// with commas between them are none. The value of `Sec-Secure-Session-Id` is read in the same way, if the server's
/// identifiers are base64url.
///
/// # Errors
/// [`DbscError::Header`]: it is anything else.
pub fn dbsc_proof_of_header(value: &str) -> Result<&str, DbscError> {
    let value = value.trim_matches(' ');
    // A compact JWS has no character that a string would escape.
    let is_compact = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let (proof, parameters) = match value.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(DbscError::Header)?,
        None => value.split_at(value.find([';', ' ']).unwrap_or(value.len())),
    };
    let has_parameters = parameters.is_empty() || parameters.trim_start_matches(' ').starts_with(';');
    let is_one = has_parameters && !parameters.contains(',');
    if is_one && !proof.is_empty() && proof.bytes().all(is_compact) {
        Ok(proof)
    } else {
        Err(DbscError::Header)
    }
}

/// Checks the proof of a registration: form, `typ`, `alg`, the key in the header, its signature, the challenge.
///
/// `is_expected` says whether `jti` is a challenge that this session was given for this purpose, not long ago, and
/// that was not answered before. It is asked once, after the signature.
///
/// # Errors
/// In this order: [`Jws`](DbscError::Jws), [`WrongType`](DbscError::WrongType), [`Algorithm`](DbscError::Algorithm),
/// [`MissingKey`](DbscError::MissingKey), [`Key`](DbscError::Key), [`Jws`](DbscError::Jws) for signature and claims,
/// [`Challenge`](DbscError::Challenge).
pub fn verify_dbsc_registration(
    proof: &str,
    is_expected: impl FnOnce(&str) -> bool,
) -> Result<DbscProof, DbscError> {
    let unverified = UnverifiedJws::parse(proof)?;
    check_header(unverified.header())?;
    let key = embedded_key(unverified.header()).ok_or(DbscError::MissingKey)?.map_err(DbscError::Key)?;
    verify(unverified, key, is_expected)
}

/// Checks the proof of a refresh with the key that was registered. As [`verify_dbsc_registration`] otherwise.
///
/// # Errors
/// In this order: [`Jws`](DbscError::Jws), [`WrongType`](DbscError::WrongType), [`Algorithm`](DbscError::Algorithm),
/// [`UnexpectedKey`](DbscError::UnexpectedKey), [`Jws`](DbscError::Jws) for signature and claims,
/// [`Challenge`](DbscError::Challenge).
pub fn verify_dbsc_refresh(
    proof: &str,
    key: &VerifyingKey,
    is_expected: impl FnOnce(&str) -> bool,
) -> Result<DbscProof, DbscError> {
    let unverified = UnverifiedJws::parse(proof)?;
    check_header(unverified.header())?;
    if unverified.header().parameter("jwk").is_some() {
        return Err(DbscError::UnexpectedKey);
    }
    verify(unverified, key.clone(), is_expected)
}

fn check_header(header: &ProtectedHeader) -> Result<(), DbscError> {
    if !TokenType::Exactly("dbsc+jwt".into()).accepts(header.token_type()) {
        return Err(DbscError::WrongType);
    }
    if header.algorithm() == Algorithm::Es256 { Ok(()) } else { Err(DbscError::Algorithm) }
}

fn verify(
    unverified: UnverifiedJws<'_>,
    key: VerifyingKey,
    is_expected: impl FnOnce(&str) -> bool,
) -> Result<DbscProof, DbscError> {
    let claims = unverified.verify(&key)?.claims_set()?;
    let challenge = Claim::find(&claims, "jti").required(string)?;
    if !is_expected(challenge) {
        return Err(DbscError::Challenge);
    }
    let thumbprint = key.jwk_thumbprint().ok_or(DbscError::Algorithm)?;
    Ok(DbscProof { thumbprint, challenge: challenge.into(), key })
}
