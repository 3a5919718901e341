//! [`VerifiedJws`] + [`ClaimsPolicy`] + now → [`AccessClaims`] (RFC 7519 §4.1, RFC 9068 §4).
//!
//! Says what the policy is and what comes out; the rules themselves are in `rules.rs`. Nothing is optional here that
//! a caller could forget: issuer, audience, type and leeway are arguments of the one constructor. A claim of the
//! wrong type is an error and never "absent" (CVE-2026-25537).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::compact::Limits;
use crate::error::VerifyError;
use crate::rules::{Registered, Rule, audiences, numeric_date, string};
use crate::verify::VerifiedJws;

/// What an access token must say to be accepted here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsPolicy {
    issuer: Arc<str>,
    audience: String,
    token_type: TokenType,
    leeway_seconds: i64,
    limits: Limits,
}

impl ClaimsPolicy {
    /// The longest leeway there is: two minutes. Clocks that differ by more are broken.
    pub const MAX_LEEWAY: Duration = Duration::from_mins(2);

    /// A policy: `iss` is exactly `issuer`, `aud` contains exactly `audience`, `typ` is as `token_type` says.
    ///
    /// `leeway` is how far this clock may differ from the issuer's; it applies alike to `exp`, `nbf` and
    /// `iat`, in whole seconds. [`Duration::ZERO`] is allowed; more than [`MAX_LEEWAY`](Self::MAX_LEEWAY) is cut to it.
    #[must_use]
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        token_type: TokenType,
        leeway: Duration,
    ) -> Self {
        let leeway_seconds = leeway.min(Self::MAX_LEEWAY).as_secs().cast_signed();
        Self {
            issuer: Arc::from(issuer.into()),
            audience: audience.into(),
            token_type,
            leeway_seconds,
            limits: Limits::DEFAULT,
        }
    }

    /// The same policy with other size limits, for example [`Limits::ML_DSA`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The issuer that `iss` must name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience that `aud` must contain.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// What `typ` must be.
    #[must_use]
    pub fn token_type(&self) -> &TokenType {
        &self.token_type
    }

    /// How far the clocks may differ.
    #[must_use]
    pub fn leeway(&self) -> Duration {
        Duration::from_secs(self.leeway_seconds.unsigned_abs())
    }

    pub(crate) fn leeway_seconds(&self) -> i64 {
        self.leeway_seconds
    }

    /// The size limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether claims that this policy has accepted before have still not expired: the one check that depends on the
    /// moment, for a cache of verified tokens (RFC 7519 §4.1.4).
    #[must_use]
    pub fn is_current(&self, claims: &AccessClaims, now_unix_seconds: i64) -> bool {
        now_unix_seconds < claims.expires_at().saturating_add(self.leeway_seconds)
    }
}

/// What the header's `typ` must be, so that no other kind of token passes for this one (RFC 8725 §3.11).
///
/// Compared without case and without a leading `application/` (RFC 7515 §4.1.9).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// `at+jwt`, and nothing else (RFC 9068 §4); such a token must have `jti` too (§2.2).
    #[default]
    AccessToken,
    /// `JWT`, or no `typ` at all: for issuers older than RFC 9068. Then `aud` alone tells kinds of token apart.
    JwtOrAbsent,
    /// Exactly this media type, for another kind of token.
    Exactly(Cow<'static, str>),
}

impl TokenType {
    /// The `typ` that a signer writes into the header.
    #[must_use]
    pub fn header_value(&self) -> &str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::JwtOrAbsent => "JWT",
            Self::Exactly(typ) => typ,
        }
    }

    /// Whether a header with this `typ` is of the type.
    #[must_use]
    pub fn accepts(&self, typ: Option<&str>) -> bool {
        match self {
            Self::AccessToken => typ.is_some_and(|typ| same_media_type(typ, "at+jwt")),
            Self::JwtOrAbsent => typ.is_none_or(|typ| same_media_type(typ, "JWT")),
            Self::Exactly(expected) => typ.is_some_and(|typ| same_media_type(typ, expected)),
        }
    }
}

fn same_media_type(typ: &str, expected: &str) -> bool {
    fn short(name: &str) -> &str {
        match name.split_at_checked("application/".len()) {
            // A subtype with parameters or another slash keeps its prefix and so matches nothing short.
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") && !rest.contains('/') => {
                rest
            }
            _ => name,
        }
    }
    short(typ).eq_ignore_ascii_case(short(expected))
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
    /// - [`MissingClaim`](VerifyError::MissingClaim): `iss`, `aud`, `exp`, `iat` or `sub`, or for `at+jwt` also `jti`.
    /// - [`ClaimType`](VerifyError::ClaimType): a registered claim has the wrong JSON type, or `sub` is empty.
    /// - [`TimeOutOfRange`](VerifyError::TimeOutOfRange): a time is outside 1970 to 9999.
    /// - [`WrongIssuer`](VerifyError::WrongIssuer), [`WrongAudience`](VerifyError::WrongAudience),
    ///   [`Expired`](VerifyError::Expired), [`NotYetValid`](VerifyError::NotYetValid),
    ///   [`IssuedInTheFuture`](VerifyError::IssuedInTheFuture): as they say.
    pub fn validate(self, policy: &ClaimsPolicy, now_unix_seconds: i64) -> Result<AccessClaims, VerifyError> {
        let claims = self.claims_set()?;
        let registered = Registered::find(&claims);
        for rule in Rule::ALL {
            rule.check(&self.header, &registered, policy, now_unix_seconds)?;
        }
        Ok(AccessClaims {
            subject: registered.sub.required(string)?.into(),
            issuer: Arc::clone(&policy.issuer),
            expires_at: registered.exp.required(numeric_date)?.floor,
            issued_at: registered.iat.required(numeric_date)?.floor,
            auth_time: registered.auth_time.optional(numeric_date)?.map(|date| date.floor),
            claims,
        })
    }
}

/// The claims of an access token that passed every check. There is no other way to get one.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessClaims {
    subject: Box<str>,
    issuer: Arc<str>,
    issued_at: i64,
    expires_at: i64,
    auth_time: Option<i64>,
    claims: Map<String, Value>,
}

impl AccessClaims {
    /// `sub`: whom the token speaks for; never empty.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `iss`: who issued the token; the policy's issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `aud`: every audience of the token; the policy's is among them.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.claims.get("aud").and_then(|aud| audiences(aud).ok()).into_iter().flatten()
    }

    /// `iat` in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// `exp` in seconds since 1970-01-01 UTC: the first second at which the token is no longer valid.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// `auth_time`: when the user last proved who they are, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn auth_time(&self) -> Option<i64> {
        self.auth_time
    }

    /// `jti`: the token's own ID; always there in an `at+jwt`.
    #[must_use]
    pub fn jwt_id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// `sid`: the session that the token belongs to.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.text("sid")
    }

    /// `client_id`: the OAuth client that the token was issued to.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.text("client_id")
    }

    /// `scope`: names separated by spaces (RFC 8693 §4.2).
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.text("scope")
    }

    /// `username`, if it is a string. The name is not registered and other issuers put other things there.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.text("username")
    }

    /// `role`, if it is a string. The name is not registered and other issuers put other things there.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.text("role")
    }

    /// Any claim by its name.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// The whole claims set.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}
