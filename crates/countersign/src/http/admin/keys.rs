//! `/api/admin/keys`: the signing keys and their states; make the next one.

use axum::extract::State;
use serde::Serialize;

use crate::flows::keys::Activation;
use crate::http::app::App;
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::model::key_ring::KeyInfo;
use crate::store::Store;

/// A signing key as the API shows it: never the key itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct KeyBody {
    kid: String,
    alg: String,
    state: &'static str,
    created_at: String,
    active_from: String,
}

impl From<KeyInfo> for KeyBody {
    fn from(key: KeyInfo) -> Self {
        Self {
            kid: key.kid,
            alg: key.algorithm,
            state: key.state.name(),
            created_at: key.created_at.to_string(),
            active_from: key.active_from.to_string(),
        }
    }
}

#[derive(Serialize)]
pub(in crate::http) struct KeysBody {
    keys: Vec<KeyBody>,
}

pub(in crate::http) async fn list<S: Store>(State(app): State<App<S>>) -> axum::Json<KeysBody> {
    let keys = app.countersign.list_keys(app.countersign.clock().now());
    axum::Json(KeysBody { keys: keys.into_iter().map(KeyBody::from).collect() })
}

pub(in crate::http) async fn rotate<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
) -> Result<axum::Json<KeyBody>, ApiError> {
    let rotate = async move { app.countersign.rotate_keys(Activation::WhenPublished, &caller.context).await };
    Ok(axum::Json(detached(rotate).await??.into()))
}
