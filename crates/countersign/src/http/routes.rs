//! The route table. The router is made from it alone, so a route that is not in it is not served, and the checks that
//! walk the table miss none (HD-9).

use std::convert::Infallible;

use axum::Router;
use axum::http::Method;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::http::admin::{
    self, api_keys, audit, followers, invitations, keys, overview, second_factors as admin_factors, users,
};
#[cfg(feature = "oidc")]
use crate::http::api::apps;
#[cfg(feature = "mail")]
use crate::http::api::mail_link;
use crate::http::api::{
    account, device, email, email_sign_in, emails, keys as own_keys, login, logout, passkeys, password,
    reach, refresh, revocations, second_factors, second_step, sessions, user,
};
use crate::http::app::App;
use crate::http::edge;
use crate::http::edge::origins::split_issuer;
use crate::http::error::api::ApiError;
use crate::http::well_known::{health, metadata};
use crate::http::{forward_auth, oauth2};
use crate::model::account::Role;
use crate::model::oauth::OPENID;
use crate::store::Store;

/// The credential that a route requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// None, or one that the body or a cookie carries: a password, a refresh token.
    Public,
    /// The name and the secret of a client, or an API key (RFC 6749 §2.3.1).
    Client,
    /// A valid access token.
    Bearer,
    /// A valid access token of an application, for this endpoint alone.
    App,
    /// A feed key, unless the feed is public.
    FeedKey,
    /// A proof of the master key: `countersign doctor`.
    Operator,
    /// A valid access token, for which the handler asks itself: a reverse proxy reads the response.
    Forwarded,
    /// A valid access token with the role `admin`, of an account that still has that role.
    Admin,
}

/// One row of the route table.
#[derive(Debug)]
#[non_exhaustive]
pub struct Route<S> {
    /// The method. A route for `GET` answers `HEAD` too.
    pub method: Method,
    /// The path, in axum's syntax.
    pub path: &'static str,
    /// The credential that it requires.
    pub access: Access,
    handler: MethodRouter<App<S>>,
}

macro_rules! table {
    ($($method:ident $path:literal $access:ident $handler:path;)+) => {
        vec![$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            handler: on(MethodFilter::$method, $handler),
        }),+]
    };
}

