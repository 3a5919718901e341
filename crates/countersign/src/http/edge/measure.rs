//! Counts each request for metrics: by its method, its route as it stands in the router, and the status. Neither the path nor
//! anything else that a client chose freely is kept.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};

use crate::http::app::App;
use crate::store::Store;

/// A request that is being handled.
pub(super) struct Measured {
    method: &'static str,
    route: Option<MatchedPath>,
    began: Duration,
}

impl Measured {
    pub(super) fn begin<S: Store>(app: &App<S>, request: &Request) -> Self {
        Self {
            method: known_method(request.method()),
            route: request.extensions().get().cloned(),
            began: app.countersign.clock().monotonic(),
        }
    }

    /// Counts it, when its response begins.
    pub(super) fn end<S: Store>(self, app: &App<S>, status: StatusCode) {
        let route = self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        let duration = app.countersign.clock().monotonic().saturating_sub(self.began);
        app.countersign.figures.requests.observe(self.method, route, status.as_u16(), duration);
    }
}

/// A method for figures and traces: one of RFC 9110 §9 and RFC 5789, or `_OTHER` for those that a client has made up.
#[must_use]
pub fn known_method(method: &Method) -> &'static str {
    const KNOWN: [(&str, Method); 9] = [
        ("GET", Method::GET),
        ("POST", Method::POST),
        ("PUT", Method::PUT),
        ("PATCH", Method::PATCH),
        ("DELETE", Method::DELETE),
        ("HEAD", Method::HEAD),
        ("OPTIONS", Method::OPTIONS),
        ("CONNECT", Method::CONNECT),
        ("TRACE", Method::TRACE),
    ];
    KNOWN.iter().find(|(_, known)| known == method).map_or("_OTHER", |(name, _)| name)
}

/// A path that no route matches.
const NO_ROUTE: &str = "unmatched";
