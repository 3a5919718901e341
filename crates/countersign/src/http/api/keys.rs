//! `/api/keys`: lists, makes and revokes the API keys of the caller's account. Making one asks for the current password: an open
//! session that somebody found must not give a key that outlives it (SE-9).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId};
use crate::flows::api_keys::ApiKeySpec;
use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::body::path::Id;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::api_key::{ApiKey, ApiKeyName, ApiKeySecret, Scopes};
use crate::store::Store;
use crate::wire::ApiKeyView;

#[derive(Serialize)]
struct KeysBody<'a> {
    keys: Vec<ApiKeyView<'a>>,
}

#[derive(Serialize)]
struct NewKeyBody<'a> {
    key: ApiKeyView<'a>,
    /// The key itself: only now.
    secret: &'a str,
}

/// What a key is to be, as a request says it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct MakeKey {
    name: String,
    audience: Option<String>,
    #[serde(default)]
    scope: String,
    expires_at: Option<String>,
    /// Only its owner shows one.
    current_password: Option<Zeroizing<String>>,
}

impl Input for MakeKey {
    const EXPECTED: &'static str = r#"a JSON object {"name": string, "audience"?: string, "scope"?: string, "expiresAt"?: RFC 3339 instant, "currentPassword"?: string}"#;
}

impl MakeKey {
    pub(in crate::http) fn read(self) -> Result<(ApiKeySpec, Option<Zeroizing<String>>), ApiError> {
        let instant = |text: String| {
            text.parse().map_err(|_| ApiError::Value("`expiresAt` is no instant of RFC 3339".into()))
        };
        let spec = ApiKeySpec {
            name: ApiKeyName::parse(&self.name).map_err(invalid)?,
            audience: self.audience,
            scopes: Scopes::parse(&self.scope).map_err(invalid)?,
            expires_at: self.expires_at.map(instant).transpose()?,
        };
        Ok((spec, self.current_password))
    }
}

fn invalid(error: impl std::error::Error) -> ApiError {
    ApiError::Value(error.to_string().into())
}

pub(in crate::http) async fn list<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<Response, ApiError> {
    list_of(&app.countersign, caller.account, caller.context.now).await
}

/// The keys of an account, the newest first.
pub(in crate::http) async fn list_of<S: Store>(
    countersign: &Countersign<S>,
    account: AccountId,
    now: Timestamp,
) -> Result<Response, ApiError> {
    let keys = countersign.list_api_keys(Some(account), LISTED).await?;
    let keys = keys.iter().map(|key| ApiKeyView::new(key, now)).collect();
    Ok(axum::Json(KeysBody { keys }).into_response())
}

pub(in crate::http) async fn make<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<MakeKey>,
) -> Result<Response, ApiError> {
    let (spec, password) = input.read()?;
    let password = password.ok_or_else(|| ApiError::Value("`currentPassword` is missing".into()))?;
    let Caller { account, context, .. } = caller;
    let context = app.at_this_moment(context);
    let owner = app.countersign.check_owner(account, &password, &context).await?;
    let now = context.now;
    let made = detached(async move { app.countersign.add_own_api_key(owner, spec, &context).await });
    Ok(made_key(&made.await??, now))
}

/// The response with a new key and its secret.
pub(in crate::http) fn made_key((key, secret): &(ApiKey, ApiKeySecret), now: Timestamp) -> Response {
    let body = NewKeyBody { key: ApiKeyView::new(key, now), secret: secret.as_str() };
    (StatusCode::CREATED, axum::Json(body)).into_response()
}

pub(in crate::http) async fn revoke<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Id(id): Id<ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    revoke_of(app, caller.account, id, caller).await
}

/// 404 if the account has no such key, or it was revoked before.
pub(in crate::http) async fn revoke_of<S: Store>(
    app: App<S>,
    account: AccountId,
    id: ApiKeyId,
    Caller { context, .. }: Caller,
) -> Result<StatusCode, ApiError> {
    let revoke = async move { app.countersign.revoke_api_key(id, Some(account), &context).await };
    if detached(revoke).await?? { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound) }
}

/// Those that work, and as many others as fit.
const LISTED: u32 = 200;
