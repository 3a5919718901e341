//! How a client says who it is: `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1), and not both.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::http::error::oauth::OauthError;
#[cfg(feature = "oidc")]
use crate::options::OauthClient;

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

/// The application that a request comes from (RFC 6749 §2.3): a public one names itself, a confidential one shows a secret.
///
/// # Errors
/// [`OauthError::Request`] when it authenticates in two ways; [`OauthError::Client`] when it is unknown, or its secret is wrong,
/// missing, or more than a public one has.
#[cfg(feature = "oidc")]
pub(super) fn app_client<'a>(
    headers: &HeaderMap,
    id: Option<&str>,
    secret: Option<&str>,
    clients: &'a [OauthClient],
) -> Result<&'a OauthClient, OauthError> {
    let find = |id: &str| clients.iter().find(|client| client.id == id);
    let secret = secret.filter(|secret| !secret.is_empty());
    if !headers.contains_key(header::AUTHORIZATION) {
        let client = id.and_then(find).ok_or(OauthError::Client)?;
        let is_it = secret.map_or(client.is_public(), |secret| client.fits(secret));
        return if is_it { Ok(client) } else { Err(OauthError::Client) };
    }
    let given = secret.map(|secret| Zeroizing::new(secret.to_owned()));
    let (name, secret) = credentials(headers, None, given)?;
    // RFC 6749 §2.3.1 wants both halves encoded as in a form. Many clients do not do that, so either is taken.
    let (plain_name, plain_secret) = (form_decoded(&name), form_decoded(&secret));
    let client = find(&name).or_else(|| find(&plain_name)).ok_or(OauthError::Client)?;
    if id.is_some_and(|id| id != client.id) {
        return Err(OauthError::Request("client_id names another client"));
    }
    if client.fits(&secret) || client.fits(&plain_secret) { Ok(client) } else { Err(OauthError::Client) }
}

/// What a form would say; the text itself if it cannot be one.
#[cfg(feature = "oidc")]
fn form_decoded(text: &str) -> Zeroizing<String> {
    let pairs =
        serde_urlencoded::from_str::<Vec<(String, String)>>(&format!("x={}", text.replace('&', "%26")));
    Zeroizing::new(
        pairs.ok().and_then(|mut pairs| pairs.pop()).map_or_else(|| text.to_owned(), |(_, value)| value),
    )
}

/// Names and secrets of ours, but for some names of accounts, are the same with and without the form encoding that RFC 6749 §2.3.1 asks for.
fn basic(value: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_start_matches(' ')).ok()?);
    let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let is_basic = scheme.eq_ignore_ascii_case("Basic");
    is_basic.then(|| (name.to_owned(), Zeroizing::new(secret.to_owned())))
}
