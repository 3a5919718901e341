//! The web pages (feature `pages`): sign-in, account, administration, token debugger, the description of the
//! API, and `/client.js`. They use nothing
//! but the public API, and every address in them is relative, so they work under a path prefix too.

mod change_password;
mod document;
mod files;
mod languages;
mod logo;
mod missing;
mod options;
mod return_to;
mod server_keys;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get};

use crate::http::app::App;
use crate::http::edge;
use crate::http::openapi::openapi;
pub use crate::http::pages::change_password::root_change_password;
use crate::http::pages::document::{LOGO, document, with_deletion_grace, with_demo_users, with_device_proof};
use crate::http::pages::files::{File, find, kind};
use crate::http::pages::languages::{InEachLanguage, varies_by_language};
pub use crate::http::pages::logo::{Logo, LogoError};
pub use crate::http::pages::missing::not_found_page;
pub use crate::http::pages::options::{DemoUser, PagesOptions};
use crate::http::routes::{method_not_allowed, not_found, plain_routes};
use crate::store::Store;

/// The pages and the files that they load: `/login`, `/forgot` where people set another password by mail, `/mail-sign-in` where they sign in by it, `/register` where they make accounts, `/account` with `/.well-known/change-password`, `/admin`, `/debugger`, `/docs` with
/// `/openapi.json`, `/client.js` with `/client-account.js`, `/client-device.js`, `/client-passkeys.js` and `/client-step-up.js`, and `/assets`.
/// Merge it beside [`router`](crate::http::router), or nest both under the same path. A page that the options turn off is
/// no route, and neither is its script.
pub fn pages<S: Store, T: Clone + Send + Sync + 'static>(app: &App<S>, options: &PagesOptions) -> Router<T> {
    let server = app.countersign().options();
    let off: Vec<_> = options.off(server).collect();
    let mut router = Router::new()
        .route("/assets/{name}", get(async move |name, headers: HeaderMap| asset(name, &off, &headers).await))
        .route("/login/return", get(return_to::allowed));
    if let Some(logo) = &options.logo {
        let logo = File::new(logo.bytes.clone(), logo.media_type, LOGO_POLICY);
        router = router.route(&format!("/{LOGO}"), serve(logo, REVALIDATED));
    }
    if let Some(style) = own_style(options) {
        router = router.route(&format!("/assets/{STYLE}"), serve(style, REVALIDATED));
    }
    if options.account {
        router = router.route(change_password::PATH, get(change_password::redirect));
    }
    if options.debugger {
        router = router.route("/assets/server-keys.js", get(server_keys::script));
    }
    if options.docs {
        router = router.route("/openapi.json", description(app));
    }
    for name in ["login"].into_iter().chain(options.on(server)) {
        router = router.route(&format!("/{name}"), page(name, options, app));
    }
    let importable = |route: MethodRouter<App<S>>| {
        route.layer(middleware::from_fn_with_state(app.clone(), importable_by_front_ends))
    };
    for (path, name, caching) in CLIENTS {
        let client = async move |headers: HeaderMap| built(name, caching, &headers).await;
        router = router.route(path, importable(get(client)));
    }
    for (path, name) in VERSIONED_MODULES {
        router = router.route(path, importable(serve(versioned(name), FOR_EVER)));
    }
    finish(router, app)
}

/// The page at `/` that says what this is.
pub fn front_page<S: Store, T: Clone + Send + Sync + 'static>(
    app: &App<S>,
    options: &PagesOptions,
) -> Router<T> {
    finish(Router::new().route("/", page("index", options, app)), app)
}

fn finish<S: Store, T: Clone + Send + Sync + 'static>(router: Router<App<S>>, app: &App<S>) -> Router<T> {
    plain_routes(app, router.method_not_allowed_fallback(method_not_allowed)).with_state(app.clone())
}

/// Path, file, caching. With its version in the name, the client never changes.
const CLIENTS: [(&str, &str, &str); 6] = [
    ("/client.js", CLIENT, REVALIDATED),
    (concat!("/client-", env!("CARGO_PKG_VERSION"), ".js"), CLIENT, FOR_EVER),
    ("/client-account.js", ACCOUNT, REVALIDATED),
    ("/client-device.js", DEVICE, REVALIDATED),
    ("/client-passkeys.js", PASSKEYS, REVALIDATED),
    ("/client-step-up.js", STEP_UP, REVALIDATED),
];

const CLIENT: &str = "client.js";

