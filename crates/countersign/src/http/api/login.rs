//! `POST /api/login`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::flows::login::LoginError;
use crate::http::api::passkey_answer::Answer;
use crate::http::api::second_step::respond_or_ask;
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::cookies::StepCookie;
use crate::http::edge::device::FromDevice;
use crate::http::error::api::ApiError;
use crate::http::token_response::Delivery;
use crate::model::device_cookie::DeviceCookie;
use crate::store::Store;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Login {
    username: Option<String>,
    password: Option<Zeroizing<String>>,
    /// In place of a name and a password.
    passkey: Option<Answer>,
    /// The password that replaces the current one (PP-7, PP-8).
    new_password: Option<Zeroizing<String>>,
    #[serde(default)]
    refresh_token_delivery: Delivery,
    /// What the access token is for, if not for the default audience.
    audience: Option<String>,
    /// The `deviceToken` of an earlier login, from a native app; browsers send it in a cookie.
    #[serde(default)]
    device_token: Option<String>,
    /// Whether its owner takes the account back, whose deletion they had asked for (AD-3).
    #[serde(default)]
    keep_account: bool,
}

impl Input for Login {
    const EXPECTED: &'static str = r#"a JSON object {"username": string, "password": string, or "passkey": {"ticket": string, "credential": object}, "newPassword"?: string, "refreshTokenDelivery"?: "cookie" or "body", "deviceToken"?: string, "audience"?: string, "keepAccount"?: boolean}"#;
}

pub(in crate::http) async fn login<S: Store>(
    State(app): State<App<S>>,
    FromDevice(mut context): FromDevice,
    headers: HeaderMap,
    Json(input): Json<Login>,
) -> Result<Response, ApiError> {
    context.now = app.countersign.clock().now();
    if let Some(token) = &input.device_token {
        context.device_cookie = DeviceCookie::from_browser(token);
    }
    let countersign = app.countersign();
    countersign.audience(input.audience.as_deref()).map_err(LoginError::from)?;
    let mut authenticated = match (&input.username, &input.password, &input.passkey) {
        (Some(name), Some(password), None) => countersign.authenticate(name, password, &context).await?,
        (None, None, Some(passkey)) => {
            let browser_hash = app.cookies.step(&headers).as_ref().map(StepCookie::hash);
            countersign.authenticate_by_passkey(passkey.of(browser_hash), &context).await?
        }
        _ => return Err(ApiError::Body { expected: Login::EXPECTED }),
    };
    if let Some(audience) = &input.audience {
        authenticated = countersign.with_audience(authenticated, audience)?;
    }
    if input.keep_account {
        authenticated = authenticated.take_back_account();
    }
    if let Some(new) = &input.new_password {
        authenticated = countersign.with_new_password(authenticated, new).await?;
    }
    let outcome = app.start_session(authenticated, &headers, context.clone()).await;
    let is_over = input.passkey.is_some() && outcome.is_ok();
    let mut response = respond_or_ask(&app, outcome, (input.refresh_token_delivery, &headers), &context)?;
    if is_over {
        response.headers_mut().append(header::SET_COOKIE, app.cookies.clear_step());
    }
    Ok(response)
}
