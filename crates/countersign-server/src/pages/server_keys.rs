//! `/assets/server-keys.js`: a script with everything that verifies this server's tokens. The debugger loads
//! it with the page, because the page may make no request (HD-7) and cannot fetch the JWK Set.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign::http::ApiError;
use serde_json::{Value, json};

use crate::serve::instance::Instance;

pub(crate) fn router(instance: Arc<Instance>) -> Router {
    Router::new().route("/assets/server-keys.js", get(script)).with_state(instance)
}

/// Contains only what the JWK Set and the metadata publish too.
async fn script(State(instance): State<Arc<Instance>>) -> Result<Response, ApiError> {
    let keys = instance.jwk_set(instance.clock().now())?.to_json();
    let options = instance.options();
    let known = json!({
        "issuer": options.issuer,
        "audience": options.audiences.default.name,
        "type": options.audiences.default.token_type.header_value(),
        "jwks": serde_json::from_str::<Value>(&keys).map_err(|_| ApiError::Internal)?,
    });
    // JSON is a subset of JavaScript's expressions since ES2019.
    let mut response = format!("export default {known};\n").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
