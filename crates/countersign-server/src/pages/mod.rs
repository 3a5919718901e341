//! The web pages: files in the binary. They use nothing but the public API.

pub(crate) mod server_keys;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign::http;

/// The pages, the files that they load, and the response to unknown paths.
pub(crate) fn router(server_keys: Router, https: bool) -> Router {
    let mut router = server_keys.route("/assets/{name}", get(by_name));
    for (path, name) in PAGES {
        if let Some(asset) = find(name) {
            router = router.route(path, get(async move |headers: HeaderMap| respond(asset, &headers)));
        }
    }
    if let Some(client) = find("client.js") {
        let path = concat!("/client-", env!("CARGO_PKG_VERSION"), ".js");
        router = router.route(path, get(async move |headers: HeaderMap| of_this_version(client, &headers)));
    }
    router
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::method_not_allowed)
        .layer(middleware::from_fn_with_state(https, http::security_headers))
}

const PAGES: [(&str, &str); 6] = [
    ("/", "index.html"),
    ("/login", "login.html"),
    ("/account", "account.html"),
    ("/admin", "admin.html"),
    ("/debugger", "debugger.html"),
    ("/client.js", "client.js"),
];

struct Asset {
    name: &'static str,
    tag: &'static str,
    bytes: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

async fn by_name(name: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    match name.ok().and_then(|Path(name)| find(&name)) {
        // A page has one address, without `.html`.
        Some(asset) if kind(asset.name) != "html" => respond(asset, &headers),
        _ => http::not_found().await,
    }
}

fn respond(asset: &'static Asset, request: &HeaderMap) -> Response {
    let known = http::client_has(request, asset.tag);
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { asset.bytes.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_static(asset.tag));
    // Revalidated each time, so that a page and its files have the same version after an update.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(asset.name)));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy(asset.name)));
    response
}

/// The file of one version never changes, so browsers may keep it.
fn of_this_version(asset: &'static Asset, request: &HeaderMap) -> Response {
    let mut response = respond(asset, request);
    let immutable = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, immutable);
    response
}

fn media_type(name: &str) -> &'static str {
    match kind(name) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn kind(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// The policy of the page's `<meta>`, plus `frame-ancestors`, which `<meta>` cannot contain.
fn policy(name: &str) -> &'static str {
    match name {
        // HD-7: a pasted token cannot leave the debugger. It runs the verifier as WebAssembly.
        "debugger.html" => {
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
             connect-src 'none'; form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
             frame-ancestors 'none'"
        }
        name if kind(name) == "html" => {
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; frame-ancestors 'none'"
        }
        _ => "default-src 'none'; frame-ancestors 'none'",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Browsers revalidate the client without a version, and keep the one with a version.
    #[tokio::test]
    async fn the_client_is_served_with_and_without_its_version() {
        use tower::ServiceExt as _;
        let router = router(Router::new(), false);
        let versioned = concat!("/client-", env!("CARGO_PKG_VERSION"), ".js");
        for (path, cached) in [("/client.js", "no-cache"), (versioned, "public, max-age=31536000, immutable")]
        {
            let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CACHE_CONTROL], cached);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        }
    }

    /// A browser applies both policies, so a header stricter than the page's own policy would break the page.
    #[test]
    fn the_header_and_the_page_have_one_policy() {
        for (_, name) in PAGES.iter().filter(|(_, name)| kind(name) == "html") {
            let text = std::str::from_utf8(find(name).unwrap().bytes).unwrap();
            let (_, meta) = text.split_once("\"Content-Security-Policy\" content=\"").unwrap();
            let (meta, _) = meta.split_once('"').unwrap();
            assert_eq!(format!("{meta}; frame-ancestors 'none'"), policy(name), "{name}");
        }
    }
}
