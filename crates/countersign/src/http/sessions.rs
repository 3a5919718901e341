//! `/api/sessions`: where the caller is signed in; end one, end all others (SE-6, SE-7).

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::caller::Caller;
use super::error::ApiError;
use super::path::Id;
use super::{App, cookie, detached};
use crate::Countersign;
use crate::id::{AccountId, SessionId};
use crate::session::Session;
use crate::store::{Store, Which};

/// A session as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionBody {
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    user_agent: Option<String>,
    address: Option<String>,
    created_at: String,
    last_used_at: String,
    expires_at: String,
}

#[derive(Serialize)]
pub(super) struct SessionsBody {
    sessions: Vec<SessionBody>,
}

pub(super) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<axum::Json<SessionsBody>, ApiError> {
    let Caller { account, session, context } = caller;
    list_of(&app.countersign, account, Some(session), context.now).await
}

/// An account's live sessions.
pub(super) async fn list_of<S: Store>(
    countersign: &Countersign<S>,
    account: AccountId,
    current: Option<SessionId>,
    now: crate::clock::Timestamp,
) -> Result<axum::Json<SessionsBody>, ApiError> {
    let policy = countersign.options().sessions;
    let body = |session: Session| SessionBody {
        id: session.id.to_string(),
        current: Some(session.id) == current,
        created_at: session.created_at.to_string(),
        last_used_at: session.rotated_at.to_string(),
        expires_at: session.ends_at(&policy).to_string(),
        user_agent: session.user_agent,
        address: session.address.map(|address| address.to_string()),
    };
    let sessions = countersign.store().list_sessions(Some(account), now, policy.max_sessions).await?;
    Ok(axum::Json(SessionsBody { sessions: sessions.into_iter().map(body).collect() }))
}

pub(super) async fn end<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let https = app.is_https();
    let ended =
        detached(async move { app.countersign.end_sessions(Which::OneOf(account, id), &context).await })
            .await??;
    if ended == 0 {
        return Err(ApiError::NotFound);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == session {
        response.headers_mut().insert(header::SET_COOKIE, cookie::clear(https));
    }
    Ok(response)
}

pub(super) async fn end_others<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    detached(async move { app.countersign.end_sessions(Which::OthersOf(account, session), &context).await })
        .await??;
    Ok(StatusCode::NO_CONTENT)
}
