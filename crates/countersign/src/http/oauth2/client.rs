//! How a client says who it is: `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1), and not both.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::http::error::oauth::OauthError;

/// The name and the secret.
///
/// # Errors
/// [`OauthError::Request`] when they come in two ways; [`OauthError::Client`] when they are missing or malformed.
pub(super) fn credentials(
    headers: &HeaderMap,
    id: Option<String>,
    secret: Option<Zeroizing<String>>,
) -> Result<(String, Zeroizing<String>), OauthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return id.zip(secret).ok_or(OauthError::Client);
    };
    if values.next().is_some() || secret.is_some() {
        return Err(OauthError::Request("The client authenticates in more than one way"));
    }
    let (name, secret) = value.to_str().ok().and_then(basic).ok_or(OauthError::Client)?;
    if id.is_some_and(|id| id != name) {
        return Err(OauthError::Request("client_id names another client"));
    }
    Ok((name, secret))
}

/// Names and secrets of ours, but for some names of accounts, are the same with and without the form encoding that RFC 6749 §2.3.1 asks for.
fn basic(value: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_start_matches(' ')).ok()?);
    let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let is_basic = scheme.eq_ignore_ascii_case("Basic");
    is_basic.then(|| (name.to_owned(), Zeroizing::new(secret.to_owned())))
}
