//! `/api/device/register` and `/api/device/refresh`, which browsers ask by themselves: Device Bound Session Credentials
//! (<https://w3c.github.io/webappsec-dbsc/>). No page and no script knows of them.
//!
//! A browser forgets its key for a session after a 4xx other than 403, and waits after a 5xx. So what may be right in a moment is never a 4xx.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use countersign_jwt::{DbscError, dbsc_proof_of_header};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::flows::device_session::{DeviceSessionError, RegisteredDevice};
use crate::flows::issue::SignedIn;
use crate::http::app::App;
use crate::http::detached::detached;
use crate::http::device_headers::{set, set_challenge};
use crate::http::edge::caller::Anonymous;
use crate::http::edge::origins::{only, split_issuer};
use crate::http::error::api::ApiError;
use crate::store::Store;

/// What the browser has to know of the session to renew its proof ("JSON Session Instruction Format").
#[derive(Serialize)]
struct Instructions<'a> {
    session_identifier: &'a str,
    refresh_url: String,
    scope: Scope<'a>,
    credentials: [Credential; 1],
    allowed_refresh_initiators: Vec<&'a str>,
}

#[derive(Serialize)]
struct Scope<'a> {
    origin: &'a str,
    include_site: bool,
    #[serde(rename = "scope_specification")]
    rules: Vec<ScopeRule<'a>>,
}

#[derive(Serialize)]
struct ScopeRule<'a> {
    r#type: &'static str,
    domain: &'static str,
    path: &'a str,
}

#[derive(Serialize)]
struct Credential {
    r#type: &'static str,
    name: &'static str,
    attributes: &'static str,
}

/// Takes the key of a browser for the session of the refresh cookie.
pub(in crate::http) async fn register<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let token = refresh_cookie(&app, &headers)?;
    let proof = proof_in(&headers)?.ok_or(DeviceSessionError::Proof(DbscError::Header))?;
    let RegisteredDevice { identifier, challenge } =
        app.countersign.register_device(&token, proof, context.now)?;
    let mut response = instructions(&app, &identifier);
    // The browser asks for its cookie before its next request: one of the session before would keep it from that.
    response.headers_mut().append(header::SET_COOKIE, app.cookies.clear_bound());
    set_challenge(response.headers_mut(), &challenge, &identifier);
    Ok(response)
}

/// Gives the browser its cookie, or the challenge that has to be signed for it.
pub(in crate::http) async fn renew<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let token = refresh_cookie(&app, &headers)?;
    let identifier = only(&headers, SESSION_ID).and_then(|value| value.to_str().ok());
    let identifier = identifier.and_then(|value| dbsc_proof_of_header(value).ok());
    let identifier = identifier.ok_or(DeviceSessionError::NoSession)?.to_owned();
    let proof = proof_in(&headers)?.map(str::to_owned);
    let (countersign, named) = (app.countersign.clone(), identifier.clone());
    let renew = async move { countersign.renew_device(&token, (&named, proof.as_deref()), &context).await };
    let cookie = detached(renew).await??;
    let mut response = instructions(&app, &identifier);
    response.headers_mut().append(header::SET_COOKIE, app.cookies.set_bound(&cookie));
    Ok(response)
}

fn refresh_cookie<S: Store>(app: &App<S>, headers: &HeaderMap) -> Result<Zeroizing<String>, ApiError> {
    Ok(app.cookies.refresh_token(headers)?.ok_or(DeviceSessionError::NoSession)?)
}

fn proof_in(headers: &HeaderMap) -> Result<Option<&str>, DeviceSessionError> {
    if !headers.contains_key(RESPONSE) {
        return Ok(None);
    }
    let value = only(headers, RESPONSE).and_then(|value| value.to_str().ok());
    let value = value.ok_or(DeviceSessionError::Proof(DbscError::Header))?;
    dbsc_proof_of_header(value).map(Some).map_err(DeviceSessionError::Proof)
}

fn instructions<S: Store>(app: &App<S>, identifier: &str) -> Response {
    let (origin, prefix) = split_issuer(&app.countersign.options().issuer);
    let (name, attributes) = app.cookies.bound_credential();
    let rule = |r#type, path| ScopeRule { r#type, domain: "*", path };
    // Only what is ours waits for a renewal. The specification has the first rule that fits decide, and Chromium the last: so the first and the
    // last are the same.
    let rules = match prefix {
        "" => Vec::new(),
        ours => vec![rule("include", ours), rule("exclude", "/"), rule("include", ours)],
    };
    let body = Instructions {
        session_identifier: identifier,
        refresh_url: format!("{prefix}/api/device/refresh"),
        scope: Scope { origin, include_site: false, rules },
        credentials: [Credential { r#type: "cookie", name, attributes }],
        // Without these, a request of their pages would be sent without the cookie, and refused.
        allowed_refresh_initiators: app.options.allowed_origins.iter().map(|origin| host(origin)).collect(),
    };
    axum::Json(body).into_response()
}

/// The host of an origin, without its port.
fn host(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl<S: Store> App<S> {
    /// Asks the browser to make a key for the session that has just begun, if it can. Over plain HTTP none does.
    pub(in crate::http) fn offer_registration(&self, signed_in: &SignedIn, response: &mut HeaderMap) {
        let Some(challenge) = signed_in.registration.as_ref().filter(|_| self.is_https()) else { return };
        let (_, prefix) = split_issuer(&self.countersign.options().issuer);
        set(
            response,
            REGISTRATION,
            &format!(r#"(ES256);path="{prefix}/api/device/register";challenge="{challenge}""#),
        );
    }
}

const REGISTRATION: &str = "secure-session-registration";
const RESPONSE: &str = "secure-session-response";
const SESSION_ID: &str = "sec-secure-session-id";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_origin_is_without_its_port() {
        for (origin, expected) in [
            ("https://app.example.com", "app.example.com"),
            ("https://app.example.com:8443", "app.example.com"),
            ("https://[2001:db8::1]", "[2001:db8::1]"),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]"),
        ] {
            assert_eq!(host(origin), expected);
        }
    }
}
