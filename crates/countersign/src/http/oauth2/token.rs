//! `POST /oauth2/token`: an access token for an API key, by the grant `client_credentials` (RFC 6749 §4.4). The key is the
//! client's secret; its `client_id` is the ID of the key, or the ID or name of the account. There is no refresh token (§4.4.3):
//! the key is good for the next one.

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client;
use super::parameters::parameters;
use crate::http::app::App;
use crate::http::edge::client_address;
use crate::http::error::oauth::OauthError;
use crate::model::account::Username;
use crate::model::api_key::{KeyGrant, Scopes};
use crate::model::context::{Actor, Context};
use crate::store::Store;

#[derive(Deserialize)]
struct Parameters {
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Zeroizing<String>>,
}

/// A key that works, and the scopes that are asked for.
pub(in crate::http) struct FromKey {
    grant: KeyGrant,
    scopes: Option<Scopes>,
    context: Context,
}

impl<S: Store> FromRequest<App<S>> for FromKey {
    type Rejection = OauthError;

    async fn from_request(request: Request, app: &App<S>) -> Result<Self, OauthError> {
        let (parts, body) = request.into_parts();
        let Parameters { grant_type, scope, client_id, client_secret } =
            parameters(&parts.headers, body).await?;
        let (name, secret) = client::credentials(&parts.headers, client_id, client_secret)?;
        let (now, trusted) = (app.countersign.clock().now(), &app.options.trusted_proxies);
        let context = client_address::context(&parts, trusted, Actor::Anonymous, now);
        let found = app.countersign.find_by_api_key(&secret, &context).await?;
        let grant = found.filter(|grant| is_named(grant, &name)).ok_or(OauthError::Client)?;
        match grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => return Err(OauthError::GrantType),
            None => return Err(OauthError::Request("The parameter grant_type is missing")),
        }
        // An empty parameter is none (RFC 6749 §3.2).
        let asked = scope.filter(|text| !text.is_empty());
        let scopes = asked.map(|text| Scopes::parse(&text)).transpose().map_err(|_| OauthError::Scope)?;
        Ok(Self { grant, scopes, context })
    }
}

fn is_named(grant: &KeyGrant, client_id: &str) -> bool {
    let (account, key) = (grant.account(), grant.key());
    let is_username = |name: Username| name.canonical() == account.username.canonical();
    client_id == key.id.to_string()
        || client_id == account.id.to_string()
        || Username::parse(client_id).is_ok_and(is_username)
}

/// RFC 6749 §5.1.
#[derive(Serialize)]
struct TokenBody<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

pub(in crate::http) async fn token<S: Store>(
    State(app): State<App<S>>,
    FromKey { grant, scopes, context }: FromKey,
) -> Result<Response, OauthError> {
    let (access, scopes) = app.countersign.exchange_api_key(&grant, scopes, context.now).await?;
    let scope = (!scopes.is_empty()).then(|| scopes.to_string());
    let body =
        TokenBody { access_token: &access.token, token_type: "Bearer", expires_in: access.expires_in, scope };
    Ok(axum::Json(body).into_response())
}
