//! [`VerifiedJws`] + [`ClaimsPolicy`] + now → [`AccessClaims`] (RFC 7519 §4.1, RFC 9068 §4), and the whole
//! way there.
//!
//! Demands every rule of `rules.rs`, in its order. A claim of the wrong type is an error and never "absent"
//! (CVE-2026-25537).

use std::sync::Arc;

use crate::claims::AccessClaims;
use crate::compact::UnverifiedJws;
use crate::error::VerifyError;
use crate::key_set::JwkSet;
use crate::policy::ClaimsPolicy;
use crate::registered::{Registered, confirmation, numeric_date, string};
use crate::rules::Rule;
use crate::verify::VerifiedJws;

/// Checks an access token from its text to its claims: parse, select the key, verify, validate.
///
/// `now_unix_seconds` is the current time in seconds since 1970-01-01 UTC; this crate reads no clock.
///
/// # Errors
/// As [`parse_with_limits`](UnverifiedJws::parse_with_limits),
/// [`verify_with_set`](UnverifiedJws::verify_with_set) and [`validate`](VerifiedJws::validate), in this
/// order: a claim's failure is that of a token whose signature is good.
pub fn verify_access_token(
    token: &str,
    keys: &JwkSet,
    policy: &ClaimsPolicy,
    now_unix_seconds: i64,
) -> Result<AccessClaims, VerifyError> {
    UnverifiedJws::parse_with_limits(token, policy.limits())?
        .verify_with_set(keys)?
        .validate(policy, now_unix_seconds)
}

impl VerifiedJws {
    /// Applies `policy` to the signed claims.
    ///
    /// `now_unix_seconds` counts seconds since 1970-01-01 UTC. A token is valid while `now < exp + leeway`,
    /// `nbf <= now + leeway` and `iat <= now + leeway`; a fraction of a second counts against the token.
    ///
    /// # Errors
    /// - [`WrongType`](VerifyError::WrongType): `typ` is not the policy's.
    /// - [`PayloadJson`](VerifyError::PayloadJson): the payload is not one strict JSON object.
    /// - [`MissingClaim`](VerifyError::MissingClaim): `iss`, `aud`, `exp`, `iat` or `sub` is absent, or for
    ///   `at+jwt` also `jti`, or a claim that the policy demands.
    /// - [`ClaimType`](VerifyError::ClaimType): a registered claim, or one that the policy looks at, has the
    ///   wrong JSON type, or `sub` is empty.
    /// - [`TimeOutOfRange`](VerifyError::TimeOutOfRange): a time is outside 1970 to 9999.
    /// - [`WrongIssuer`](VerifyError::WrongIssuer), [`WrongAudience`](VerifyError::WrongAudience),
    ///   [`Expired`](VerifyError::Expired), [`NotYetValid`](VerifyError::NotYetValid),
    ///   [`IssuedInTheFuture`](VerifyError::IssuedInTheFuture): as they say.
    /// - [`WrongClaimValue`](VerifyError::WrongClaimValue), [`MissingScope`](VerifyError::MissingScope),
    ///   [`MissingRole`](VerifyError::MissingRole): what the policy demands beyond that.
    pub fn validate(self, policy: &ClaimsPolicy, now_unix_seconds: i64) -> Result<AccessClaims, VerifyError> {
        let claims = self.claims_set()?;
        let registered = Registered::find(&claims);
        for rule in Rule::ALL {
            rule.check(&self.header, &registered, policy, now_unix_seconds)?;
        }
        let issuer =
            policy.accepted_issuer(registered.iss.required(string)?).ok_or(VerifyError::WrongIssuer)?;
        Ok(AccessClaims {
            subject: registered.sub.required(string)?.into(),
            issuer: Arc::clone(issuer),
            expires_at: registered.exp.required(numeric_date)?.floor,
            issued_at: registered.iat.optional(numeric_date)?.map(|date| date.floor),
            auth_time: registered.auth_time.optional(numeric_date)?.map(|date| date.floor),
            bound_key: registered.cnf.optional(confirmation)?.flatten(),
            claims,
        })
    }
}
