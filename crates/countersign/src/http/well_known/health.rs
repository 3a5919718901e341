//! `/healthz`: the process responds. `/readyz`: it can sign tokens, and read and write the store (LM-9).

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::http::app::App;
use crate::http::error::api::ApiError;
use crate::store::Store;

pub(in crate::http) async fn healthz<S: Store>(State(app): State<App<S>>) -> Response {
    let mode = if app.options.development { "development" } else { "production" };
    axum::Json(serde_json::json!({ "status": "ok", "mode": mode })).into_response()
}

pub(in crate::http) async fn readyz<S: Store>(State(app): State<App<S>>) -> Result<Response, ApiError> {
    app.countersign.check_ready(app.countersign.clock().now()).await?;
    Ok(axum::Json(serde_json::json!({ "status": "ready" })).into_response())
}
