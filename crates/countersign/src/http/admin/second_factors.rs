//! `/api/admin/users/{id}/factors`: what an account has beside its password, and taking it away from somebody who has lost it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::base::id::AccountId;
use crate::http::api::second_factors::factors_of;
use crate::http::app::App;
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::store::Store;

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<Response, ApiError> {
    let context = app.at_this_moment(caller.context);
    factors_of(&app.countersign, id, &context).await
}

pub(in crate::http) async fn reset<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, ApiError> {
    let context = app.at_this_moment(caller.context);
    let account = app.countersign.find_account(id).await?.ok_or(ApiError::NotFound)?;
    detached(async move { app.countersign.reset_second_factors(&account, &context).await }).await??;
    Ok(StatusCode::NO_CONTENT)
}
