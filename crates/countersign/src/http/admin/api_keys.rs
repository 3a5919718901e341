//! `/api/admin/users/{id}/keys`: lists, makes and revokes the API keys of any account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::base::id::{AccountId, ApiKeyId};
use crate::http::api::keys::{MakeKey, list_of, made_key, revoke_of};
use crate::http::app::App;
use crate::http::body::json::Json;
use crate::http::body::path::{Id, Ids};
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::store::Store;

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<Response, ApiError> {
    list_of(&app.countersign, id, caller.context.now).await
}

pub(in crate::http) async fn make<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<AccountId>,
    Json(input): Json<MakeKey>,
) -> Result<Response, ApiError> {
    let (spec, password) = input.read()?;
    if password.is_some() {
        return Err(ApiError::Value("`currentPassword` is for one's own keys".into()));
    }
    let now = caller.context.now;
    let made = detached(async move { app.countersign.add_api_key(id, spec, &caller.context).await });
    Ok(made_key(&made.await??, now))
}

pub(in crate::http) async fn revoke<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Ids(id, key): Ids<AccountId, ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    revoke_of(app, id, key, caller).await
}
