//! `/api/sessions`: lists the caller's sessions, ends one, ends all others (SE-6, SE-7).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::Countersign;
use crate::base::id::{AccountId, SessionId};
use crate::http::app::App;
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::session::SessionSelector;
use crate::store::Store;
use crate::wire::SessionView;

#[derive(Serialize)]
struct SessionsBody<'a> {
    sessions: Vec<SessionView<'a>>,
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    list_of(&app.countersign, caller.account, &caller).await
}

/// The live sessions of an account, with the caller's own marked.
pub(in crate::http) async fn list_of<S: Store>(
    countersign: &Countersign<S>,
    account: AccountId,
    caller: &Caller,
) -> Result<Response, ApiError> {
    let policy = countersign.options().sessions;
    let (now, limit) = (caller.context.now, countersign.most_sessions());
    let sessions = countersign.list_sessions(Some(account), now, limit).await?;
    let view = |session| SessionView::new(session, &policy, Some(caller.session));
    Ok(axum::Json(SessionsBody { sessions: sessions.iter().map(view).collect() }).into_response())
}

pub(in crate::http) async fn end<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Result<Response, ApiError> {
    let Caller { account, session, context } = caller;
    let cookies = app.cookies;
    let ended =
        detached(
            async move { app.countersign.end_sessions(SessionSelector::OneOf(account, id), &context).await },
        )
        .await??;
    if ended == 0 {
        return Err(ApiError::NotFound);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if id == session {
        cookies.clear(response.headers_mut());
    }
    Ok(response)
}

pub(in crate::http) async fn end_others<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    detached(async move {
        app.countersign.end_sessions(SessionSelector::OthersOf(account, session), &context).await
    })
    .await??;
    Ok(StatusCode::NO_CONTENT)
}