/// The route table: every route there is.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a list")]
pub fn routes<S: Store>() -> Vec<Route<S>> {
    let mut routes = table! {
        POST   "/api/login"                              Public login::login;
        POST   "/api/login/factor"                       Public second_step::sign_in;
        POST   "/api/login/factor/enrol"                 Public second_step::enrol;
        POST   "/api/login/factor/enrol/passkey"         Public passkeys::offer_in_second_step;
        POST   "/api/login/factor/options"               Public passkeys::ask_in_second_step;
        POST   "/api/passkeys/options"                   Public passkeys::ask;
        POST   "/api/refresh"                            Public refresh::refresh;
        POST   "/api/device/register"                    Public device::register;
        POST   "/api/device/refresh"                     Public device::renew;
        POST   "/api/logout"                             Public logout::logout;
        GET    "/api/profile"                            Bearer user::profile;
        GET    "/api/user"                               Bearer user::user;
        PATCH  "/api/user"                               Bearer user::change;
        PUT    "/api/password"                           Bearer password::change;
        GET    "/api/account/export"                     Bearer account::export;
        DELETE "/api/account"                            Bearer account::delete;
        GET    "/api/verify"                             Forwarded forward_auth::verify;
        GET    "/api/sessions"                           Bearer sessions::list;
        DELETE "/api/sessions"                           Bearer sessions::end_others;
        DELETE "/api/sessions/{id}"                      Bearer sessions::end;
        GET    "/api/keys"                              Bearer own_keys::list;
        POST   "/api/keys"                              Bearer own_keys::make;
        DELETE "/api/keys/{id}"                         Bearer own_keys::revoke;
        POST   "/api/email/start"                        Public email::start;
        POST   "/api/email/confirm"                      Public email::confirm;
        POST   "/api/email/poll"                         Public email_sign_in::poll;
        GET    "/api/account/emails"                     Bearer emails::list;
        POST   "/api/account/emails"                     Bearer emails::add;
        DELETE "/api/account/emails/{id}"                Bearer emails::remove;
        POST   "/api/account/emails/{id}/primary"        Bearer emails::make_primary;
        GET    "/api/account/factors"                    Bearer second_factors::list;
        POST   "/api/account/factors"                    Bearer second_factors::add;
        POST   "/api/account/factors/offer"              Bearer second_factors::offer;
        PATCH  "/api/account/factors/{id}"               Bearer second_factors::rename;
        DELETE "/api/account/factors/{id}"               Bearer second_factors::remove;
        POST   "/api/account/passkeys"                   Bearer passkeys::add;
        POST   "/api/account/passkeys/options"           Bearer passkeys::offer;
        POST   "/api/account/recovery-codes"             Bearer second_factors::renew_codes;
        DELETE "/api/account/trusted-devices/{id}"       Bearer second_factors::forget_device;
        POST   "/api/account/reauthenticate"             Bearer second_factors::reauthenticate;
        POST   "/api/account/reauthenticate/options"     Bearer passkeys::ask_owner;
        GET    "/api/revocations"                        FeedKey revocations::follow;
        GET    "/api/reach"                              Operator reach::show;
        POST   "/oauth2/token"                           Client oauth2::token;
        POST   "/oauth2/introspect"                      Client oauth2::introspect;
        POST   "/oauth2/revoke"                          Client oauth2::revoke;
        GET    "/api/admin/overview"                     Admin  overview::show;
        GET    "/api/admin/users"                        Admin  users::list;
        POST   "/api/admin/users"                        Admin  users::create;
        GET    "/api/admin/users/{id}"                   Admin  users::show;
        PATCH  "/api/admin/users/{id}"                   Admin  users::change;
        DELETE "/api/admin/users/{id}"                   Admin  users::delete;
        POST   "/api/admin/users/{id}/password"          Admin  users::set_password;
        GET    "/api/admin/users/{id}/sessions"          Admin  users::sessions;
        DELETE "/api/admin/users/{id}/sessions"          Admin  users::end_sessions;
        DELETE "/api/admin/users/{id}/sessions/{session}" Admin users::end_session;
        GET    "/api/admin/users/{id}/keys"             Admin  api_keys::list;
        POST   "/api/admin/users/{id}/keys"             Admin  api_keys::make;
        DELETE "/api/admin/users/{id}/keys/{key}"       Admin  api_keys::revoke;
        GET    "/api/admin/users/{id}/emails"           Admin  invitations::emails;
        POST   "/api/admin/users/{id}/emails/{email}/verify-mail" Admin invitations::send_verification;
        POST   "/api/admin/users/{id}/reset-mail"       Admin  invitations::send_reset;
        GET    "/api/admin/users/{id}/factors"           Admin  admin_factors::list;
        DELETE "/api/admin/users/{id}/factors"           Admin  admin_factors::reset;
        GET    "/api/admin/invitations"                  Admin  invitations::list;
        POST   "/api/admin/invitations"                  Admin  invitations::invite;
        DELETE "/api/admin/invitations/{id}"             Admin  invitations::withdraw;
        GET    "/api/admin/keys"                         Admin  keys::list;
        POST   "/api/admin/keys/rotate"                  Admin  keys::rotate;
        POST   "/api/admin/keys/withdraw"                Admin  keys::withdraw;
        GET    "/api/admin/audit"                        Admin  audit::list;
        GET    "/api/admin/followers"                    Admin  followers::list;
        GET    "/.well-known/jwks.json"                  Public metadata::jwk_set;
        GET    "/.well-known/oauth-authorization-server" Public metadata::metadata;
        GET    "/.well-known/openid-configuration"       Public metadata::metadata;
        GET    "/.well-known/webauthn"                   Public metadata::related_origins;
        GET    "/healthz"                                Public health::healthz;
        GET    "/readyz"                                 Public health::readyz;
    };
    #[cfg(feature = "mail")]
    routes.extend(table! {
        GET    "/m/{token}"                              Public mail_link::show;
        POST   "/m/{token}"                              Public mail_link::submit;
    });
    #[cfg(feature = "oidc")]
    routes.extend(table! {
        GET    "/api/account/apps"                       Bearer apps::list;
        DELETE "/api/account/apps/{client_id}"           Bearer apps::disconnect;
        GET    "/oauth2/authorize"                       Public oauth2::authorize::by_address;
        POST   "/oauth2/authorize"                       Public oauth2::authorize::by_form;
        POST   "/oauth2/par"                             Client oauth2::par::push;
        GET    "/oauth2/continue"                        Public oauth2::authorize::go_on;
        POST   "/oauth2/consent"                         Public oauth2::authorize::consent;
        GET    "/oauth2/logout"                          Public oauth2::logout::by_address;
        POST   "/oauth2/logout"                          Public oauth2::logout::by_form;
        GET    "/oauth2/sign-out"                        Public oauth2::logout::go_on;
        POST   "/oauth2/sign-out"                        Public oauth2::logout::decide;
        GET    "/oauth2/userinfo"                        App    oauth2::userinfo;
        POST   "/oauth2/userinfo"                        App    oauth2::userinfo;
    });
    routes.extend(asked_in_place());
    routes
}

