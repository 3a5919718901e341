//! `GET /api/profile`: what the access token says, from the token alone. `GET /api/user`: what the store says now.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_guard::AccessClaims;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::http::app::App;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::account::Account;
use crate::store::Store;

/// All claims of the token, with `sub` again under the name that the login's answer uses.
struct Profile<'a>(&'a AccessClaims);

impl Serialize for Profile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("userId", self.0.subject())?;
        for (name, value) in self.0.claims() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct UserBody<T> {
    user: T,
}

pub(in crate::http) async fn profile(claims: AccessClaims) -> Response {
    axum::Json(UserBody { user: Profile(&claims) }).into_response()
}

/// An account as the API shows it.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct AccountBody {
    user_id: String,
    username: String,
    role: String,
    claims: serde_json::Map<String, serde_json::Value>,
    disabled: bool,
    password_change_required: bool,
    created_at: String,
}

impl From<Account> for AccountBody {
    fn from(account: Account) -> Self {
        Self {
            user_id: account.id.to_string(),
            disabled: !account.is_enabled(),
            password_change_required: account.password_change_required,
            username: account.username.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            claims: account.claims.as_map().clone(),
            created_at: account.created_at.to_string(),
        }
    }
}

pub(in crate::http) async fn user<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let account = app.countersign.find_account(caller.account).await?.ok_or(ApiError::NotFound)?;
    Ok(axum::Json(UserBody { user: AccountBody::from(account) }).into_response())
}
