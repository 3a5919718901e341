//! `POST /oauth2/token`: for applications that people sign in to (`app.rs`), and here an access token for an API key, by the grant `client_credentials` (RFC 6749 §4.4). The key is the
//! client's secret; its `client_id` is the ID of the key, or the ID or name of the account. There is no refresh token (§4.4.3):
//! the key is good for the next one.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::bodies::{Parameters, TokenBody};
use super::client::Shown;
use super::parameters::parameters;
use crate::http::app::App;
use crate::http::edge::client_address;
use crate::http::error::oauth::OauthError;
use crate::model::account::Username;
use crate::model::api_key::{KeyGrant, Scopes};
use crate::model::context::{Actor, Context};
use crate::store::Store;

/// A key that works, and the scopes that are asked for.
struct FromKey {
    grant: KeyGrant,
    scopes: Option<Scopes>,
    context: Context,
}

impl FromKey {
    async fn of<S: Store>(
        app: &App<S>,
        shown: &Shown,
        parameters: Parameters,
        context: Context,
    ) -> Result<Self, OauthError> {
        let Parameters { grant_type, scope, .. } = parameters;
        let mut found = None;
        for secret in shown.secrets() {
            found = found.or(app.countersign.find_by_api_key(secret, &context).await?);
        }
        let is_named = |grant: &KeyGrant| shown.ids().any(|name| is_named(grant, name));
        let grant = found.filter(is_named).ok_or(OauthError::Client)?;
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

pub(in crate::http) async fn token<S: Store>(
    State(app): State<App<S>>,
    request: Request,
) -> Result<Response, OauthError> {
    let (parts, body) = request.into_parts();
    let parameters: Parameters = parameters(&parts.headers, body).await?;
    let (now, trusted) = (app.countersign.clock().now(), &app.options.trusted_proxies);
    let context = client_address::context(&parts, trusted, Actor::Anonymous, now);
    let shown = Shown::of(&parts.headers, parameters.stated())?;
    #[cfg(feature = "oidc")]
    if !app.countersign.options().oauth.clients.is_empty() {
        let client = shown.application(&app, &context).await?;
        match (parameters.grant_type.as_deref(), client) {
            (Some("authorization_code" | "refresh_token"), client) => {
                let client = client.ok_or(OauthError::Client)?;
                return super::app::token(&app, client, parameters, context).await;
            }
            // API keys have this grant too: what is shown tells them apart.
            (Some("client_credentials"), Some(client)) => {
                return super::app::token(&app, client, parameters, context).await;
            }
            _ => {}
        }
    }
    let FromKey { grant, scopes, context } = FromKey::of(&app, &shown, parameters, context).await?;
    let (access, scopes) = app.countersign.exchange_api_key(&grant, scopes, context.now).await?;
    let scope = (!scopes.is_empty()).then(|| scopes.to_string());
    let body = TokenBody {
        access_token: &access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        refresh_token: None,
        id_token: None,
        scope,
    };
    Ok(axum::Json(body).into_response())
}