/// Envoy keeps the method of the request that it asks about, and appends its path: `/` or more.
fn asked_in_place<S: Store>() -> impl Iterator<Item = Route<S>> {
    ANY.into_iter().flat_map(|(filter, method)| {
        ["/api/verify/", "/api/verify/{*original}"].map(|path| {
            let (access, handler) = (Access::Forwarded, on(filter, forward_auth::verify_in_place));
            Route { method: method.clone(), path, access, handler }
        })
    })
}

/// A request with any other method is refused.
const ANY: [(MethodFilter, Method); 6] = [
    (MethodFilter::GET, Method::GET),
    (MethodFilter::POST, Method::POST),
    (MethodFilter::PUT, Method::PUT),
    (MethodFilter::PATCH, Method::PATCH),
    (MethodFilter::DELETE, Method::DELETE),
    (MethodFilter::OPTIONS, Method::OPTIONS),
];

/// The whole API. Merge it into a router of your own, whatever its state, nest it under a path, or serve it as it is. The client's address is taken from a
/// [`PeerAddress`](crate::http::PeerAddress) in the request's extensions, or from axum's `ConnectInfo<SocketAddr>`.
pub fn router<S: Store, T: Clone + Send + Sync + 'static>(app: App<S>) -> Router<T> {
    let guard = app.countersign.guard().clone();
    let mut router = Router::new();
    for Route { path, access, handler, .. } in routes() {
        let handler: MethodRouter<App<S>, Infallible> = match access {
            Access::Public | Access::Client | Access::Forwarded => handler,
            Access::Bearer => handler.route_layer(guard.layer()),
            Access::App => handler
                .route_layer(app.countersign.userinfo_guard().layer().require_scope(OPENID))
                .route_layer(middleware::from_fn(oauth2::form_token::as_header)),
            Access::FeedKey => {
                handler.route_layer(middleware::from_fn_with_state(app.clone(), revocations::feed_key))
            }
            Access::Operator => {
                handler.route_layer(middleware::from_fn_with_state(app.clone(), reach::proof))
            }
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

/// The metadata where RFC 8414 §3.1 wants it when the issuer ends with a path: between the origin and that path; and the
/// origins that passkeys are for, at the one path of an origin where browsers look (WebAuthn §5.11). Merge it
/// into the outermost router. No route for an issuer without a path, where [`router`] has it.
pub fn root_metadata<S: Store, T: Clone + Send + Sync + 'static>(app: &App<S>) -> Router<T> {
    let (_, mounted) = split_issuer(&app.countersign().options().issuer);
    let mut routes = Router::new();
    if !mounted.is_empty() {
        let path = format!("/.well-known/oauth-authorization-server{mounted}");
        routes = routes.route(&path, axum::routing::get(metadata::metadata));
        let related = "/.well-known/webauthn";
        routes = routes.route(related, axum::routing::get(metadata::related_origins));
    }
    own_routes(app, routes).with_state(app.clone())
}

/// Routes of your own, with what stands around ours: a request ID, the rules about pages of other origins (CSRF, CORS), the
/// security headers that a response does not set itself.
pub fn own_routes<S: Store, T: Clone + Send + Sync + 'static>(app: &App<S>, routes: Router<T>) -> Router<T> {
    routes.layer(middleware::from_fn_with_state(app.clone(), edge::pass))
}

/// Pages of your own, with the security headers that a response does not set itself, counted as the API's are: for what changes
/// nothing and needs no cookie, such as documents, and the fallback of the outermost router.
pub fn plain_routes<S: Store, T: Clone + Send + Sync + 'static>(
    app: &App<S>,
    routes: Router<T>,
) -> Router<T> {
    routes.layer(middleware::from_fn_with_state(app.clone(), edge::pass_plain))
}

/// The response for a path that is not served, in the one error shape: for the fallback of the outermost router.
pub async fn not_found() -> Response {
    ApiError::NotFound.into_response()
}

/// The response for a method that a path is not served by: for the method fallback of the outermost router.
pub async fn method_not_allowed() -> Response {
    ApiError::MethodNotAllowed.into_response()
}
