//! `/assets/server-keys.js`: a script with everything that verifies this server's tokens. The debugger loads
//! it with the page, because the page may make no request (HD-7) and cannot fetch the JWK Set.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::http::app::App;
use crate::http::error::api::ApiError;
use crate::store::Store;

/// Contains only what the JWK Set and the metadata publish too.
pub(super) async fn script<S: Store>(State(app): State<App<S>>) -> Result<Response, ApiError> {
    let countersign = app.countersign();
    let keys = countersign.jwk_set(countersign.clock().now())?.to_json();
    let options = countersign.options();
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
