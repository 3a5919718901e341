//! The access log (`log.access`): a line for each request, with what finds it again. It has the route as
//! it stands in the route table, not the path, and neither query nor headers: all of these can hold what
//! somebody typed (LG-1).

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use countersign::Clock;
use countersign::http::{client_address, trace_parent};
use ipnet::IpNet;
use tracing::field::display;

use crate::logging::ACCESS;

/// What the access log needs beside the request.
#[derive(Clone, Debug)]
pub(crate) struct AccessLog {
    pub(crate) clock: Clock,
    pub(crate) proxies: Vec<IpNet>,
}

/// Writes the line when the response begins.
pub(crate) async fn write(State(log): State<AccessLog>, request: Request, next: Next) -> Response {
    let began = log.clock.monotonic();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let address = client_address(request.extensions(), request.headers(), &log.proxies).map(display);
    let trace_id = trace_parent(request.headers()).map(|parent| parent.trace_id.to_owned());
    let response = next.run(request).await;
    let micros = log.clock.monotonic().saturating_sub(began).as_micros();
    let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let (route, status) = (route.as_ref().map(MatchedPath::as_str), response.status().as_u16());
    tracing::info!(target: ACCESS, %method, route, status, micros, address, request_id, trace_id, "request");
    response
}
