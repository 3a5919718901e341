//! `GET /api/profile`: the claims of the access token, without the store. `GET /api/user`: the account as it is now.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_guard::AccessClaims;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::http::app::App;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::store::Store;
use crate::wire::AccountView;

/// All claims of the token, and `sub` again under the name that a token response uses.
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

/// The envelope of one account.
#[derive(serde::Serialize)]
pub(in crate::http) struct UserBody<T> {
    pub(in crate::http) user: T,
}

pub(in crate::http) async fn profile(claims: AccessClaims) -> Response {
    axum::Json(UserBody { user: Profile(&claims) }).into_response()
}

pub(in crate::http) async fn user<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let account = app.countersign.find_account(caller.account).await?.ok_or(ApiError::NotFound)?;
    Ok(axum::Json(UserBody { user: AccountView::from(&account) }).into_response())
}
