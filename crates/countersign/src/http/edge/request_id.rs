//! The request ID: in the response, in the audit log (LG-4), and, by the span around the request, in each of its log
//! lines. The server generates it, so no client can give its request the ID of another.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

use crate::base::id::RequestId;

/// The span around a request. Its level is the highest, so that no choice of a log level takes the ID off a line.
/// Beside it the ID of the trace that the client or its proxy has begun.
pub(super) fn span(id: RequestId, trace_id: Option<&str>) -> Span {
    tracing::error_span!("request", request_id = %id, trace_id)
}

pub(super) fn add_header(headers: &mut HeaderMap, id: RequestId) {
    #[expect(clippy::expect_used, reason = "an ID is hexadecimal digits and hyphens")]
    let value = HeaderValue::try_from(id.to_string()).expect("printable ASCII");
    headers.insert(X_REQUEST_ID, value);
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
