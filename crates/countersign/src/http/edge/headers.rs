//! The headers that every response carries (HD-1, HD-6). A response that may be cached or framed sets its own values,
//! which are kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Adds the headers that a response does not set itself. `https`: browsers reach the server over HTTPS, so
/// `Strict-Transport-Security` is added too.
pub(in crate::http) fn add_security_headers(headers: &mut HeaderMap, https: bool) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
}

const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
