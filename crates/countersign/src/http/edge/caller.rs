//! Extractors for the caller: of an anonymous request, or of one whose access token the guard has checked.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign_guard::{AccessClaims, Refusal};

use crate::base::id::{AccountId, SessionId};
use crate::flows::revocation::caller;
use crate::http::app::App;
use crate::http::edge::client_address;
use crate::http::error::api::ApiError;
use crate::model::context::{Actor, Context};
use crate::store::Store;

/// A request that carries no access token, or whose access token does not matter.
pub(in crate::http) struct Anonymous(pub(in crate::http) Context);

impl<S: Store> FromRequestParts<App<S>> for Anonymous {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, ApiError> {
        Ok(Self(context(parts, app, Actor::Anonymous)))
    }
}

/// The account and session behind a checked access token.
pub(in crate::http) struct Caller {
    pub(in crate::http) account: AccountId,
    pub(in crate::http) session: SessionId,
    pub(in crate::http) context: Context,
}

impl<S: Store> FromRequestParts<App<S>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, ApiError> {
        let claims = parts.extensions.get::<AccessClaims>().ok_or(Refusal::TokenRequired)?;
        // A key or an application is for other services, and its scopes mean nothing here: it must not manage an account.
        if app.countersign.api_key_of(claims).is_some() || app.countersign.client_of(claims).is_some() {
            return Err(Refusal::ScopeRequired.into());
        }
        // The guard lets no token of another issuer through; one whose IDs are not ours names no caller all the same.
        let (account, session) = caller(claims).ok_or(Refusal::Malformed)?;
        Ok(Self { account, session, context: context(parts, app, Actor::Account(account)) })
    }
}

impl<S: Store> App<S> {
    /// The context of a request to a route of your own, for the use cases: nobody known, the client's address,
    /// and what else the audit log keeps. A handler gets `parts` from the extractor of that type.
    #[must_use]
    pub fn context(&self, parts: &Parts) -> Context {
        context(parts, self, Actor::Anonymous)
    }
}

fn context<S: Store>(parts: &Parts, app: &App<S>, actor: Actor) -> Context {
    let now = app.countersign.clock().now();
    let device_cookie = app.cookies.device(&parts.headers);
    Context { device_cookie, ..client_address::context(parts, &app.options.trusted_proxies, actor, now) }
}
