//! `/api/sessions`: where the caller is signed in; end one, end all others (SE-6, SE-7).

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Countersign;
use crate::base::id::{AccountId, SessionId};
use crate::http::app::App;
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::session::Session;
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
pub(in crate::http) struct SessionsBody {
    sessions: Vec<SessionBody>,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<axum::Json<SessionsBody>, ApiError> {
    let Caller { account, session, context } = caller;
    list_of(&app.countersign, account, Some(session), context.now).await
}

/// An account's live sessions.
pub(in crate::http) async fn list_of<S: Store>(
    countersign: &Countersign<S>,
    account: AccountId,
    current: Option<SessionId>,
    now: crate::base::clock::Timestamp,
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
    let sessions = countersign.list_sessions(Some(account), now, policy.max_sessions).await?;
    Ok(axum::Json(SessionsBody { sessions: sessions.into_iter().map(body).collect() }))
}

pub(in crate::http) async fn end<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let cookies = app.cookies;
    let ended =
        detached(async move { app.countersign.end_sessions(Which::OneOf(account, id), &context).await })
            .await??;
    if ended == 0 {
        return Err(ApiError::NotFound);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == session {
        response.headers_mut().insert(header::SET_COOKIE, cookies.clear());
    }
    Ok(response)
}

pub(in crate::http) async fn end_others<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    detached(async move { app.countersign.end_sessions(Which::OthersOf(account, session), &context).await })
        .await??;
    Ok(StatusCode::NO_CONTENT)
}
