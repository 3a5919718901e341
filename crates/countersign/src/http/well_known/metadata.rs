//! The documents that verifiers fetch: the public keys (RFC 7517) and their address (RFC 8414). Public, cacheable,
//! readable from every origin.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

#[cfg(feature = "oidc")]
use countersign_jwt::Algorithm;
use countersign_webauthn::Origin;

use crate::base::digest::entity_tag;
use crate::http::app::App;
use crate::http::edge::if_none_match::client_has;
use crate::http::error::api::ApiError;
#[cfg(feature = "oidc")]
use crate::model::oauth::assertion_algorithms;
#[cfg(feature = "oidc")]
use crate::options::{OauthClient, Options};
use crate::store::Store;

pub(in crate::http) async fn jwk_set<S: Store>(
    State(app): State<App<S>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let keys = app.countersign.jwk_set(app.countersign.clock().now())?;
    Ok(published(keys.to_json(), &headers))
}

/// The same document at the path of RFC 8414 and at that of `OpenID` Connect Discovery, where most verifiers look. Without
/// applications there is no authorization endpoint, so no response type is supported, and the token endpoint is for API keys.
pub(in crate::http) async fn metadata<S: Store>(
    State(app): State<App<S>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let issuer = &app.countersign.options().issuer;
    let keys = app.countersign.jwk_set(app.countersign.clock().now())?;
    let mut algorithms = Vec::new();
    for name in keys.keys().iter().map(|key| key.algorithm().name()) {
        if !algorithms.contains(&name) {
            algorithms.push(name);
        }
    }
    let mut document = serde_json::json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "revocations_endpoint": format!("{issuer}/api/revocations"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "token_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "scopes_supported": [],
        "introspection_endpoint": format!("{issuer}/oauth2/introspect"),
        "introspection_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "revocation_endpoint": format!("{issuer}/oauth2/revoke"),
        "revocation_endpoint_auth_methods_supported": CLIENT_AUTHENTICATION,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    });
    #[cfg(feature = "oidc")]
    if let serde_json::Value::Object(document) = &mut document
        && let serde_json::Value::Object(provider) = provider(app.countersign.options())
    {
        document.extend(provider);
    }
    Ok(published(document.to_string(), &headers))
}

/// The origins whose pages may use the site's passkeys (WebAuthn §5.11), where there are others than its own.
pub(in crate::http) async fn related_origins<S: Store>(
    State(app): State<App<S>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let site = app.countersign.relying_party().filter(|site| site.origins().len() > 1);
    let origins: Vec<_> = site.ok_or(ApiError::NotFound)?.origins().iter().map(Origin::as_str).collect();
    Ok(published(serde_json::json!({ "origins": origins }).to_string(), &headers))
}

/// What there is for applications that people sign in to (`OpenID` Connect Discovery §3, RFC 8414 §2, RFC 9207 §3); nothing where there
/// are none.
#[cfg(feature = "oidc")]
fn provider(options: &Options) -> serde_json::Value {
    let clients = &options.oauth.clients;
    if clients.is_empty() {
        return serde_json::Value::Null;
    }
    let issuer = &options.issuer;
    let scopes: std::collections::BTreeSet<_> = clients
        .iter()
        .flat_map(|client| client.scopes.iter().chain(client.client_credentials_scopes.iter()))
        .collect();
    let mut algorithms: Vec<_> = clients.iter().map(|client| client.id_token_algorithm.name()).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let mut methods = CLIENT_AUTHENTICATION.to_vec();
    let signs = clients.iter().any(|client| !client.keys.is_empty());
    methods.extend(signs.then_some("private_key_jwt"));
    let secrets = methods.clone();
    methods.extend(clients.iter().any(OauthClient::is_public).then_some("none"));
    let mut document = serde_json::json!({
        "authorization_endpoint": format!("{issuer}/oauth2/authorize"),
        "pushed_authorization_request_endpoint": format!("{issuer}/oauth2/par"),
        "require_pushed_authorization_requests": clients.iter().all(|client| client.require_par),
        "userinfo_endpoint": format!("{issuer}/oauth2/userinfo"),
        "end_session_endpoint": format!("{issuer}/oauth2/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": secrets,
        "revocation_endpoint_auth_methods_supported": methods,
        "scopes_supported": scopes,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "acr_values_supported": ["aal1", "aal2"],
        "claims_supported": CLAIMS,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "id_token_signing_alg_values_supported": algorithms,
    });
    // RFC 8414 §2: wherever the method is.
    if signs {
        let signed_with: Vec<_> = assertion_algorithms().into_iter().map(Algorithm::name).collect();
        for endpoint in ["token", "introspection", "revocation"] {
            document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")] =
                signed_with.clone().into();
        }
    }
    document
}

#[cfg(feature = "oidc")]
const CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "preferred_username",
    "locale",
    "email",
    "email_verified",
];

fn published(json: String, request: &HeaderMap) -> Response {
    let etag = entity_tag(json.as_bytes());
    let mut response = if client_has(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (JSON, json).into_response()
    };
    let headers = response.headers_mut();
    // Far shorter than the time between the publication of a key and its first signature (KM-2).
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

const JSON: [(HeaderName, HeaderValue); 1] =
    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];

const CLIENT_AUTHENTICATION: [&str; 2] = ["client_secret_basic", "client_secret_post"];
