//! `POST /api/logout`: by refresh token, or by access token for clients that have no other.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use countersign_guard::Refusal;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::flows::logout::Scope;
use crate::http::app::App;
use crate::http::body::json::{Input, OptionalJson};
use crate::http::detached::detached;
use crate::http::edge::caller::Anonymous;
use crate::http::error::api::ApiError;
use crate::http::token_response::presented;
use crate::store::Store;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Logout {
    #[serde(default)]
    everywhere: bool,
    refresh_token: Option<Zeroizing<String>>,
}

impl Input for Logout {
    const EXPECTED: &'static str =
        r#"empty or a JSON object {"everywhere"?: boolean, "refreshToken"?: string}"#;
}

pub(in crate::http) async fn logout<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    (method, uri, headers): (Method, Uri, HeaderMap),
    OptionalJson(input): OptionalJson<Logout>,
) -> Result<Response, ApiError> {
    let cookies = app.cookies;
    let scope = if input.everywhere { Scope::Everywhere } else { Scope::This };
    let token = presented(&headers, input.refresh_token, cookies)?;
    // The cookie suffices: it works with an expired access token (SE-10). Without one, the access token must be good.
    let guard = app.countersign.guard();
    let claims = match guard.authenticate_request(&method, &uri, &headers) {
        Ok(claims) => Some(claims),
        Err(refusal) if token.is_none() && refusal != Refusal::TokenRequired => {
            return Ok(guard.refuse(refusal, &headers));
        }
        Err(_) => None,
    };
    let (countersign, context) = (Arc::clone(&app.countersign), app.at_this_moment(context));
    detached(async move {
        // A stale cookie beside a valid access token must not make the logout do nothing (SE-5).
        if let Some((token, _)) = token {
            countersign.logout(&token, scope, &context).await?;
        }
        match claims {
            Some(claims) => countersign.logout_by_claims(&claims, scope, &context).await,
            None => Ok(0),
        }
    })
    .await??;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies.clear(response.headers_mut());
    Ok(response)
}
