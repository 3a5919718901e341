//! The HTTP API as an axum router: `Router::new().merge(countersign::http::router(app))`.
//!
//! Handlers translate and decide nothing. Every route stands in one table ([`routes`]) with what it asks of its caller,
//! and the router is made from that table alone, so that no route can be forgotten by the checks (HD-9).

mod admin;
mod api;
mod body;
mod cookies;
mod edge;
mod error;
mod well_known;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use ipnet::IpNet;

pub use self::edge::client_address::PeerAddress;
pub use self::edge::headers::security_headers;
pub use self::error::ApiError;
#[cfg(test)]
pub(crate) use self::error::tests::codes as error_codes;
use crate::Countersign;
use crate::base::random::Random;
use crate::model::account::Role;
use crate::model::audit::Context;
use crate::store::Store;

/// What the handlers share.
pub struct App<S> {
    countersign: Arc<Countersign<S>>,
    options: Arc<HttpOptions>,
    /// Where the names of requests come from.
    names: Random,
}

impl<S: Store> App<S> {
    /// The routes' state.
    #[must_use]
    pub fn new(countersign: Arc<Countersign<S>>, options: HttpOptions) -> Self {
        let names = countersign.random.non_secret();
        Self { countersign, options: Arc::new(options), names }
    }

    /// The same context, now that the body has been read.
    fn at_this_moment(&self, context: Context) -> Context {
        Context { now: self.countersign.clock().now(), ..context }
    }

    /// Whether browsers reach us over HTTPS, as the configured issuer says; never taken from the request (TP-3).
    fn is_https(&self) -> bool {
        self.countersign.options().issuer.starts_with("https://")
    }
}

impl<S> Clone for App<S> {
    fn clone(&self) -> Self {
        let Self { countersign, options, names } = self;
        Self { countersign: Arc::clone(countersign), options: Arc::clone(options), names: names.clone() }
    }
}

impl<S> std::fmt::Debug for App<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What of HTTP can be chosen.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Origins of front ends on other hosts that may call with cookies, each exactly as browsers send it
    /// (`https://app.example.com`). The issuer's own origin needs no mention.
    pub allowed_origins: Vec<String>,
    /// The reverse proxies whose `X-Forwarded-For` is believed (TP-2).
    pub trusted_proxies: Vec<IpNet>,
    /// Whether this is the development server: `/healthz` says so (OP-10).
    pub development: bool,
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing, or a credential that the request itself carries: a password, a refresh token.
    Public,
    /// A good access token.
    Bearer,
    /// A good access token with the role `admin`.
    Admin,
}

/// One line of the route table.
#[derive(Debug)]
pub struct Route<S> {
    /// The method.
    pub method: Method,
    /// The path, in axum's syntax.
    pub path: &'static str,
    /// What it asks of its caller.
    pub access: Access,
    handler: MethodRouter<App<S>>,
}

/// The route table: every route there is.
#[must_use]
pub fn routes<S: Store>() -> Vec<Route<S>> {
    use Access::{Admin, Bearer, Public};
    let route = |path, access, method, handler| Route { method, path, access, handler };
    let (get_, post_, put_, patch_, delete_) =
        (|| Method::GET, || Method::POST, || Method::PUT, || Method::PATCH, || Method::DELETE);
    vec![
        route("/api/login", Public, post_(), post(api::login::login)),
        route("/api/refresh", Public, post_(), post(api::refresh::refresh)),
        route("/api/logout", Public, post_(), post(api::logout::logout)),
        route("/api/profile", Bearer, get_(), get(api::user::profile)),
        route("/api/user", Bearer, get_(), get(api::user::user)),
        route("/api/password", Bearer, put_(), put(api::password::change)),
        route("/api/sessions", Bearer, get_(), get(api::sessions::list)),
        route("/api/sessions", Bearer, delete_(), delete(api::sessions::end_others)),
        route("/api/sessions/{id}", Bearer, delete_(), delete(api::sessions::end)),
        route("/api/admin/users", Admin, get_(), get(admin::users::list)),
        route("/api/admin/users", Admin, post_(), post(admin::users::create)),
        route("/api/admin/users/{id}", Admin, get_(), get(admin::users::show)),
        route("/api/admin/users/{id}", Admin, patch_(), patch(admin::users::change)),
        route("/api/admin/users/{id}", Admin, delete_(), delete(admin::users::delete)),
        route("/api/admin/users/{id}/password", Admin, post_(), post(admin::users::set_password)),
        route("/api/admin/users/{id}/sessions", Admin, get_(), get(admin::users::sessions)),
        route("/api/admin/users/{id}/sessions", Admin, delete_(), delete(admin::users::end_sessions)),
        route("/api/admin/keys", Admin, get_(), get(admin::keys::list)),
        route("/api/admin/keys/rotate", Admin, post_(), post(admin::keys::rotate)),
        route("/api/admin/audit", Admin, get_(), get(admin::audit::list)),
        route("/.well-known/jwks.json", Public, get_(), get(well_known::metadata::jwk_set)),
        route("/.well-known/oauth-authorization-server", Public, get_(), get(well_known::metadata::metadata)),
        route("/.well-known/openid-configuration", Public, get_(), get(well_known::metadata::metadata)),
        route("/healthz", Public, get_(), get(well_known::health::healthz)),
        route("/readyz", Public, get_(), get(well_known::health::readyz)),
    ]
}

/// The whole API. Merge it into a router of your own, or serve it as it is. The client's address is taken from a
/// [`PeerAddress`] in the request's extensions, or from axum's `ConnectInfo<SocketAddr>`.
pub fn router<S: Store>(app: App<S>) -> Router {
    let guard = app.countersign.guard().clone();
    let mut router = Router::new();
    for Route { path, access, handler, .. } in routes() {
        let handler: MethodRouter<App<S>, Infallible> = match access {
            Access::Public => handler,
            Access::Bearer => handler.route_layer(guard.layer()),
            Access::Admin => handler
                .route_layer(middleware::from_fn_with_state(app.clone(), admin::still_administers))
                .route_layer(guard.layer().require_role(Role::ADMIN)),
        };
        router = router.route(path, handler);
    }
    router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(app.clone(), edge::pass))
        .with_state(app)
}

/// The answer to a path that nobody serves, in the one error shape: for the fallback of the outermost router.
#[expect(clippy::unused_async, reason = "the shape that axum wants")]
pub async fn not_found() -> Response {
    ApiError::NotFound.into_response()
}

/// The answer to a method that a path is not served by: for the method fallback of the outermost router.
pub async fn method_not_allowed() -> Response {
    ApiError::MethodNotAllowed.into_response()
}

/// Runs a change to its end even when the client hangs up: axum drops a handler's future then, and a change must be
/// made wholly, with the revocations that follow from it, or not at all (CC-6).
async fn detached<T: Send + 'static>(
    change: impl Future<Output = T> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(change).await.map_err(|_| ApiError::Internal)
}
