//! [`ClaimsPolicy`] and [`TokenType`]: what a token must say to be accepted here.
//!
//! Nothing is optional that a caller could forget: issuer, audience, type and leeway are arguments of the one
//! constructor. Every way to demand less is a method with a name that says so and a text about the attack it
//! opens. Lists cannot be empty by construction, so no policy accepts every issuer or every audience.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::claims::AccessClaims;
use crate::compact::Limits;

/// What an access token must say to be accepted here.
///
/// The constructor makes the strict policy of RFC 9068. Tokens of issuers that do not follow it need a policy
/// that demands less in one place and more in another, for example access tokens of Amazon Cognito, which
/// have no `aud`:
///
/// ```
/// # use std::time::Duration;
/// use countersign_jwt::{ClaimsPolicy, TokenType};
///
/// let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example";
/// let leeway = Duration::from_secs(30);
/// let policy = ClaimsPolicy::new(pool, "https://api.example", TokenType::JwtOrAbsent, leeway)
///     .dangerous_accept_missing_audience()
///     .require_claim("token_use", ["access"]) // ID tokens have the same issuer, key and `typ`
///     .require_claim("client_id", ["web-client", "mobile-client"]); // in place of the audience
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsPolicy {
    /// Never empty.
    issuers: Vec<Arc<str>>,
    /// Never empty.
    audiences: Vec<String>,
    audience_may_be_absent: bool,
    issued_at_may_be_absent: bool,
    token_type: TokenType,
    claims: Vec<RequiredClaim>,
    scopes: Vec<String>,
    roles: Vec<String>,
    leeway_seconds: i64,
    limits: Limits,
}

/// A claim that must be there with one of these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequiredClaim {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<String>,
}

impl ClaimsPolicy {
    /// The longest possible leeway: two minutes. Clocks that differ by more are broken.
    pub const MAX_LEEWAY: Duration = Duration::from_mins(2);

