//! `POST /oauth2/token` for applications: the grants `client_credentials` (RFC 6749 §4.4), `authorization_code` (RFC 6749 §4.1.3, RFC 7636
//! §4.5) and `refresh_token` (§6). And `/oauth2/userinfo` (`OpenID` Connect Core §5.3).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_guard::{AccessClaims, Refusal};
use zeroize::Zeroizing;

use super::bodies::{Parameters, TokenBody};
use crate::flows::oauth::token::{AppTokens, CodeShown, RefreshShown};
use crate::http::app::App;
use crate::http::detached::detached;
use crate::http::error::api::ApiError;
use crate::http::error::oauth::OauthError;
use crate::model::api_key::Scopes;
use crate::model::context::Context;
use crate::options::OauthClient;
use crate::store::Store;

/// The response to one of the grants of applications; nothing if it asks for another.
pub(super) async fn token<S: Store>(
    app: &App<S>,
    client: OauthClient,
    parameters: Parameters,
    context: Context,
) -> Result<Response, OauthError> {
    let tokens = match parameters.grant_type.as_deref() {
        Some("authorization_code") => redeem(app, client, parameters, context).await?,
        Some("client_credentials") => return for_itself(app, &client, parameters, &context),
        _ => refresh(app, client, parameters, context).await?,
    };
    let scope = tokens.scopes.to_string();
    let body = TokenBody {
        access_token: &tokens.access.token,
        token_type: "Bearer",
        expires_in: tokens.access.expires_in,
        refresh_token: tokens.refresh.as_ref().map(|secret| secret.0.as_str()),
        id_token: tokens.id_token.as_ref().map(|secret| secret.0.as_str()),
        scope: (!scope.is_empty()).then_some(scope),
    };
    Ok(axum::Json(body).into_response())
}

fn for_itself<S: Store>(
    app: &App<S>,
    client: &OauthClient,
    Parameters { scope, resource, .. }: Parameters,
    context: &Context,
) -> Result<Response, OauthError> {
    let asked = scope.filter(|text| !text.is_empty());
    let asked = asked.map(|text| Scopes::parse(&text)).transpose().map_err(|_| OauthError::AppScope)?;
    let resource = resource.filter(|text| !text.is_empty());
    let given = app.countersign.client_token(client, asked.as_ref(), resource.as_deref(), context.now)?;
    let (access, scopes) = given;
    let body = TokenBody {
        access_token: &access.token,
        token_type: "Bearer",
        expires_in: access.expires_in,
        refresh_token: None,
        id_token: None,
        scope: Some(scopes.to_string()),
    };
    Ok(axum::Json(body).into_response())
}

async fn redeem<S: Store>(
    app: &App<S>,
    client: OauthClient,
    parameters: Parameters,
    context: Context,
) -> Result<AppTokens, OauthError> {
    let Parameters { code, redirect_uri, code_verifier, resource, .. } = parameters;
    let code = given(code).ok_or(OauthError::Request("The parameter code is missing"))?;
    let redirect_uri = redirect_uri.ok_or(OauthError::Request("The parameter redirect_uri is missing"))?;
    let (verifier, resource) = (given(code_verifier), resource.filter(|text| !text.is_empty()));
    let countersign = app.countersign.clone();
    let redeem = async move {
        let shown = CodeShown {
            code: &code,
            redirect_uri: &redirect_uri,
            verifier: verifier.as_ref().map(|text| text.as_str()),
            resource: resource.as_deref(),
        };
        countersign.redeem_code(&client, shown, &context).await
    };
    Ok(detached(redeem).await??)
}

async fn refresh<S: Store>(
    app: &App<S>,
    client: OauthClient,
    parameters: Parameters,
    context: Context,
) -> Result<AppTokens, OauthError> {
    let Parameters { refresh_token, resource, scope, .. } = parameters;
    let token = given(refresh_token).ok_or(OauthError::Request("The parameter refresh_token is missing"))?;
    let asked = scope.filter(|text| !text.is_empty());
    let scopes = asked.map(|text| Scopes::parse(&text)).transpose().map_err(|_| OauthError::AppScope)?;
    let resource = resource.filter(|text| !text.is_empty());
    let countersign = app.countersign.clone();
    let refresh = async move {
        let shown = RefreshShown { token: &token, resource: resource.as_deref(), scopes: scopes.as_ref() };
        countersign.refresh_app(&client, shown, &context).await
    };
    Ok(detached(refresh).await??)
}

/// An empty parameter is none (RFC 6749 §3.2).
fn given(parameter: Option<Zeroizing<String>>) -> Option<Zeroizing<String>> {
    parameter.filter(|text| !text.is_empty())
}

pub(in crate::http) async fn userinfo<S: Store>(
    State(app): State<App<S>>,
    claims: AccessClaims,
) -> Result<Response, ApiError> {
    let said = app.countersign.userinfo(&claims).await?.ok_or(Refusal::Malformed)?;
    Ok(axum::Json(said).into_response())
}
