//! `/api/verify`: a reverse proxy asks whether a request may pass, and as whom (nginx `auth_request`, Caddy
//! `forward_auth`, Traefik `forwardAuth`, Envoy `ext_authz`).
//!
//! The status says yes or no. Every `X-Auth-*` header is in every response, empty where there is nothing to say:
//! what a response leaves out, some proxies take from the client (FA-1). Refusals are 401 and 403 only, because
//! nginx turns any other status into 500.

mod identity;
mod original;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use countersign_guard::jwt::VerifyError;
use countersign_guard::{AccessClaims, Refusal};
use serde::Deserialize;

use crate::http::app::App;
use crate::http::body::query::Query;
use crate::http::edge;
use crate::http::error::api::ApiError;
use crate::http::forward_auth::identity::Identity;
use crate::store::Store;

/// What the proxy's configuration demands of the request.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Demands {
    /// The role that the caller must have.
    role: Option<String>,
    /// The audience that the token must be for; the default audience if unset.
    audience: Option<String>,
    /// What a browser that asks for a page gets instead of 401.
    otherwise: Option<Otherwise>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Otherwise {
    /// A redirect to the sign-in page.
    Login,
}

/// `GET /api/verify`, with the demands in the query.
pub(in crate::http) async fn verify<S: Store>(State(app): State<App<S>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match Query::<Demands>::from_request_parts(&mut parts, &app).await {
        Ok(Query(demands)) => respond(&app, &parts.headers, &demands, StatusCode::NO_CONTENT),
        Err(error) => nobody(error),
    }
}

/// `/api/verify/…` with any method, for Envoy: it appends the original path and query to the path, and lets a
/// request pass for 200 alone. Path and query are the client's, so they demand nothing here.
pub(in crate::http) async fn verify_in_place<S: Store>(
    State(app): State<App<S>>,
    headers: HeaderMap,
) -> Response {
    respond(&app, &headers, &Demands::default(), StatusCode::OK)
}

fn respond<S: Store>(app: &App<S>, headers: &HeaderMap, demands: &Demands, yes: StatusCode) -> Response {
    let refusal = match admit(app, headers, demands) {
        Ok(claims) => return somebody(app, &claims, yes),
        Err(refusal) => refusal,
    };
    let is_anonymous = refusal.status() == StatusCode::UNAUTHORIZED;
    if is_anonymous
        && demands.otherwise == Some(Otherwise::Login)
        && let Some(login) = original::sign_in_page(headers, &edge::origins(app))
    {
        return nobody(Redirect::to(&login));
    }
    nobody(ApiError::from(refusal))
}

fn admit<S: Store>(app: &App<S>, headers: &HeaderMap, demands: &Demands) -> Result<AccessClaims, Refusal> {
    let claims = app.countersign.guard().authenticate(headers).map_err(|refusal| match refusal {
        // 413 elsewhere.
        Refusal::Invalid(VerifyError::TokenTooLong) => Refusal::Malformed,
        refusal => refusal,
    })?;
    let is_meant = |name: &String| claims.audience().any(|audience| audience == name);
    if !demands.audience.as_ref().is_none_or(is_meant) {
        return Err(Refusal::Invalid(VerifyError::WrongAudience));
    }
    if !demands.role.as_ref().is_none_or(|role| claims.has_role(role)) {
        return Err(Refusal::RoleRequired);
    }
    Ok(claims)
}

fn somebody<S: Store>(app: &App<S>, claims: &AccessClaims, yes: StatusCode) -> Response {
    match app.countersign.assertion(claims, app.countersign.clock().now()) {
        Ok(assertion) => {
            let mut response = yes.into_response();
            Identity { claims, assertion: &assertion }.add_to(response.headers_mut());
            response
        }
        Err(error) => nobody(ApiError::from(error)),
    }
}

fn nobody(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    identity::add_empty(response.headers_mut());
    response
}
