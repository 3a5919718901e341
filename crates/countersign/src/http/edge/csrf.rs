//! A page of another origin must not make somebody's browser change anything: not log in, not refresh, not log out
//! (CS-1, CS-2, CS-6, SE-10). Browsers say where a request comes from in `Sec-Fetch-Site`, which no page can forge, and
//! older ones in `Origin`; a request with neither does not come from a page.
//!
//! SameSite=Strict alone would not do: a sibling host is same-site.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::app::App;
use crate::http::error::api::ApiError;
use crate::store::Store;

/// Refuses changes from foreign pages; answers configured front ends' preflights and lets them read the answers.
pub(in crate::http) async fn protect<S: Store>(app: &App<S>, request: Request, next: Next) -> Response {
    let cross_origin = allowed_cross_origin(app, request.headers());
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if is_preflight && cross_origin.is_some() {
        StatusCode::NO_CONTENT.into_response()
    } else if changes && cross_origin.is_none() && !is_same_origin(app, request.headers()) {
        ApiError::CrossOrigin.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = cross_origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Date, Retry-After, WWW-Authenticate, X-Request-Id"),
        );
        if is_preflight {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"),
            );
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("Authorization, Content-Type"),
            );
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }
    response
}

/// The request's origin when it is one of the configured front ends: compared as a whole string, never by a prefix or
/// a suffix, in one case (CS-5).
fn allowed_cross_origin<S: Store>(app: &App<S>, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = only(headers, header::ORIGIN.as_str())?;
    app.options
        .allowed_origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes())
        .then(|| origin.clone())
}

fn is_same_origin<S: Store>(app: &App<S>, headers: &HeaderMap) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        let site = only(headers, SEC_FETCH_SITE).map(HeaderValue::as_bytes);
        return matches!(site, Some(b"same-origin" | b"none"));
    }
    if headers.contains_key(header::ORIGIN) {
        // `null` (sandboxed frames, data: pages) is nobody's origin.
        let own = app.countersign.options().issuer.as_bytes();
        return only(headers, header::ORIGIN.as_str()).is_some_and(|origin| origin.as_bytes() == own);
    }
    true
}

/// The header's value when there is exactly one.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

const SEC_FETCH_SITE: &str = "sec-fetch-site";
