//! Development mode only: a request must name this machine as its host. Otherwise a foreign page could point
//! its own host name at 127.0.0.1 (DNS rebinding); the visitor's browser would then treat the page and this
//! server as one origin, and the page knows the passwords of the demo users.

use axum::Json;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::config::is_loopback_name;

/// Responds 421 (RFC 9110 §15.5.20) unless the host is a name of this machine. A request without a host
/// passes: it does not come from a browser.
pub(crate) async fn only(request: Request, next: Next) -> Response {
    let from_header = || Some(request.headers().get(header::HOST)?.to_str().unwrap_or_default().to_owned());
    let host = request.uri().authority().map(ToString::to_string).or_else(from_header);
    if host.is_none_or(|host| is_ours(&host)) {
        return next.run(request).await;
    }
    let error = "`countersign dev` serves localhost only, not other names of this machine";
    let body = Json(json!({ "error": error, "code": "wrong_host" }));
    (StatusCode::MISDIRECTED_REQUEST, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn is_ours(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().to_ascii_lowercase();
    is_loopback_name(name.trim_start_matches('[').trim_end_matches(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_and_no_others() {
        for host in ["localhost:3000", "LOCALHOST", "127.0.0.1:3000", "[::1]:3000", "auth.localhost"] {
            assert!(is_ours(host), "{host}");
        }
        for host in
            ["evil.example:3000", "localhost.evil.example", "0.0.0.0", "[::]:1", "", "a b", "192.168.0.1"]
        {
            assert!(!is_ours(host), "{host}");
        }
    }
}
