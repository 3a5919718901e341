//! What a browser says about the languages that somebody reads (RFC 9110 §12.5.4). `model/language.rs` says what it means.

use axum::http::{HeaderMap, header};

/// The header, if it is text.
pub(in crate::http) fn accept_language(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()
}
