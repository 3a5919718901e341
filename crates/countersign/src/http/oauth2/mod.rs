//! `/oauth2/authorize` and what follows it for applications that people sign in to; `/oauth2/token` for these, and for programs that
//! hold an API key (RFC 6749 §4.4); `/oauth2/introspect` (RFC 7662) and `/oauth2/revoke` (RFC 7009) for services that hold a client
//! secret, about every token, and for applications, about their own. The body is a form, as the RFCs say, or a JSON object with the
//! same members.

#[cfg(feature = "oidc")]
mod app;
#[cfg(feature = "oidc")]
pub(in crate::http) mod authorize;
mod bodies;
mod client;
#[cfg(feature = "oidc")]
pub(in crate::http) mod form_token;
#[cfg(feature = "oidc")]
pub(in crate::http) mod logout;
#[cfg(feature = "oidc")]
mod pages;
#[cfg(feature = "oidc")]
pub(in crate::http) mod par;
mod parameters;
mod token;

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

#[cfg(feature = "oidc")]
pub(in crate::http) use self::app::userinfo;
use self::client::{Shown, Stated};
use self::parameters::parameters;
pub(in crate::http) use self::token::token;
use crate::http::app::App;
use crate::http::detached::detached;
use crate::http::edge::client_address;
use crate::http::error::oauth::OauthError;
use crate::model::context::{Actor, Context};
#[cfg(feature = "oidc")]
use crate::options::OauthClient;
use crate::store::Store;

/// The parameters of introspection and revocation. Unknown ones are ignored (RFC 6749 §3.2); `token_type_hint` is one of them, since
/// our tokens show what they are.
#[derive(Deserialize)]
struct Parameters {
    token: Option<Zeroizing<String>>,
    client_id: Option<String>,
    client_secret: Option<Zeroizing<String>>,
    client_assertion_type: Option<String>,
    client_assertion: Option<Zeroizing<String>>,
}

/// A token, from a client that has proved who it is.
pub(in crate::http) struct FromClient {
    client: Client,
    token: Zeroizing<String>,
    context: Context,
}

/// Who asks.
enum Client {
    /// One that may ask about every token, and end it.
    Service,
    /// One that may do that with its own.
    #[cfg(feature = "oidc")]
    Application(Box<OauthClient>),
}

impl Client {
    async fn of<S: Store>(app: &App<S>, shown: &Shown, context: &Context) -> Result<Self, OauthError> {
        #[cfg(feature = "oidc")]
        if let Some(client) = shown.application(app, context).await? {
            return Ok(Self::Application(Box::new(client)));
        }
        #[cfg(not(feature = "oidc"))]
        let _ = context;
        if shown.is_service(app).await? { Ok(Self::Service) } else { Err(OauthError::Client) }
    }
}

impl<S: Store> FromRequest<App<S>> for FromClient {
    type Rejection = OauthError;

    async fn from_request(request: Request, app: &App<S>) -> Result<Self, OauthError> {
        let (parts, body) = request.into_parts();
        let Parameters { token, client_id, client_secret, client_assertion_type, client_assertion } =
            parameters(&parts.headers, body).await?;
        let stated = Stated {
            id: client_id.as_deref(),
            secret: client_secret.as_ref(),
            assertion_type: client_assertion_type.as_deref(),
            assertion: client_assertion.as_ref(),
        };
        let shown = Shown::of(&parts.headers, stated)?;
        let now = app.countersign.clock().now();
        let trusted = &app.options.trusted_proxies;
        let context = client_address::context(&parts, trusted, Actor::Anonymous, now);
        let client = Client::of(app, &shown, &context).await?;
        let token = token.ok_or(OauthError::Request("The parameter token is missing"))?;
        Ok(Self { client, token, context })
    }
}

/// Of a token that is not good, or not the client's, nothing is said but that (RFC 7662 §2.2).
pub(in crate::http) async fn introspect<S: Store>(
    State(app): State<App<S>>,
    FromClient { client, token, context }: FromClient,
) -> Result<Response, OauthError> {
    let found = match client {
        Client::Service => app.countersign.introspect(&token, &context).await?,
        // Anybody can name a public client (RFC 7662 §2.1).
        #[cfg(feature = "oidc")]
        Client::Application(client) if client.is_public() => return Err(OauthError::Client),
        #[cfg(feature = "oidc")]
        Client::Application(client) => app.countersign.introspect_for(&client, &token, &context).await?,
    };
    let Some(mut claims) = found else {
        return Ok(axum::Json(json!({ "active": false })).into_response());
    };
    claims.insert("active".to_owned(), true.into());
    Ok(axum::Json(claims).into_response())
}

/// 200 for every token, good or not (RFC 7009 §2.2), but for another client's (§2.1).
pub(in crate::http) async fn revoke<S: Store>(
    State(app): State<App<S>>,
    FromClient { client, token, context }: FromClient,
) -> Result<StatusCode, OauthError> {
    let countersign = app.countersign.clone();
    match client {
        Client::Service => {
            detached(async move { countersign.revoke_token(&token, &context).await }).await??;
        }
        #[cfg(feature = "oidc")]
        Client::Application(client) => {
            detached(async move { countersign.revoke_for(&client, &token, &context).await }).await??;
        }
    }
    Ok(StatusCode::OK)
}
