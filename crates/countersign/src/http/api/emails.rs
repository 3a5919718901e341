//! `/api/account/emails`: the addresses of the caller's account. Every change asks for the current password, or a passkey a moment
//! before: whoever reads the mail of an account sets its password, so an open session that somebody found must not be enough (SE-9).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::id::{AccountId, EmailId};
use crate::http::api::email::{address, with_flow};
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::edge::language::accept_language;
use crate::http::error::api::ApiError;
use crate::model::email::EmailAction;
use crate::store::Store;
use crate::wire::EmailView;

#[derive(Serialize)]
struct EmailsBody<'a> {
    emails: Vec<EmailView<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct AddEmail {
    address: String,
    current_password: Option<Zeroizing<String>>,
}

impl Input for AddEmail {
    const EXPECTED: &'static str = r#"a JSON object {"address": string, "currentPassword"?: string}"#;
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    emails_of(&app.countersign, caller.account).await
}

/// The addresses of an account.
pub(in crate::http) async fn emails_of<S: Store>(
    countersign: &Countersign<S>,
    account: AccountId,
) -> Result<Response, ApiError> {
    let emails = countersign.emails(account).await?;
    let emails = emails.iter().map(EmailView::new).collect();
    Ok(axum::Json(EmailsBody { emails }).into_response())
}

pub(in crate::http) async fn add<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    headers: HeaderMap,
    Json(input): Json<AddEmail>,
) -> Result<Response, ApiError> {
    let address = address(&input.address)?;
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let password = input.current_password.as_deref().map(String::as_str);
    let owner = app.countersign.check_new_email((account, session), password, &context).await?;
    let countersign = app.countersign.clone();
    let locale = countersign.asked_locale(accept_language(&headers)).map(|locale| locale.to_string());
    let add = async move { countersign.add_own_email(owner, (address, locale), &context).await };
    let (email, flow) = detached(add).await??;
    Ok(with_flow(&app, &flow, (StatusCode::ACCEPTED, axum::Json(EmailView::new(&email)))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct ChangeEmail {
    current_password: Option<Zeroizing<String>>,
}

impl Input for ChangeEmail {
    const EXPECTED: &'static str = r#"a JSON object {"currentPassword"?: string}"#;
}

pub(in crate::http) async fn make_primary<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<EmailId>,
    Json(input): Json<ChangeEmail>,
) -> Result<StatusCode, ApiError> {
    change(app, caller, EmailAction::MakePrimary(id), input).await
}

pub(in crate::http) async fn remove<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<EmailId>,
    Json(input): Json<ChangeEmail>,
) -> Result<StatusCode, ApiError> {
    change(app, caller, EmailAction::Remove(id), input).await
}

async fn change<S: Store>(
    app: App<S>,
    caller: Caller,
    action: EmailAction,
    input: ChangeEmail,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let countersign = app.countersign;
    let password = input.current_password.as_deref().map(String::as_str);
    let checked = countersign.check_email_change((account, session), action, password, &context).await?;
    detached(async move { countersign.change_own_email(checked, &context).await }).await??;
    Ok(StatusCode::NO_CONTENT)
}
