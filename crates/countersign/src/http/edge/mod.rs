//! What every request passes, and every answer: a name, the rules about foreign pages, the headers. One layer around all
//! routes, because each layer costs every request.
//!
//! The name is in the answer, in the audit log (LG-4), and in the log line of a failure. It is always our own, so that no
//! client can give its request the name of another.

pub(in crate::http) mod caller;
pub(in crate::http) mod client_address;
mod csrf;
pub(in crate::http) mod headers;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::base::id::RequestId;
use crate::http::app::App;
use crate::http::edge::headers::add_security_headers;
use crate::http::error::Failure;
use crate::store::Store;

pub(in crate::http) async fn pass<S: Store>(
    State(app): State<App<S>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::random(&app.request_ids);
    request.extensions_mut().insert(id);
    let mut response = csrf::protect(&app, request, next).await;
    if let Some(Failure { code, error }) = response.extensions_mut().remove() {
        tracing::error!(request_id = %id, code, error, "request failed");
    }
    #[expect(clippy::expect_used, reason = "an id is hexadecimal digits and hyphens")]
    let value = HeaderValue::try_from(id.to_string()).expect("printable ASCII");
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, value);
    add_security_headers(headers, app.is_https());
    response
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
