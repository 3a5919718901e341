//! The request that the proxy asks about, as its headers describe it, and where a browser signs in for it.

use axum::http::{HeaderMap, Method};

use crate::http::app::App;
use crate::http::edge;
use crate::http::edge::origins::{only, split_issuer};
use crate::http::forward_auth::identity::percent_encoded;
use crate::store::Store;

/// The method, as the proxy says it. Where it says two, the one that changes something; where it says none, any.
pub(super) fn method(headers: &HeaderMap) -> Method {
    let said = METHOD.iter().flat_map(|name| headers.get_all(*name));
    let said = said.map(|value| Method::from_bytes(value.as_bytes()).unwrap_or(Method::POST));
    let reads = |method: &Method| matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    said.max_by_key(|method| !reads(method)).unwrap_or(Method::POST)
}

/// Whether it is the handshake of a WebSocket, a GET (RFC 6455 §4.1) or a CONNECT (RFC 8441 §5).
pub(super) fn opens_websocket(headers: &HeaderMap) -> bool {
    ["sec-websocket-version", "sec-websocket-key"].iter().any(|name| headers.contains_key(*name))
}

/// The address of the sign-in page, if the original request is a browser's for a page.
///
/// `X-Forwarded-*` may be the client's own. So the origin is only compared with those that are known, and it is the
/// known one that is redirected to; `return_to` is a path on it (CS-8).
pub(super) fn sign_in_page<S: Store>(headers: &HeaderMap, method: &Method, app: &App<S>) -> Option<String> {
    if *method != Method::GET || !is_navigation(headers) {
        return None;
    }
    let text = |name| only(headers, name).and_then(|value| value.to_str().ok());
    let origin = format!("{}://{}", text("x-forwarded-proto")?, text("x-forwarded-host")?);
    let origin = edge::origins(app).find(&origin)?;
    let (_, mounted) = split_issuer(&app.countersign().options().issuer);
    let path = text("x-forwarded-uri").filter(|path| is_path(path)).unwrap_or("/");
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    Some(format!("{origin}{mounted}/login?return_to={}", percent_encoded(path, is_unreserved)))
}

/// Whether a person sees the response as a page. Browsers say so in `Sec-Fetch-Mode`; old ones only in `Accept`.
fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name, expected: &str| only(headers, name).is_some_and(|value| value == expected);
    let accepts_html = || {
        let accept = only(headers, "accept").and_then(|value| value.to_str().ok());
        accept.is_some_and(|types| types.contains("text/html"))
    };
    if headers.contains_key("sec-fetch-mode") { is("sec-fetch-mode", "navigate") } else { accepts_html() }
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && path.len() <= MAX_PATH_BYTES
}

/// Longer ones lead to the start page: encoded, they would exceed what proxies take in a header.
const MAX_PATH_BYTES: usize = 2_048;
/// Caddy and Traefik; nginx by convention.
const METHOD: [&str; 2] = ["x-forwarded-method", "x-original-method"];
