//! Errors as clients and operators read them. `public` has the status, code and text of each; `api` writes them in the
//! shape of this API. Sources are for the log, which gets them once; a client gets none of them.

pub(super) mod api;
pub(super) mod oauth;
mod public;

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::Response;

use self::public::Public;

/// A fault of the server, for the log. It travels with the response to the edge, which writes the one line.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) code: Cow<'static, str>,
    pub(super) error: String,
}

/// Adds to a response what every shape of an error has: `Retry-After`, and the [`Failure`] or a line at `debug`.
/// `is_shed` says that clients cause this error in any number: lines about it would fill the disk, so the upkeep logs a
/// count (LG-7).
fn finish(mut response: Response, public: &Public, error: &dyn std::error::Error, is_shed: bool) -> Response {
    if public.status.is_server_error() && !is_shed {
        response.extensions_mut().insert(Failure { code: public.code.clone(), error: error_chain(error) });
    } else {
        tracing::debug!(code = &*public.code, error = error_chain(error), "request refused");
    }
    if let Some(after) = public.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    response
}

/// Rounded up, and at least one (RFC 9110 §10.2.3).
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

/// An error and its sources, for the log.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