/// The client's other modules. Those that import the first one do so by its name.
const ACCOUNT: &str = "client-account.js";
const DEVICE: &str = "client-device.js";
const PASSKEYS: &str = "client-passkeys.js";
const STEP_UP: &str = "client-step-up.js";

/// Path, file.
const VERSIONED_MODULES: [(&str, &str); 4] = [
    (concat!("/client-account-", env!("CARGO_PKG_VERSION"), ".js"), ACCOUNT),
    (concat!("/client-device-", env!("CARGO_PKG_VERSION"), ".js"), DEVICE),
    (concat!("/client-passkeys-", env!("CARGO_PKG_VERSION"), ".js"), PASSKEYS),
    (concat!("/client-step-up-", env!("CARGO_PKG_VERSION"), ".js"), STEP_UP),
];

/// A page that imports all modules by their versions has one copy of the first, so that there is one class of errors.
fn versioned(name: &str) -> File {
    let built = find(name).map_or_else(Default::default, |file| String::from_utf8_lossy(&file.bytes));
    let versioned = concat!("\"./client-", env!("CARGO_PKG_VERSION"), ".js\"");
    File::named(name, built.replace("\"./client.js\"", versioned).into())
}

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Each time, so that a page and its files have the same version after an update.
const REVALIDATED: &str = "no-cache";

const STYLE: &str = "style.css";

const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Whoever opens the logo's address gets a document of this origin, if it is an SVG: it runs no script, and loads nothing.
const LOGO_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

fn page<S: Store, T: Clone + Send + Sync + 'static>(
    name: &str,
    options: &PagesOptions,
    app: &App<S>,
) -> MethodRouter<T> {
    let make = |file: &str| File::named(file, text(file, options, app).into());
    let pages = Arc::new(InEachLanguage::new(name, &options.languages, make));
    get(async move |request: HeaderMap| {
        let Some(page) = pages.choose(&request) else { return not_found().await };
        let mut response = page.respond(REVALIDATED, &request);
        varies_by_language(&mut response);
        response
    })
}

/// The document of this name as it is served.
fn text<S: Store>(name: &str, options: &PagesOptions, app: &App<S>) -> String {
    let built = find(name).map_or_else(Default::default, |file| String::from_utf8_lossy(&file.bytes));
    let configured = app.countersign().options();
    let document = document(&built, options, configured);
    let document = with_deletion_grace(&document, configured.account_deletion_grace);
    let document =
        if options.device_proof { with_device_proof(&document, &configured.issuer) } else { document };
    let shows_demo_users =
        app.options.development && !options.demo_users.is_empty() && name.starts_with("login.");
    if shows_demo_users { with_demo_users(&document, &options.demo_users) } else { document }
}

/// The built style sheet with a product's own colour; none if it has the built one.
fn own_style(options: &PagesOptions) -> Option<File> {
    let own = Some(options.accent.css()).filter(|css| !css.is_empty())?;
    let built = &find(STYLE)?.bytes;
    Some(File::named(STYLE, [built, own.as_bytes()].concat().into()))
}

fn serve<T: Clone + Send + Sync + 'static>(file: File, caching: &'static str) -> MethodRouter<T> {
    let file = Arc::new(file);
    get(async move |headers: HeaderMap| file.respond(caching, &headers))
}

/// The description of the API, made when somebody first asks for it. It holds no secret, and tools on other origins read it.
fn description<S: Store, T: Clone + Send + Sync + 'static>(app: &App<S>) -> MethodRouter<T> {
    let (app, made) = (app.clone(), Arc::new(OnceLock::new()));
    get(async move |request: HeaderMap| {
        let json = || File::new(openapi(&app).to_string().into(), "application/json", NOTHING);
        let mut response = made.get_or_init(json).respond(REVALIDATED, &request);
        response.headers_mut().insert(CORP, HeaderValue::from_static("cross-origin"));
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    })
}

async fn built(name: &str, caching: &'static str, request: &HeaderMap) -> Response {
    match find(name) {
        Some(file) => file.respond(caching, request),
        None => not_found().await,
    }
}

/// A page has one address, without `.html`; the script of one that is `off` has none, and the built list of keys is empty.
async fn asset(name: Result<Path<String>, PathRejection>, off: &[&str], request: &HeaderMap) -> Response {
    let is_hidden = |name: &str| {
        // In any language: `account.de.js`.
        let is_off = kind(name) == "js" && name.split('.').next().is_some_and(|page| off.contains(&page));
        is_off || kind(name) == "html" || name == "server-keys.js"
    };
    match name {
        Ok(Path(name)) if !is_hidden(&name) => built(&name, REVALIDATED, request).await,
        _ => not_found().await,
    }
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
