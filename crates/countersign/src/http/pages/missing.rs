//! The response to an address where nothing is: a page with a way back for a browser that somebody sent there.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::http::app::App;
use crate::http::pages::document::below;
use crate::http::pages::files::policy;
use crate::http::pages::languages::{InEachLanguage, varies_by_language};
use crate::http::pages::options::PagesOptions;
use crate::http::pages::text;
use crate::http::routes::{not_found, plain_routes};
use crate::store::Store;

/// A router with nothing but a fallback: a page for a browser at a mistyped address, the way to a page for one that has
/// written a slash behind its name, and for everybody else what [`not_found`] responds. Merge it with [`pages`](crate::http::pages()) and [`router`](crate::http::router) before
/// these are nested under a path, if they are.
pub fn not_found_page<S: Store, T: Clone + Send + Sync + 'static>(
    app: &App<S>,
    options: &PagesOptions,
) -> Router<T> {
    let make = |file: &str| text(file, options, app);
    let documents = Arc::new(InEachLanguage::new(NAME, &options.languages, make));
    let names: Vec<_> = options.on(app.countersign().options()).chain(["login"]).collect();
    let respond = async move |request: Request| {
        let path = request.uri().path();
        if !is_for_a_page(request.method(), path, request.headers()) {
            return not_found().await;
        }
        if let Some(name) = before_a_slash(path, &names) {
            return without_the_slash(name, request.uri().query());
        }
        let folders = path.matches('/').count().saturating_sub(1);
        let Some(document) = documents.choose(request.headers()) else { return not_found().await };
        page(below(document, folders))
    };
    plain_routes(app, Router::new().fallback(respond))
}

/// Whether somebody is at this address, and not a program or a page that asks for a file.
fn is_for_a_page(method: &Method, path: &str, request: &HeaderMap) -> bool {
    let is_of_programs = FOR_PROGRAMS.iter().any(|folder| path.starts_with(folder));
    let accepted = request.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let wants_page = accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("text/html"))
    });
    matches!(*method, Method::GET | Method::HEAD) && wants_page && !is_of_programs
}

/// The page that `/name/` means.
fn before_a_slash(path: &str, names: &[&'static str]) -> Option<&'static str> {
    let name = path.strip_prefix('/')?.strip_suffix('/')?;
    names.iter().find(|known| **known == name).copied()
}

/// Relative, and of a known name only: it stays on this origin and under the path that the pages are mounted at.
fn without_the_slash(name: &str, query: Option<&str>) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let headers = [(header::LOCATION, format!("../{name}{query}"))];
    (StatusCode::PERMANENT_REDIRECT, headers).into_response()
}

fn page(document: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy("missing.html"))),
    ];
    let mut response = (StatusCode::NOT_FOUND, headers, document).into_response();
    varies_by_language(&mut response);
    response
}

const NAME: &str = "missing";
/// Where an error has the one shape of the API, whoever asks.
const FOR_PROGRAMS: [&str; 4] = ["/api/", "/oauth2/", "/.well-known/", "/assets/"];
