//! `/api/admin/invitations`: accounts that are offered by mail, and `/api/admin/users/{id}/emails`: the addresses of an account,
//! and the mails that an administrator can have sent to them. An administrator sees who has which address, so nothing is hidden.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::base::id::{AccountId, EmailId, TicketId};
use crate::http::api::email::address;
use crate::http::api::emails::emails_of;
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::body::path::{Id, Ids};
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::account::{InvalidRole, Role};
use crate::store::Store;
use crate::wire::InvitationView;

#[derive(Serialize)]
struct InvitationsBody<'a> {
    invitations: Vec<InvitationView<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Invite {
    address: String,
    role: Option<String>,
}

impl Input for Invite {
    const EXPECTED: &'static str = r#"a JSON object {"address": string, "role"?: string}"#;
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let found = app.countersign.invitations(app.at_this_moment(caller.context).now).await?;
    let invitations = found.iter().map(InvitationView::new).collect();
    Ok(axum::Json(InvitationsBody { invitations }).into_response())
}

pub(in crate::http) async fn invite<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<Invite>,
) -> Result<Response, ApiError> {
    let address = address(&input.address)?;
    let invalid = |error: InvalidRole| ApiError::Value(error.to_string().into());
    let role = input.role.as_deref().map(Role::parse).transpose().map_err(invalid)?.unwrap_or_default();
    let context = app.at_this_moment(caller.context);
    let invite = async move { app.countersign.invite(&address, &role, &context).await };
    let invitation = detached(invite).await??;
    Ok((StatusCode::CREATED, axum::Json(InvitationView::new(&invitation))).into_response())
}

pub(in crate::http) async fn withdraw<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<TicketId>,
) -> Result<StatusCode, ApiError> {
    let context = app.at_this_moment(caller.context);
    let is_done = detached(async move { app.countersign.withdraw_invitation(id, &context).await }).await??;
    if is_done { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound) }
}

pub(in crate::http) async fn emails<S: Store>(
    State(app): State<App<S>>,
    Id(id): Id<AccountId>,
) -> Result<Response, ApiError> {
    app.countersign.find_account(id).await?.ok_or(ApiError::NotFound)?;
    emails_of(&app.countersign, id).await
}

pub(in crate::http) async fn send_verification<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Ids(id, email): Ids<AccountId, EmailId>,
) -> Result<StatusCode, ApiError> {
    let context = app.at_this_moment(caller.context);
    detached(async move { app.countersign.send_verification(id, email, &context).await }).await??;
    Ok(StatusCode::ACCEPTED)
}

pub(in crate::http) async fn send_reset<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, ApiError> {
    let context = app.at_this_moment(caller.context);
    detached(async move { app.countersign.send_reset(id, &context).await }).await??;
    Ok(StatusCode::ACCEPTED)
}
