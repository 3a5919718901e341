//! The headers by which a browser learns what its key is for and what to sign (<https://w3c.github.io/webappsec-dbsc/>).

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// What the browser has to sign next.
pub(in crate::http) fn set_challenge(response: &mut HeaderMap, challenge: &str, identifier: &str) {
    set(response, CHALLENGE, &format!(r#""{challenge}";id="{identifier}""#));
}

pub(in crate::http) fn set(response: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.insert(HeaderName::from_static(name), value);
    }
}

const CHALLENGE: &str = "secure-session-challenge";
