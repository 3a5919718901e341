//! The web pages (feature `pages`): sign-in, account, administration, token debugger, and `/client.js`. They use nothing
//! but the public API, and every address in them is relative, so they work under a path prefix too.

mod files;
mod return_to;
mod server_keys;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use crate::http::app::App;
use crate::http::edge;
use crate::http::edge::headers::security_headers;
use crate::http::edge::if_none_match::client_has;
use crate::http::pages::files::{File, find};
use crate::http::routes::{method_not_allowed, not_found};
use crate::store::Store;

/// The pages and the files that they load: `/login`, `/account`, `/admin`, `/debugger`, `/client.js` and `/assets`.
/// Merge it beside [`router`](crate::http::router), or nest both under the same path.
pub fn pages<S: Store, T: Clone + Send + Sync + 'static>(app: &App<S>) -> Router<T> {
    let mut router = Router::new()
        .route("/assets/{name}", get(by_name))
        .route("/assets/server-keys.js", get(server_keys::script))
        .route("/login/return", get(return_to::allowed));
    for (path, name) in PAGES {
        router = router.route(path, file(name, REVALIDATED));
    }
    for (path, caching) in CLIENTS {
        let importable = middleware::from_fn_with_state(app.clone(), importable_by_front_ends);
        router = router.route(path, file("client.js", caching).layer(importable));
    }
    finish(router, app)
}

/// The page at `/` that says what this is.
pub fn front_page<S: Store, T: Clone + Send + Sync + 'static>(app: &App<S>) -> Router<T> {
    finish(Router::new().route("/", file("index.html", REVALIDATED)), app)
}

fn finish<S: Store, T: Clone + Send + Sync + 'static>(router: Router<App<S>>, app: &App<S>) -> Router<T> {
    router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(app.is_https(), security_headers))
        .with_state(app.clone())
}

const PAGES: [(&str, &str); 4] = [
    ("/login", "login.html"),
    ("/account", "account.html"),
    ("/admin", "admin.html"),
    ("/debugger", "debugger.html"),
];

/// The client with its version in the name never changes.
const CLIENTS: [(&str, &str); 2] = [
    ("/client.js", REVALIDATED),
    (concat!("/client-", env!("CARGO_PKG_VERSION"), ".js"), "public, max-age=31536000, immutable"),
];

/// Each time, so that a page and its files have the same version after an update.
const REVALIDATED: &str = "no-cache";

fn file<T: Clone + Send + Sync + 'static>(name: &'static str, caching: &'static str) -> MethodRouter<T> {
    get(async move |headers: HeaderMap| match find(name) {
        Some(file) => respond(file, caching, &headers),
        None => not_found().await,
    })
}

async fn by_name(name: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Response {
    match name.ok().and_then(|Path(name)| find(&name)) {
        // A page has one address, without `.html`.
        Some(file) if kind(file.name) != "html" => respond(file, REVALIDATED, &headers),
        _ => not_found().await,
    }
}

fn respond(file: &'static File, caching: &'static str, request: &HeaderMap) -> Response {
    let known = client_has(request, &file.tag);
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.into_response() };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        headers.insert(header::ETAG, tag);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, caching),
        (header::CONTENT_TYPE, media_type(file.name)),
        (header::CONTENT_SECURITY_POLICY, policy(file.name)),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets the pages of configured front ends import the client from here. It holds no secret: the header about other
/// origins' resources opens it to any page, the one for modules only to the configured ones.
async fn importable_by_front_ends<S: Store>(
    State(app): State<App<S>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = edge::origins(&app).front_end(request.headers()).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(CORP, HeaderValue::from_static("cross-origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

fn media_type(name: &str) -> &'static str {
    match kind(name) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
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

    /// A browser applies both policies, so a header stricter than the page's own policy would break the page.
    #[test]
    fn the_header_and_the_page_have_one_policy() {
        for (_, name) in PAGES.into_iter().chain([("/", "index.html")]) {
            let text = std::str::from_utf8(find(name).unwrap().bytes).unwrap();
            let (_, meta) = text.split_once("\"Content-Security-Policy\" content=\"").unwrap();
            let (meta, _) = meta.split_once('"').unwrap();
            assert_eq!(format!("{meta}; frame-ancestors 'none'"), policy(name), "{name}");
        }
    }
}
