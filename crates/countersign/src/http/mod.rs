//! The HTTP API as an axum router: `Router::new().merge(countersign::http::router(app))`.
//!
//! Handlers translate and decide nothing. `routes` lists them, `edge` is what every request passes, `error` is what a
//! client reads of a failure.

mod admin;
mod api;
mod app;
mod body;
mod cookies;
mod detached;
mod device_headers;
mod edge;
mod error;
mod forward_auth;
mod html;
mod oauth2;
mod openapi;
#[cfg(feature = "pages")]
mod pages;
mod routes;
mod token_response;
mod well_known;

pub use self::app::{App, HttpOptions};
pub use self::edge::client_address::{PeerAddress, client_address};
pub use self::edge::if_none_match::client_has;
pub use self::edge::measure::known_method;
pub use self::edge::trace::{TraceParent, trace_parent};
pub use self::error::api::ApiError;
pub use self::openapi::openapi;
#[cfg(feature = "pages")]
pub use self::pages::{
    DemoUser, Logo, LogoError, PagesOptions, front_page, not_found_page, pages, root_change_password,
};
pub use self::routes::{
    Access, Route, method_not_allowed, not_found, own_routes, plain_routes, root_metadata, router, routes,
};
