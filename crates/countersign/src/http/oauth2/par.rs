//! `POST /oauth2/par` (RFC 9126): an application sends what it would ask for in a browser's address, and gets an address for it.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use zeroize::Zeroizing;

use super::client::{Shown, Stated};
use super::parameters::pairs;
use crate::http::app::App;
use crate::http::edge::client_address;
use crate::http::error::oauth::OauthError;
use crate::model::context::Actor;
use crate::store::Store;

pub(in crate::http) async fn push<S: Store>(
    State(app): State<App<S>>,
    request: Request,
) -> Result<Response, OauthError> {
    let (parts, body) = request.into_parts();
    let pairs = pairs(&parts.headers, body).await?;
    let find = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let secret = |name: &str| find(name).map(|secret| Zeroizing::new(secret.clone()));
    let (client_secret, assertion) = (secret("client_secret"), secret("client_assertion"));
    let stated = Stated {
        id: find("client_id").map(String::as_str),
        secret: client_secret.as_ref(),
        assertion_type: find("client_assertion_type").map(String::as_str),
        assertion: assertion.as_ref(),
    };
    let shown = Shown::of(&parts.headers, stated)?;
    let context = client_address::context(
        &parts,
        &app.options.trusted_proxies,
        Actor::Anonymous,
        app.countersign.clock().now(),
    );
    let client = shown.application(&app, &context).await?.ok_or(OauthError::Client)?;
    // RFC 9126 §2.1.
    if find("request_uri").is_some() {
        return Err(OauthError::Request("A pushed request has no request_uri"));
    }
    let request_uri = app.countersign.push_authorization(&client, &pairs, &context)?;
    let seconds = crate::Countersign::<S>::PUSHED_LIFETIME.as_secs();
    let body = json!({ "request_uri": request_uri, "expires_in": seconds });
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}
