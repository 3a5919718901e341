//! `/api/verify`: a reverse proxy asks whether a request may pass, and as whom (nginx `auth_request`, Caddy
//! `forward_auth`, Traefik `forwardAuth`, Envoy `ext_authz`).
//!
//! The status says yes or no. Every `X-Auth-*` header is in every response, empty where there is nothing to say:
//! what a response leaves out, some proxies take from the client (FA-1). Refusals are 401 and 403 only, because
//! nginx turns any other status into 500.

mod identity;
mod original;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use countersign_guard::jwt::VerifyError;
use countersign_guard::{Refusal, bearer_token};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::flows::claims::Asked;
use crate::http::app::App;
use crate::http::body::query::Query;
use crate::http::edge::caller::Anonymous;
use crate::http::edge::{self, csrf};
use crate::http::error::api::ApiError;
use crate::http::forward_auth::identity::Identity;
use crate::model::api_key::ApiKeySecret;
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::store::Store;

/// What the proxy's configuration demands of the request.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Demands {
    /// The role that the caller must have.
    role: Option<String>,
    /// The audience that the token must be for; the default audience if unset.
    audience: Option<String>,
    /// What a browser that asks for a page gets instead of 401.
    otherwise: Option<Otherwise>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Otherwise {
    /// A redirect to the sign-in page.
    Login,
}

/// `GET /api/verify`, with the demands in the query.
pub(in crate::http) async fn verify<S: Store>(State(app): State<App<S>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let method = original::method(&parts.headers);
    match Query::<Demands>::from_request_parts(&mut parts, &app).await {
        Ok(Query(demands)) => {
            let context = app.context(&parts);
            Question { app: &app, headers: &parts.headers, method, demands, context }
                .answer(StatusCode::NO_CONTENT)
                .await
        }
        Err(error) => nobody(error),
    }
}

/// `/api/verify/…` with any method, for Envoy: it appends the original path and query to the path, and lets a
/// request pass for 200 alone. Path and query are the client's, so they demand nothing here.
pub(in crate::http) async fn verify_in_place<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let demands = Demands::default();
    Question { app: &app, headers: &headers, method, demands, context }.answer(StatusCode::OK).await
}

/// Whether a request may pass.
struct Question<'a, S> {
    app: &'a App<S>,
    headers: &'a HeaderMap,
    /// The method of the original request.
    method: Method,
    demands: Demands,
    context: Context,
}