    /// The strict policy: `iss` is exactly `issuer`, `aud` contains exactly `audience`, `typ` is as
    /// `token_type` says, and `exp`, `iat` and `sub` are present.
    ///
    /// `leeway` is how far this clock may differ from the issuer's; it applies alike to `exp`, `nbf` and
    /// `iat`, in whole seconds. [`Duration::ZERO`] is allowed; more than [`MAX_LEEWAY`](Self::MAX_LEEWAY) is
    /// cut to it.
    #[must_use]
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        token_type: TokenType,
        leeway: Duration,
    ) -> Self {
        Self {
            issuers: vec![Arc::from(issuer.into())],
            audiences: vec![audience.into()],
            audience_may_be_absent: false,
            issued_at_may_be_absent: false,
            token_type,
            claims: Vec::new(),
            scopes: Vec::new(),
            roles: Vec::new(),
            leeway_seconds: leeway.min(Self::MAX_LEEWAY).as_secs().cast_signed(),
            limits: Limits::DEFAULT,
        }
    }

    /// Also accepts `iss` with exactly this value, for an issuer that has several names or has moved.
    ///
    /// **What this opens.** One set of keys verifies the tokens of all these issuers, so whoever holds a key
    /// of the set can write any of the names into `iss`. Use it for names of *one* party only. For another
    /// party, make another policy with its own keys; otherwise it can impersonate every user of the first.
    /// And `sub` is unique per issuer only (RFC 7519 §4.1.2): identify users by issuer *and* subject.
    #[must_use]
    pub fn or_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(Arc::from(issuer.into()));
        self
    }

    /// Also accepts an `aud` that contains exactly this value, for a service that has several names.
    ///
    /// **What this opens.** A token for any of these audiences is accepted, so list names of *this* service
    /// only. With the name of another service, that service could present here the tokens that its callers
    /// sent to it (RFC 8725 §3.9).
    #[must_use]
    pub fn or_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Also accepts tokens without `aud`, for issuers that write none into their access tokens. An `aud` that
    /// is present must still contain an accepted audience (RFC 7519 §4.1.3).
    ///
    /// **What this opens.** Token substitution (RFC 8725 §3.9): a token that a user gave to any other service
    /// of this issuer is accepted here, so a malicious or compromised service can act as each of its users.
    /// Demand something else that ties the token to this service, with [`require_claim`](Self::require_claim)
    /// (`client_id`) or [`require_scope`](Self::require_scope) with a scope of this service only.
    #[must_use]
    pub fn dangerous_accept_missing_audience(self) -> Self {
        Self { audience_may_be_absent: true, ..self }
    }

    /// Also accepts tokens without `iat`; one that is present must still be a time that is not in the future.
    /// Without effect for `at+jwt`, where RFC 9068 §2.2 demands the claim.
    ///
    /// **What this opens.** The age of such a token is unknown: [`AccessClaims::issued_at`] is `None`. A
    /// token stolen before a password change or a "log out everywhere" can no longer be told from a later one
    /// by its time of issue, and only `exp` limits how long it lives.
    #[must_use]
    pub fn dangerous_accept_missing_issued_at(self) -> Self {
        Self { issued_at_may_be_absent: true, ..self }
    }

    /// Also demands the scope `name`; called again, each of the scopes. Case-sensitive (RFC 6749 §3.3).
    ///
    /// Scopes are read from `scope`, names separated by spaces (RFC 8693 §4.2). Only where that is absent
    /// they are read from `scp`: names separated by spaces (Microsoft Entra ID) or an array of names (Okta).
    /// A private claim `scp` therefore never adds to a registered `scope`.
    ///
    /// **What this does not say.** A scope is what the *client* was allowed to ask for, not what the user may
    /// do.
    #[must_use]
    pub fn require_scope(mut self, name: impl Into<String>) -> Self {
        self.scopes.push(name.into());
        self
    }

    /// Also demands the role `name`; called again, each of the roles. Case-sensitive.
    ///
    /// Roles are read from `role`. Only where that is absent they are read from `roles` (RFC 9068 §2.2.3.1).
    /// Each is one name or an array of names. For another claim (`groups`, `cognito:groups`) use
    /// [`require_claim`](Self::require_claim).
    ///
    /// **What this opens.** The role is the one at the time of issue: a user who lost it keeps it until
    /// `exp`. And where users can write the claim themselves (metadata that is copied into tokens), they give
    /// themselves the role.
    #[must_use]
    pub fn require_role(mut self, name: impl Into<String>) -> Self {
        self.roles.push(name.into());
        self
    }

    /// Also demands the claim `name`: a string that is one of `values`, or an array of strings with one of
    /// them. Called again, each of the claims. An empty list of values refuses every token.
    #[must_use]
    pub fn require_claim<V: Into<String>>(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.claims.push(RequiredClaim { name, values: values.into_iter().map(Into::into).collect() });
        self
    }

    /// The same policy with other size limits, for example [`Limits::ML_DSA`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The issuers of which `iss` must be one; at least one.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().map(|issuer| &**issuer)
    }

    /// The accepted issuer that this is, shared and not copied into the claims of each token.
    pub(crate) fn accepted_issuer(&self, iss: &str) -> Option<&Arc<str>> {
        self.issuers.iter().find(|issuer| ***issuer == *iss)
    }

    /// The audiences of which `aud` must contain one; at least one.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.iter().map(String::as_str)
    }

    pub(crate) fn accepts_audience(&self, name: &str) -> bool {
        self.audiences.iter().any(|audience| audience == name)
    }

    /// Whether a token without `aud` is accepted.
    #[must_use]
    pub fn accepts_missing_audience(&self) -> bool {
        self.audience_may_be_absent
    }

    /// Whether a token without `iat` is accepted; never for `at+jwt`.
    #[must_use]
    pub fn accepts_missing_issued_at(&self) -> bool {
        self.issued_at_may_be_absent && !self.token_type.is_access_token()
    }

    /// What `typ` must be.
    #[must_use]
    pub fn token_type(&self) -> &TokenType {
        &self.token_type
    }

    pub(crate) fn required_claims(&self) -> &[RequiredClaim] {
        &self.claims
    }

    /// The scopes that a token must have, all of them.
    #[must_use]
    pub fn required_scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The roles that a token must have, all of them.
    #[must_use]
    pub fn required_roles(&self) -> &[String] {
        &self.roles
    }

    /// How far the clocks may differ, in whole seconds.
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

    /// Whether claims that this policy has accepted before have not expired since: the one check that depends
    /// on the time, for a cache of verified tokens (RFC 7519 §4.1.4). `now_unix_seconds` counts from
    /// 1970-01-01 UTC.
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
    /// `at+jwt`, and nothing else (RFC 9068 §4). Such a token must have `jti` and `iat` too (§2.2).
    #[default]
    AccessToken,
    /// `JWT`, or no `typ` at all: for issuers that do not follow RFC 9068.
    ///
    /// **What this opens.** Most such issuers sign their ID tokens with the same keys and the same `typ`, so
    /// `typ` no longer tells them from access tokens: only `aud` does, or a claim that the policy demands
    /// with [`require_claim`](ClaimsPolicy::require_claim).
    JwtOrAbsent,
    /// Exactly this media type, for example `logout+jwt`. `Exactly("at+jwt")` is
    /// [`AccessToken`](Self::AccessToken).
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

    /// Whether a header with this `typ` (`None` if it has none) is of this type.
    #[must_use]
    pub fn accepts(&self, typ: Option<&str>) -> bool {
        match self {
            Self::AccessToken => typ.is_some_and(|typ| same_media_type(typ, "at+jwt")),
            Self::JwtOrAbsent => typ.is_none_or(|typ| same_media_type(typ, "JWT")),
            Self::Exactly(expected) => typ.is_some_and(|typ| same_media_type(typ, expected)),
        }
    }

    /// Whether these are tokens of RFC 9068, whose §2.2 demands more claims than RFC 7519.
    pub(crate) fn is_access_token(&self) -> bool {
        self.accepts(Some("at+jwt"))
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
