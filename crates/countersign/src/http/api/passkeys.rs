//! Passkeys: what a browser gets before it asks its authenticators, and new ones. What it answers goes where a password and a code go:
//! `/api/login`, `/api/login/factor`, and the changes of factors.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::flows::login::LoginError;
use crate::flows::passkey::{PasskeyAnswer, PasskeyRequest};
use crate::flows::passkey_check::NewPasskey;
use crate::flows::passkey_error::PasskeyError;
use crate::flows::second_factor_change::SecondFactorError;
use crate::http::api::passkey_answer::Answer;
use crate::http::api::second_factors::{Owner, added};
use crate::http::api::second_step::{FirstStep, resume};
use crate::http::app::App;
use crate::http::body::json::{Input, Json, OptionalJson};
use crate::http::cookies::StepCookie;
use crate::http::detached::detached;
use crate::http::edge::caller::{Anonymous, Caller};
use crate::http::error::api::ApiError;
use crate::http::token_response::Delivery;
use crate::model::second_factor::PasskeyUse;
use crate::store::Store;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestBody {
    ticket: String,
    expires_in: u64,
    public_key: Value,
}

fn asked(request: Result<PasskeyRequest, PasskeyError>) -> Result<Response, ApiError> {
    let PasskeyRequest { ticket, public_key } = request.map_err(LoginError::from)?;
    let expires_in = PasskeyRequest::LIFETIME.as_secs();
    Ok(axum::Json(RequestBody { ticket, expires_in, public_key }).into_response())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Ask {
    #[serde(default)]
    refresh_token_delivery: Delivery,
}

impl Input for Ask {
    const EXPECTED: &'static str = r#"a JSON object {"refreshTokenDelivery"?: "cookie" or "body"}"#;
}

/// Asks for any passkey, of whoever is there. The answer is good in this browser alone.
pub(in crate::http) async fn ask<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    OptionalJson(input): OptionalJson<Ask>,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(context);
    let cookie = (input.refresh_token_delivery == Delivery::Cookie)
        .then(|| app.cookies.step(&headers).unwrap_or_else(|| StepCookie::random(&app.countersign.random)));
    let browser_hash = cookie.as_ref().map(StepCookie::hash);
    let mut response = asked(app.countersign.ask_for_passkey(browser_hash, &context))?;
    if let Some(cookie) = &cookie {
        response.headers_mut().append(header::SET_COOKIE, app.cookies.set_step(cookie));
    }
    Ok(response)
}

/// Asks somebody whose sign-in waits for one for a passkey of the account.
pub(in crate::http) async fn ask_in_second_step<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    Json(input): Json<FirstStep>,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(context);
    let (authenticated, browser_hash) = resume(&app, &input.ticket, &headers, &context).await?;
    let account = authenticated.account().id;
    let purpose = (PasskeyUse::SecondStep(account), browser_hash);
    asked(app.countersign.ask_for_one_of(account, purpose, &context).await)
}

/// Offers a passkey to somebody whose sign-in waits for a second factor. Nothing is stored.
pub(in crate::http) async fn offer_in_second_step<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    Json(input): Json<FirstStep>,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(context);
    let (authenticated, browser_hash) = resume(&app, &input.ticket, &headers, &context).await?;
    asked(app.countersign.offer_passkey(authenticated.account(), browser_hash, &context).await)
}

/// Asks the caller for one of their own passkeys.
pub(in crate::http) async fn ask_owner<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(caller.context);
    asked(app.countersign.ask_owner_for_passkey(caller.account, &context).await)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Offer {
    #[serde(default)]
    second_step_only: bool,
}

impl Input for Offer {
    const EXPECTED: &'static str = r#"a JSON object {"secondStepOnly"?: boolean}"#;
}

/// Offers a passkey to the caller. Nothing is stored.
pub(in crate::http) async fn offer<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    OptionalJson(input): OptionalJson<Offer>,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(caller.context);
    let account = app.countersign.find_account(caller.account).await?.ok_or(ApiError::NotFound)?;
    let request = if input.second_step_only {
        app.countersign.offer_security_key(&account, &context).await
    } else {
        app.countersign.offer_passkey(&account, None, &context).await
    };
    asked(request)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct AddPasskey {
    ticket: String,
    credential: Value,
    #[serde(default)]
    name: String,
    current_password: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
    recovery_code: Option<Zeroizing<String>>,
    passkey: Option<Answer>,
}

impl Input for AddPasskey {
    const EXPECTED: &'static str = r#"a JSON object {"ticket": string, "credential": object, "name"?: string, "currentPassword"?: string, "code"?: string, "recoveryCode"?: string, "passkey"?: {"ticket": string, "credential": object}}"#;
}

pub(in crate::http) async fn add<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<AddPasskey>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    if app.countersign.relying_party().is_none() {
        return Err(ApiError::NotFound);
    }
    let AddPasskey { ticket, credential, name, current_password, code, recovery_code, passkey } = input;
    let owner = Owner { current_password, code, recovery_code, passkey };
    let owner = owner.check(&app, (account, session), &context).await?;
    let add = async move {
        let answer = PasskeyAnswer { ticket: &ticket, credential: &credential, browser_hash: None };
        app.countersign.add_passkey(owner, NewPasskey { answer, name: &name }, &context).await
    };
    let (factor, codes) = detached::<Result<_, SecondFactorError>>(add).await??;
    Ok((StatusCode::CREATED, added(&factor, &codes)).into_response())
}
