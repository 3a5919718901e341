//! [`AccessClaims`]: the claims of a token that passed every check, and how they are read.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::proof::JwkThumbprint;
use crate::registered::{Claim, Unreadable, array, scopes, strings};

/// The claims of an access token that passed every check. There is no other way to get one.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessClaims {
    pub(crate) subject: Box<str>,
    pub(crate) issuer: Arc<str>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: i64,
    pub(crate) auth_time: Option<i64>,
    pub(crate) bound_key: Option<JwkThumbprint>,
    pub(crate) claims: Map<String, Value>,
}

impl AccessClaims {
    /// `sub`: whom the token speaks for; never empty.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `iss`: who issued the token; one of the policy's issuers. Subjects are unique per issuer only.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `aud`: every audience of the token. One of the policy's is among them, unless the policy [accepts
    /// tokens without](crate::ClaimsPolicy::dangerous_accept_missing_audience) and this one has none.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        Self::list(Claim::find(&self.claims, "aud"), strings)
    }

    /// `iat` in seconds since 1970-01-01 UTC. `None` only where the policy
    /// [accepts tokens without](crate::ClaimsPolicy::dangerous_accept_missing_issued_at).
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.issued_at
    }

    /// `exp` in seconds since 1970-01-01 UTC: the first second at which the token is no longer valid.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// `auth_time`: when the user last proved who they are, in seconds since 1970-01-01 UTC (RFC 9068
    /// §2.2.1).
    #[must_use]
    pub fn auth_time(&self) -> Option<i64> {
        self.auth_time
    }

    /// `amr`: the methods by which they proved it, such as `pwd`, `otp`, `hwk`, `mfa` (RFC 8176 §2); none if
    /// absent.
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        Self::list(Claim::find(&self.claims, "amr"), array)
    }

    /// `acr`: the class of that authentication, a name that the issuer defines (RFC 9068 §2.2.1).
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.text("acr")
    }

    /// `cnf.jkt`: the key that the token is bound to (RFC 9449 §6.1). `None` if it is not bound to a key in this way.
    ///
    /// **A bound token alone proves nothing.** Accept it only with a proof of this key, for this request
    /// ([`verify_dpop_proof`](crate::verify_dpop_proof)); to accept it as a bearer token is forbidden (§7.2).
    #[must_use]
    pub fn bound_key(&self) -> Option<JwkThumbprint> {
        self.bound_key
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

    /// `scope` as it is written: names separated by spaces (RFC 8693 §4.2). See [`scopes`](Self::scopes).
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

    /// The scopes, read from `scope` or where that is absent from `scp`, as
    /// [`ClaimsPolicy::require_scope`](crate::ClaimsPolicy::require_scope) says. None if `scp` is of another
    /// shape.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        Self::list(Claim::of_scopes(&self.claims), scopes)
    }

    /// Whether `name` is one of the [`scopes`](Self::scopes).
    #[must_use]
    pub fn has_scope(&self, name: &str) -> bool {
        self.scopes().any(|scope| scope == name)
    }

    /// The roles, read from `role` or where that is absent from `roles`, as
    /// [`ClaimsPolicy::require_role`](crate::ClaimsPolicy::require_role) says. None if the claim is of
    /// another shape.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        Self::list(Claim::of_roles(&self.claims), strings)
    }

    /// Whether `name` is one of the [`roles`](Self::roles).
    #[must_use]
    pub fn has_role(&self, name: &str) -> bool {
        self.roles().any(|role| role == name)
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

    /// The names in a claim; none if it is absent or of another shape, so that nobody gains anything by that.
    fn list<'a, I: Iterator<Item = &'a str>>(
        claim: Claim<'a>,
        read: impl Fn(&'a Value) -> Result<I, Unreadable>,
    ) -> impl Iterator<Item = &'a str> {
        claim.optional(read).ok().flatten().into_iter().flatten()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}
