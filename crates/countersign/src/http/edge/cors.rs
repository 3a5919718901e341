//! Lets configured front ends on other origins read responses, and answers their preflights (CS-5). It grants reading
//! only; whether a request may change anything is decided in `csrf`.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::edge::origins::Origins;

/// The part of a request that CORS depends on.
pub(super) struct Cors {
    /// The request's origin if it may read the response.
    reader: Option<HeaderValue>,
    is_preflight: bool,
}

impl Cors {
    pub(super) fn of(method: &Method, headers: &HeaderMap, origins: &Origins<'_>) -> Self {
        Self {
            reader: origins.front_end(headers).cloned(),
            is_preflight: *method == Method::OPTIONS
                && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        }
    }

    /// Lets every origin read the response of a route for which no cookie counts: what a page can read then, it has brought the
    /// secret for. The origin and not `*`, which browsers refuse to libraries that send cookies with everything (keycloak-js).
    pub(super) fn open_to_all(&mut self, headers: &HeaderMap) {
        self.reader = headers.get(header::ORIGIN).cloned();
    }

    /// The response, without its headers, if this is a configured front end's preflight.
    pub(super) fn preflight(&self) -> Option<Response> {
        (self.is_preflight && self.reader.is_some()).then(|| StatusCode::NO_CONTENT.into_response())
    }

    /// Whether this is the preflight of a page that is not a configured front end's.
    pub(super) const fn is_refused_preflight(&self) -> bool {
        self.is_preflight && self.reader.is_none()
    }

    /// Adds `Vary` always: a cache must not give one origin's response to another.
    pub(super) fn add_headers(self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.reader else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        if self.is_preflight {
            for (name, value) in FOR_PREFLIGHTS {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
    }
}

const EXPOSED: &str = "Date, DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-Id";

const FOR_PREFLIGHTS: [(header::HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, DPoP"),
    (header::ACCESS_CONTROL_MAX_AGE, "600"),
];
