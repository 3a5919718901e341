//! Applied to every request and response: the request ID with its tracing span, the CSRF policy, CORS, the security
//! headers. One layer around all routes, because each layer costs every request.

pub(in crate::http) mod caller;
pub(in crate::http) mod client_address;
mod cors;
pub(in crate::http) mod csrf;
pub(in crate::http) mod device;
pub(in crate::http) mod headers;
pub(in crate::http) mod if_none_match;
pub(in crate::http) mod language;
pub(in crate::http) mod measure;
pub(in crate::http) mod media_type;
pub(in crate::http) mod notices;
pub(in crate::http) mod origins;
mod request_id;
pub(in crate::http) mod trace;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use crate::base::id::RequestId;
use crate::http::app::App;
use crate::http::edge::cors::Cors;
use crate::http::edge::headers::add_security_headers;
use crate::http::edge::measure::Measured;
use crate::http::edge::notices::log_refused_origin;
use crate::http::edge::origins::Origins;
use crate::http::error::Failure;
use crate::http::error::api::ApiError;
use crate::store::Store;

/// The layer around all routes.
pub(in crate::http) async fn pass<S: Store>(
    State(app): State<App<S>>,
    mut request: Request,
    next: Next,
) -> Response {
    let measured = Measured::begin(&app, &request);
    let id = RequestId::random(&app.request_ids);
    request.extensions_mut().insert(id);
    let trace_id = trace::trace_parent(request.headers()).map(|parent| parent.trace_id);
    let span = request_id::span(id, trace_id);
    let mut response = checked(&app, request, next).instrument(span).await;
    request_id::add_header(response.headers_mut(), id);
    add_security_headers(response.headers_mut(), app.is_https());
    measured.end(&app, response.status());
    response
}

/// The layer around everything else: security headers, and nothing that the API has to have.
pub(in crate::http) async fn pass_plain<S: Store>(
    State(app): State<App<S>>,
    request: Request,
    next: Next,
) -> Response {
    let measured = Measured::begin(&app, &request);
    let mut response = next.run(request).await;
    add_security_headers(response.headers_mut(), app.is_https());
    measured.end(&app, response.status());
    response
}

/// The response of the routes, or of the rules about pages of other origins; a failure is logged inside the span.
async fn checked<S: Store>(app: &App<S>, request: Request, next: Next) -> Response {
    let origins = origins(app);
    let mut cors = Cors::of(request.method(), request.headers(), &origins);
    let is_for_applications = is_for_applications(app, &request);
    if is_for_applications && !request.uri().path().ends_with("/authorize") {
        cors.open_to_all(request.headers());
    }
    let source = app.notices.source(&request, &app.options.trusted_proxies);
    app.notices.look_at_front_end(request.headers(), &origins);
    if cors.is_refused_preflight() {
        log_refused_origin(request.method(), request.headers(), &origins);
    }
    let mut response = if let Some(preflight) = cors.preflight() {
        preflight
    } else if !is_question_of_a_proxy(&request)
        && !is_for_applications
        && let Err(refused) = csrf::verify(request.method(), request.headers(), &origins)
    {
        log_refused_origin(request.method(), request.headers(), &origins);
        ApiError::from(refused).into_response()
    } else {
        next.run(request).await
    };
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        source.log_throttled();
    }
    cors.add_headers(response.headers_mut());
    if let Some(Failure { code, error }) = response.extensions_mut().remove() {
        tracing::error!(code = &*code, error, "request failed");
    }
    response
}

/// The origins whose pages may use this server with cookies.
pub(in crate::http) fn origins<S: Store>(app: &App<S>) -> Origins<'_> {
    Origins {
        own: origins::split_issuer(&app.countersign.options().issuer).0,
        front_ends: &app.options.allowed_origins,
        any_of_this_machine: app.options.development && app.options.allowed_origins.is_empty(),
    }
}

/// Whether it is for applications of other origins: a request there changes nothing for the cookies that a browser adds by itself,
/// whose `SameSite` is for the pages that follow.
fn is_for_applications<S: Store>(app: &App<S>, request: &Request) -> bool {
    let is_one = matches!(
        request.uri().path(),
        "/oauth2/authorize"
            | "/oauth2/logout"
            | "/oauth2/token"
            | "/oauth2/userinfo"
            | "/oauth2/revoke"
            | "/oauth2/par"
    );
    is_one && cfg!(feature = "oidc") && !app.countersign.options().oauth.clients.is_empty()
}

/// Whether the method and the headers are those of a request to another service, about which its proxy asks
/// (`forward_auth`). It changes nothing here, and which pages may call that service is not ours to say.
fn is_question_of_a_proxy(request: &Request) -> bool {
    request.uri().path().starts_with("/api/verify/")
}
