//! The routes of administrators: accounts, invitations, keys, audit log. The audit log names the administrator who made a change.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_guard::Refusal;

use crate::http::app::App;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::store::Store;

pub(super) mod api_keys;
pub(super) mod audit;
pub(super) mod followers;
pub(super) mod invitations;
pub(super) mod keys;
pub(super) mod overview;
pub(super) mod second_factors;
pub(super) mod users;

/// Asks the store whether the caller is still an administrator. The access token says so for minutes after the role is
/// gone: time enough to take the role back.
pub(super) async fn still_administers<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    match app.countersign.find_account(caller.account).await {
        Ok(Some(account)) if account.role.is_admin() && account.is_enabled() => next.run(request).await,
        Ok(_) => ApiError::from(Refusal::RoleRequired).into_response(),
        Err(error) => ApiError::from(error).into_response(),
    }
}
