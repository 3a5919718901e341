//! A name for each request: in its answer, in the audit log (LG-4), and in the log line of its failure. It is always our
//! own, so that no client can give its request the name of another.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::App;
use super::error::Failure;
use crate::id::RequestId;
use crate::store::Store;

/// Names the request, for the handlers in its extensions, and logs why it failed if it did.
pub(super) async fn name<S: Store>(State(app): State<App<S>>, mut request: Request, next: Next) -> Response {
    let id = RequestId::random(&app.countersign.random);
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    if let Some(Failure { code, error }) = response.extensions_mut().remove() {
        tracing::error!(request_id = %id, code, error, "request failed");
    }
    #[expect(clippy::expect_used, reason = "an id is hexadecimal digits and hyphens")]
    let value = HeaderValue::try_from(id.to_string()).expect("printable ASCII");
    response.headers_mut().insert(X_REQUEST_ID, value);
    response
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
