//! `/api/admin/keys`: the signing keys and their states; make the next one.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::flows::keys::Activation;
use crate::http::app::App;
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
