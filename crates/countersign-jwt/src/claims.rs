//! [`AccessClaims`]: the claims of a token that passed every check, and how they are read.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::registered::audiences;

/// The claims of an access token that passed every check. There is no other way to get one.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessClaims {
    pub(crate) subject: Box<str>,
    pub(crate) issuer: Arc<str>,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) auth_time: Option<i64>,
    pub(crate) claims: Map<String, Value>,
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
