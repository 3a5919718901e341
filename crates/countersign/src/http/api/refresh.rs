//! `POST /api/refresh`. With `?if-any` it is also a question: a caller without a refresh token, such as the page of a visitor, is answered
//! and not refused. Browsers show each refused request as an error, and scripts cannot see whether there is a cookie.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::flows::refresh::RefreshError;
use crate::http::app::App;
use crate::http::body::json::{Input, OptionalJson};
use crate::http::detached::detached;
use crate::http::edge::device::{FromDevice, skipped};
use crate::http::error::api::ApiError;
use crate::http::token_response::{Delivery, presented, respond};
use crate::store::Store;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Refresh {
    refresh_token: Option<Zeroizing<String>>,
    /// What the access token is for, if not for the default audience.
    audience: Option<String>,
}

impl Input for Refresh {
    const EXPECTED: &'static str = r#"empty or a JSON object {"refreshToken"?: string, "audience"?: string}"#;
}

pub(in crate::http) async fn refresh<S: Store>(
    State(app): State<App<S>>,
    FromDevice(context): FromDevice,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    OptionalJson(input): OptionalJson<Refresh>,
) -> Result<Response, ApiError> {
    let cookies = app.cookies;
    // The time after the body has arrived: a client that sends it slowly must not stretch any window (RF-4).
    let context = app.at_this_moment(context);
    let Some((token, delivery)) = presented(&headers, input.refresh_token, cookies)? else {
        return if query.as_deref() == Some("if-any") {
            Ok(there_is_none())
        } else {
            Err(ApiError::NoRefreshToken)
        };
    };
    let (countersign, now) = (Arc::clone(&app.countersign), context.now);
    let refresh = async move { countersign.refresh_for(input.audience.as_deref(), &token, &context).await };
    match detached(refresh).await? {
        Ok(signed_in) => Ok(respond(&app, &signed_in, delivery, now)),
        // The browser will have its proof, and does not make it now. A client waits as for any outage, and its user stays.
        Err(RefreshError::DeviceProofRequired) if skipped(&headers).is_some() => {
            Err(ApiError::DeviceProofSkipped)
        }
        Err(error) => {
            let is_over = error.ends_session();
            let mut response = ApiError::from(error).into_response();
            if is_over && delivery == Delivery::Cookie {
                cookies.clear(response.headers_mut());
            }
            Ok(response)
        }
    }
}

/// What a refusal says, as an answer.
fn there_is_none() -> Response {
    let mut response = ApiError::NoRefreshToken.into_response();
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().remove(header::WWW_AUTHENTICATE);
    response
}
