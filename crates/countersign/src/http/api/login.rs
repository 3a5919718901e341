//! `POST /api/login`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::flows::issue::SignedIn;
use crate::http::body::json::{Input, Json};
use crate::http::edge::caller::Anonymous;
use crate::http::error::ApiError;
use crate::http::{App, cookies, detached};
use crate::model::device_cookie::DeviceCookie;
use crate::store::Store;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Login {
    username: String,
    password: Zeroizing<String>,
    /// What the password is to be from now on (PP-7, PP-8).
    new_password: Option<Zeroizing<String>>,
    #[serde(default)]
    refresh_token_delivery: Delivery,
    /// What a login gave a native app as `deviceToken`; browsers have it in a cookie.
    #[serde(default)]
    device_token: Option<String>,
}

/// How the client wants to get its refresh token.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum Delivery {
    /// In an httpOnly cookie, which no script can read: for browsers.
    #[default]
    Cookie,
    /// In the body: for native apps, which have no cookie jar and a safer place.
    Body,
}

impl Input for Login {
    const EXPECTED: &'static str = r#"a JSON object {"username": string, "password": string, "newPassword"?: string, "refreshTokenDelivery"?: "cookie" or "body", "deviceToken"?: string}"#;
}

pub(in crate::http) async fn login<S: Store>(
    State(app): State<App<S>>,
    Anonymous(mut context): Anonymous,
    headers: HeaderMap,
    Json(input): Json<Login>,
) -> Result<Response, ApiError> {
    let https = app.is_https();
    context.now = app.countersign.clock().now();
    if let Some(token) = &input.device_token {
        context.device_cookie = DeviceCookie::from_browser(token);
    }
    let countersign = app.countersign;
    let mut authenticated = countersign.authenticate(&input.username, &input.password, &context).await?;
    if let Some(new) = &input.new_password {
        authenticated = countersign.with_new_password(authenticated, new).await?;
    }
    // Two cookies name no one session to replace; that must not keep anybody from signing in.
    let replaces =
        cookies::refresh_token(&headers, https).ok().flatten().map(|text| Zeroizing::new(text.to_owned()));
    let now = context.now;
    let start = async move {
        let replaces = replaces.as_ref().map(|text| text.as_str());
        countersign.start_session(authenticated, replaces, &context).await
    };
    let signed_in = detached(start).await??;
    Ok(answer(&signed_in, input.refresh_token_delivery, now, https))
}

/// The answer to a login and to a refresh.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedInBody<'a> {
    access_token: &'a str,
    /// The same again, under the name that the simplest clients look for.
    token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<&'a str>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(rename = "userId")]
    id: String,
    username: &'a str,
    role: &'a str,
}

pub(in crate::http) fn answer(
    signed_in: &SignedIn,
    delivery: Delivery,
    now: Timestamp,
    https: bool,
) -> Response {
    let SignedIn { account, access, refresh, device, .. } = signed_in;
    let body = SignedInBody {
        access_token: &access.token,
        token: &access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        user: User {
            id: account.id.to_string(),
            username: account.username.as_str(),
            role: account.role.as_str(),
        },
        refresh_token: refresh
            .as_ref()
            .filter(|_| delivery == Delivery::Body)
            .map(|refresh| refresh.token.as_str()),
        device_token: device.as_ref().filter(|_| delivery == Delivery::Body).map(DeviceCookie::as_str),
    };
    let mut response = axum::Json(body).into_response();
    if let (Delivery::Cookie, Some(refresh)) = (delivery, refresh) {
        response.headers_mut().insert(header::SET_COOKIE, cookies::set(refresh, now, https));
    }
    if let (Delivery::Cookie, Some(device)) = (delivery, device) {
        response.headers_mut().append(header::SET_COOKIE, cookies::set_device(device, https));
    }
    response
}
