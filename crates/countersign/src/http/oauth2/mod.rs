//! `/oauth2/authorize` and what follows it for applications that people sign in to; `/oauth2/token` for these, and for programs that
//! hold an API key (RFC 6749 §4.4); `/oauth2/introspect` (RFC 7662) and `/oauth2/revoke`
//! (RFC 7009) for services that hold a client secret. The body is a form, as the RFCs say, or a JSON object with the same
//! members.

#[cfg(feature = "oidc")]
mod app;
#[cfg(feature = "oidc")]
pub(in crate::http) mod authorize;
mod bodies;
mod client;
mod parameters;
mod token;

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

#[cfg(feature = "oidc")]
pub(in crate::http) use self::app::userinfo;
use self::client::Shown;
use self::parameters::parameters;
pub(in crate::http) use self::token::token;
use crate::http::app::App;
use crate::http::detached::detached;
use crate::http::edge::client_address;
use crate::http::error::oauth::OauthError;
use crate::model::context::Actor;
use crate::store::Store;

/// The parameters of introspection and revocation. Unknown ones are ignored (RFC 6749 §3.2); `token_type_hint` is one of them, since
/// our tokens show what they are.
#[derive(Deserialize)]
struct Parameters {
    token: Option<Zeroizing<String>>,
    client_id: Option<String>,
    client_secret: Option<Zeroizing<String>>,
}

/// A token, from a client that has proved who it is.
pub(in crate::http) struct FromClient {
    token: Zeroizing<String>,
    context: crate::model::context::Context,
}

impl<S: Store> FromRequest<App<S>> for FromClient {
    type Rejection = OauthError;

    async fn from_request(request: Request, app: &App<S>) -> Result<Self, OauthError> {
        let (parts, body) = request.into_parts();
        let Parameters { token, client_id, client_secret } = parameters(&parts.headers, body).await?;
        let shown = Shown::of(&parts.headers, client_id.as_deref(), client_secret.as_ref())?;
        if !shown.is_service(app).await? {
            return Err(OauthError::Client);
        }
        let token = token.ok_or(OauthError::Request("The parameter token is missing"))?;
        let now = app.countersign.clock().now();
        let trusted = &app.options.trusted_proxies;
        let context = client_address::context(&parts, trusted, Actor::Anonymous, now);
        Ok(Self { token, context })
    }
}

/// Of a token that is not good, nothing is said but that (RFC 7662 §2.2).
pub(in crate::http) async fn introspect<S: Store>(
    State(app): State<App<S>>,
    FromClient { token, context }: FromClient,
) -> Result<Response, OauthError> {
    let Some(mut claims) = app.countersign.introspect(&token, &context).await? else {
        return Ok(axum::Json(json!({ "active": false })).into_response());
    };
    claims.insert("active".to_owned(), true.into());
    Ok(axum::Json(claims).into_response())
}

/// 200 for every token, good or not (RFC 7009 §2.2).
pub(in crate::http) async fn revoke<S: Store>(
    State(app): State<App<S>>,
    FromClient { token, context }: FromClient,
) -> Result<StatusCode, OauthError> {
    let revoke = async move { app.countersign.revoke_token(&token, &context).await };
    detached(revoke).await??;
    Ok(StatusCode::OK)
}
