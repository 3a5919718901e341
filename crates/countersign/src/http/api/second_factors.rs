//! `/api/account/factors`: what the caller's account has beside its password. Every change that could lock its owner out, or let
//! somebody else in, asks for the current password, and for a code or a passkey where there is one (MF-5).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::id::{AccountId, FactorId, SessionId, TrustedDeviceId};
use crate::flows::second_factor::NewAuthenticator;
use crate::flows::second_factor_change::CheckedOwner;
use crate::http::api::passkey_answer::Answer;
use crate::http::api::second_step::{offered, shown};
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::model::second_factor::{RecoveryCode, SecondFactor};
use crate::store::Store;
use crate::wire::{FactorView, TrustedDeviceView};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactorsBody<'a> {
    factors: Vec<FactorView<'a>>,
    recovery_codes_left: usize,
    trusted_devices: Vec<TrustedDeviceView<'a>>,
    /// Whether the account has to have an authenticator.
    required: bool,
    /// What a browser needs to tell password managers which passkeys there are (WebAuthn §5.1.10).
    #[serde(skip_serializing_if = "Option::is_none")]
    passkeys: Option<SiteBody<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SiteBody<'a> {
    rp_id: &'a str,
    user_handle: String,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(caller.context);
    factors_of(&app.countersign, caller.account, &context).await
}

/// What an account has.
pub(in crate::http) async fn factors_of<S: Store>(
    countersign: &Countersign<S>,
    account: AccountId,
    context: &Context,
) -> Result<Response, ApiError> {
    let found = countersign.find_account(account).await?.ok_or(ApiError::NotFound)?;
    let held = countersign.second_factors(account).await?;
    let trusted = held.devices.iter().filter(|device| context.now < device.expires_at);
    let body = FactorsBody {
        factors: held.factors.iter().map(FactorView::new).collect(),
        recovery_codes_left: held.codes.len(),
        trusted_devices: trusted.map(TrustedDeviceView::new).collect(),
        required: countersign.options().second_factor.policy.requires(&found.role, context.now),
        passkeys: countersign.relying_party().map(|site| SiteBody {
            rp_id: site.id().as_str(),
            user_handle: countersign.user_handle(account, &held).to_base64url(),
        }),
    };
    Ok(axum::Json(body).into_response())
}

/// Offers an authenticator. Nothing is stored.
pub(in crate::http) async fn offer<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(caller.context);
    Ok(offered(&app.countersign.offer_own_authenticator(caller.account, &context).await?))
}

/// What the owner of an account shows for a change.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct Owner {
    pub(in crate::http) current_password: Option<Zeroizing<String>>,
    pub(in crate::http) code: Option<Zeroizing<String>>,
    pub(in crate::http) recovery_code: Option<Zeroizing<String>>,
    pub(in crate::http) passkey: Option<Answer>,
}

impl Input for Owner {
    const EXPECTED: &'static str = r#"a JSON object {"currentPassword"?: string, "code"?: string, "recoveryCode"?: string, "passkey"?: {"ticket": string, "credential": object}}"#;
}

impl Owner {
    pub(in crate::http) async fn check<S: Store>(
        &self,
        app: &App<S>,
        caller: (AccountId, SessionId),
        context: &Context,
    ) -> Result<CheckedOwner, ApiError> {
        let passkey = self.passkey.as_ref().map(|answer| answer.of(None));
        let shown = shown(self.code.as_ref(), self.recovery_code.as_ref(), passkey)?;
        let password = self.current_password.as_deref().map(String::as_str);
        Ok(app.countersign.check_owner_with_factor(caller, password, shown, context).await?)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct AddFactor {
    enrolment: Zeroizing<String>,
    /// The first code of the authenticator that is added.
    new_code: Zeroizing<String>,
    #[serde(default)]
    name: String,
    current_password: Option<Zeroizing<String>>,
    code: Option<Zeroizing<String>>,
    recovery_code: Option<Zeroizing<String>>,
    passkey: Option<Answer>,
}

impl Input for AddFactor {
    const EXPECTED: &'static str = r#"a JSON object {"enrolment": string, "newCode": string, "name"?: string, "currentPassword"?: string, "code"?: string, "recoveryCode"?: string, "passkey"?: {"ticket": string, "credential": object}}"#;
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddedBody<'a> {
    factor: FactorView<'a>,
    /// New recovery codes, shown once; empty if the account has some.
    recovery_codes: Vec<Zeroizing<String>>,
}

pub(in crate::http) async fn add<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<AddFactor>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let AddFactor { enrolment, new_code, name, current_password, code, recovery_code, passkey } = input;
    let owner = Owner { current_password, code, recovery_code, passkey };
    let owner = owner.check(&app, (account, session), &context).await?;
    let add = async move {
        let new = NewAuthenticator { token: &enrolment, code: &new_code, name: &name };
        app.countersign.add_authenticator(owner, new, &context).await
    };
    let (factor, codes) = detached(add).await??;
    Ok((StatusCode::CREATED, added(&factor, &codes)).into_response())
}

/// What an account has from now on.
pub(in crate::http) fn added(factor: &SecondFactor, codes: &[RecoveryCode]) -> Response {
    axum::Json(AddedBody { factor: FactorView::new(factor), recovery_codes: texts(codes) }).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Rename {
    name: String,
}

impl Input for Rename {
    const EXPECTED: &'static str = r#"a JSON object {"name": string}"#;
}

pub(in crate::http) async fn rename<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<FactorId>,
    Json(input): Json<Rename>,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let rename = async move {
        app.countersign.rename_authenticator((account, session), id, &input.name, &context).await
    };
    detached(rename).await??;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::http) async fn remove<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<FactorId>,
    Json(input): Json<Owner>,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let owner = input.check(&app, (account, session), &context).await?;
    detached(async move { app.countersign.remove_authenticator(owner, id, &context).await }).await??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodesBody {
    recovery_codes: Vec<Zeroizing<String>>,
}

/// Makes new recovery codes in the place of all others.
pub(in crate::http) async fn renew_codes<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<Owner>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let owner = input.check(&app, (account, session), &context).await?;
    let renew = async move { app.countersign.renew_recovery_codes(owner, &context).await };
    let codes = detached(renew).await??;
    Ok(axum::Json(CodesBody { recovery_codes: texts(&codes) }).into_response())
}

pub(in crate::http) async fn forget_device<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<TrustedDeviceId>,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let forget = async move { app.countersign.forget_device((account, session), id, &context).await };
    detached(forget).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes in the caller's session that its owner is there: the tokens of the next refresh say so (RFC 9470).
pub(in crate::http) async fn reauthenticate<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<Owner>,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let owner = input.check(&app, (account, session), &context).await?;
    detached(async move { app.countersign.reauthenticate(owner, &context).await }).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// As their owner writes them down. Secret.
fn texts(codes: &[RecoveryCode]) -> Vec<Zeroizing<String>> {
    codes.iter().map(RecoveryCode::to_secret_text).collect()
}
