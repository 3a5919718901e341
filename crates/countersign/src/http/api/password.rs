//! `PUT /api/password`: the owner changes it, knowing the current one or after a passkey; all other sessions end (PP-8).

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::http::app::App;
use crate::http::body::json::{Input, Json};
use crate::http::detached::detached;
use crate::http::edge::caller::Caller;
use crate::http::error::api::ApiError;
use crate::store::Store;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http) struct ChangePassword {
    current_password: Option<Zeroizing<String>>,
    new_password: Zeroizing<String>,
}

impl Input for ChangePassword {
    const EXPECTED: &'static str = r#"a JSON object {"currentPassword"?: string, "newPassword": string}"#;
}

pub(in crate::http) async fn change<S: Store>(
    State(app): State<App<S>>,
    caller: Caller,
    Json(input): Json<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    let Caller { account, session, context } = caller;
    let context = app.at_this_moment(context);
    let countersign = app.countersign;
    let current = input.current_password.as_deref().map(String::as_str);
    let change =
        countersign.check_password_change((account, session), current, &input.new_password, &context).await?;
    detached(async move { countersign.store_password(change, &context).await }).await??;
    Ok(StatusCode::NO_CONTENT)
}
