//! Lets configured front ends on other origins read responses, and answers their preflights (CS-5). It grants reading
//! only; whether a request may change anything is decided in `csrf`.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::edge::origins::Origins;

/// The part of a request that CORS depends on.
pub(super) struct Cors {
    /// The request's origin if it is that of a configured front end.
    front_end: Option<HeaderValue>,
    is_preflight: bool,
    /// Whether any other origin may read the response, without cookies.
    is_open: bool,
}

impl Cors {
    pub(super) fn of(method: &Method, headers: &HeaderMap, origins: &Origins<'_>) -> Self {
        Self {
            front_end: origins.front_end(headers).cloned(),
            is_preflight: *method == Method::OPTIONS
                && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
            is_open: false,
        }
    }

    /// Lets every origin read the response, without cookies: what a page can read then, it has brought the secret for.
    pub(super) const fn open_to_all(&mut self, is_open: bool) {
        self.is_open = is_open;
    }

    const fn is_allowed(&self) -> bool {
        self.front_end.is_some() || self.is_open
    }

    /// The response, without its headers, if this is a configured front end's preflight.
    pub(super) fn preflight(&self) -> Option<Response> {
        (self.is_preflight && self.is_allowed()).then(|| StatusCode::NO_CONTENT.into_response())
    }

    /// Whether this is the preflight of a page that is not a configured front end's.
    pub(super) const fn is_refused_preflight(&self) -> bool {
        self.is_preflight && !self.is_allowed()
    }

    /// Adds `Vary` always: a cache must not give one origin's response to another.
    pub(super) fn add_headers(self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if !self.is_allowed() {
            return;
        }
        let with_cookies = self.front_end.is_some();
        let origin = self.front_end.unwrap_or(HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if with_cookies {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
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
