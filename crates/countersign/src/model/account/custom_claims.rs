//! The claims that an application adds to access tokens: which names are ours, and how much fits.

use serde_json::{Map, Value};

/// Claims of the application's own: a JSON object that can never override a claim that we set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomClaims(Map<String, Value>);

impl CustomClaims {
    /// The most bytes they may take as JSON, so that the header they travel in fits every proxy (TK-7).
    pub const MAX_BYTES: usize = 2048;

    /// How deep objects and arrays may nest, the outermost included: verifiers stop at 32.
    pub const MAX_DEPTH: usize = 16;

    /// The names that are ours: those of RFC 7519 §4.1 and RFC 9068 §2.2, and our own; and `scp`, which verifiers read
    /// as the scope of a token that has no `scope`. `roles`, `groups` and `entitlements` (RFC 9068 §2.2.3.1) are left
    /// to administrators, who set custom claims: some verifiers read them as rights.
    pub const RESERVED: [&'static str; 22] = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "sid",
        "auth_time",
        "client_id",
        "scope",
        "scp",
        "username",
        "role",
        "userId",
        "acr",
        "amr",
        "azp",
        "cnf",
        "act",
        "may_act",
        "events",
    ];

    /// Checks that no name is reserved and that they are not too large.
    ///
    /// # Errors
    /// [`ClaimsError::Reserved`] with the name, [`ClaimsError::TooLarge`] over 2048 bytes of JSON, and
    /// [`ClaimsError::TooDeep`] when they nest deeper than 16.
    pub fn new(claims: Map<String, Value>) -> Result<Self, ClaimsError> {
        if let Some(name) = claims.keys().find(|name| Self::RESERVED.contains(&name.as_str())) {
            return Err(ClaimsError::Reserved(name.clone()));
        }
        if claims.values().any(|value| depth(value) >= Self::MAX_DEPTH) {
            return Err(ClaimsError::TooDeep);
        }
        let claims = Self(claims);
        if claims.to_json().len() > Self::MAX_BYTES { Err(ClaimsError::TooLarge) } else { Ok(claims) }
    }

    /// These, with others in the place of those that have the same names.
    ///
    /// # Errors
    /// [`ClaimsError::TooLarge`] when they are too large together.
    pub(crate) fn replaced_by(&self, others: &Self) -> Result<Self, ClaimsError> {
        let mut claims = self.0.clone();
        claims.extend(others.0.clone());
        Self::new(claims)
    }

    /// The claims by name.
    #[must_use]
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The claims as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// Why an object cannot be an account's claims.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The name is one that the server sets.
    #[error("the claim {0:?} is set by the server and cannot be chosen")]
    Reserved(String),
    /// More than 2048 bytes.
    #[error("the claims take more than 2048 bytes")]
    TooLarge,
    /// Nested deeper than 16.
    #[error("the claims are nested deeper than 16")]
    TooDeep,
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_claims_never_override_ours() {
        let one = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        for name in CustomClaims::RESERVED {
            let claims = CustomClaims::new(one(name, Value::Bool(true)));
            assert_eq!(claims, Err(ClaimsError::Reserved(name.to_owned())));
        }
        // A guard reads both as the scope: a custom claim must not grant one.
        for name in ["scope", "scp"] {
            assert!(CustomClaims::new(one(name, "admin".into())).is_err(), "{name}");
        }
        assert!(CustomClaims::new(one("team", "blue".into())).is_ok());
        assert_eq!(CustomClaims::new(one("x", "y".repeat(2048).into())), Err(ClaimsError::TooLarge));
        let nested = |levels: usize| (1..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(CustomClaims::new(one("x", nested(16))).is_ok());
        assert_eq!(CustomClaims::new(one("x", nested(17))), Err(ClaimsError::TooDeep));
    }
}