impl<S: Store> Question<'_, S> {
    async fn answer(&self, yes: StatusCode) -> Response {
        match self.identify().await {
            Ok(identity) => {
                let mut response = yes.into_response();
                identity.add_to(response.headers_mut());
                response
            }
            Err(refused) => self.sign_in_page(&refused).unwrap_or_else(|| nobody(refused)),
        }
    }

    async fn identify(&self) -> Result<Identity, ApiError> {
        if let Some(cookie) = self.session_cookie() {
            return self.identify_by_cookie(&cookie).await;
        }
        if let Some(key) = bearer_token(self.headers).ok().filter(|token| ApiKeySecret::is_meant_by(token)) {
            return self.identify_by_key(key).await;
        }
        let countersign = &self.app.countersign;
        let audience = self.audience()?;
        let guard = countersign.guard_of(audience).ok_or(Refusal::Invalid(VerifyError::WrongAudience))?;
        let claims = guard.authenticate(self.headers).map_err(|refusal| match refusal {
            // 413 elsewhere.
            Refusal::Invalid(VerifyError::TokenTooLong) => Refusal::Malformed,
            refusal => refusal,
        })?;
        self.demand_role(|role| claims.has_role(role))?;
        let assertion = countersign.assertion(&claims, audience, countersign.clock().now())?;
        Ok(Identity::of_claims(&claims, &assertion))
    }

    /// What the token must be for. Not one whose tokens are bound to a key: a proxy passes no proof on that could be checked here, and
    /// a cookie or an API key is good for whoever has it.
    fn audience(&self) -> Result<&Audience, Refusal> {
        let found = self.app.countersign.audience(self.demands.audience.as_deref());
        let found = found.map_err(|_| Refusal::Invalid(VerifyError::WrongAudience))?;
        if found.dpop_bound { Err(Refusal::TokenBound) } else { Ok(found) }
    }

    /// The session cookie, where it is on and no access token came: that one is meant for us.
    fn session_cookie(&self) -> Option<Zeroizing<String>> {
        let is_on = self.app.countersign.options().session_cookie;
        let is_meant = is_on && !self.headers.contains_key(header::AUTHORIZATION);
        is_meant.then(|| self.app.cookies.session(self.headers)).flatten()
    }

    /// A browser sends a cookie whoever makes it do so: what the original request changes must come from a page of
    /// a known origin (FA-4). So must a WebSocket, which any page may open and talk through.
    async fn identify_by_cookie(&self, cookie: &str) -> Result<Identity, ApiError> {
        let method = if original::opens_websocket(self.headers) { &Method::POST } else { &self.method };
        csrf::verify(method, self.headers, &edge::origins(self.app))?;
        let countersign = &self.app.countersign;
        let now = countersign.clock().now();
        let grant = countersign.find_by_session_cookie(cookie, now).await?.ok_or(Refusal::Revoked)?;
        let audience = self.audience()?;
        audience.admit(&grant.account().role).ok_or(Refusal::RoleRequired)?;
        let email = countersign.email_for(grant.account().id, audience).await?;
        let asked = Asked { email, ..Asked::of(audience) };
        let asked = countersign.with_current_claims(&grant, asked).await?;
        let (assertion, role) = countersign.assertion_of_session(&grant, &asked, now)?;
        self.demand_role(|demanded| demanded == role)?;
        let expires_at = grant.session().ends_at(&countersign.options().sessions);
        Ok(Identity::of_session(&grant, [&role, &audience.name], expires_at, &assertion))
    }

    /// The store is asked each time, so a key that is revoked is refused at once.
    async fn identify_by_key(&self, secret: &str) -> Result<Identity, ApiError> {
        let (countersign, now) = (&self.app.countersign, self.context.now);
        let found = countersign.find_by_api_key(secret, &self.context).await?;
        let grant = found.ok_or(Refusal::Malformed)?;
        let audience = self.audience()?;
        let its = countersign.audience(grant.key().audience.as_deref());
        if !its.is_ok_and(|its| its.name == audience.name) {
            return Err(Refusal::Invalid(VerifyError::WrongAudience).into());
        }
        let asked = countersign.asked_by_key(&grant, grant.key().scopes.clone()).await?;
        let (assertion, role) = countersign.assertion_of_key(&asked, now)?;
        self.demand_role(|demanded| demanded == role)?;
        // One that never expires has to be asked about again after the life of an access token.
        let for_now = now.plus(countersign.options().sessions.access_token_ttl);
        let expires_at = grant.key().expires_at.unwrap_or(for_now);
        Ok(Identity::of_key(&grant, [&role, &audience.name], expires_at, &assertion))
    }

    fn demand_role(&self, has_role: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        let lacks = self.demands.role.as_ref().is_some_and(|demanded| !has_role(demanded));
        if lacks { Err(Refusal::RoleRequired) } else { Ok(()) }
    }

    /// Where a browser can sign in instead. Only with the session cookie, and for an audience that there is: otherwise
    /// it would be back here, and there again, without end.
    fn sign_in_page(&self, refused: &ApiError) -> Option<Response> {
        let ApiError::Refused(refusal) = refused else { return None };
        let options = self.app.countersign.options();
        let would_help =
            options.session_cookie && refusal.status() == StatusCode::UNAUTHORIZED && self.audience().is_ok();
        if !would_help || self.demands.otherwise != Some(Otherwise::Login) {
            return None;
        }
        let login = original::sign_in_page(self.headers, &self.method, self.app)?;
        Some(nobody(Redirect::to(&login)))
    }
}

fn nobody(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    identity::add_empty(response.headers_mut());
    response
}
