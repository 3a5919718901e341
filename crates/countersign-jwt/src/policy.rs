//! [`ClaimsPolicy`] and [`TokenType`]: what a token must say to be accepted here.
//!
//! Nothing is optional here that a caller could forget: issuer, audience, type and leeway are arguments of the one
//! constructor. How the rules read a token is in `rules.rs`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::claims::AccessClaims;
use crate::compact::Limits;

/// What an access token must say to be accepted here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsPolicy {
    pub(crate) issuer: Arc<str>,
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
