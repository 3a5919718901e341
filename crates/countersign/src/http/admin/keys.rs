//! `/api/admin/keys`: the signing keys and their states; make the next one, withdraw one.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::flows::key_withdrawal::WithdrawKeyError;
use crate::flows::keys::Activation;
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::store::Store;
use crate::wire::KeyView;

#[derive(Serialize)]
struct KeysBody<'a> {
    keys: Vec<KeyView<'a>>,
}

pub(in crate::http) async fn list<S: Store>(State(app): State<App<S>>) -> Response {
    let keys = app.countersign.list_keys(app.countersign.clock().now());
    axum::Json(KeysBody { keys: keys.iter().map(KeyView::from).collect() }).into_response()
}

pub(in crate::http) async fn rotate<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let rotate = async move { app.countersign.rotate_keys(Activation::WhenPublished, &caller.context).await };
    let keys = detached(rotate).await??;
    // The default audience's; the list has the others.
    Ok(axum::Json(keys.first().map(KeyView::from)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct WithdrawKey {
    kid: String,
}

impl Input for WithdrawKey {
    const EXPECTED: &'static str = r#"a JSON object {"kid": string}"#;
}

/// Gives the keys that sign in its place.
pub(in crate::http) async fn withdraw<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<WithdrawKey>,
) -> Result<Response, ApiError> {
    let withdraw = async move { app.countersign.withdraw_key(&input.kid, &caller.context).await };
    let made = detached(withdraw).await?.map_err(|error| match error {
        WithdrawKeyError::Unknown => ApiError::NotFound,
        WithdrawKeyError::Keys(error) => error.into(),
    })?;
    Ok(axum::Json(KeysBody { keys: made.iter().map(KeyView::from).collect() }).into_response())
}
