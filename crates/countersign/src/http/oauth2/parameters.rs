//! The parameters of a request: a form, as the RFCs say, or a JSON object with the same members.

use axum::body::Body;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::http::body::json::read;
use crate::http::edge::media_type::{is_form, is_json};
use crate::http::error::oauth::OauthError;

/// The parameters of a body in their order: none of them is thrown away that is there twice.
#[cfg(feature = "oidc")]
pub(super) async fn pairs(headers: &HeaderMap, body: Body) -> Result<Vec<(String, String)>, OauthError> {
    if is_form(headers) {
        let bytes = read(headers, body).await?;
        return serde_urlencoded::from_bytes(&bytes)
            .map_err(|_| OauthError::Request("The body is malformed"));
    }
    let members: std::collections::BTreeMap<String, String> = parameters(headers, body).await?;
    Ok(members.into_iter().collect())
}

/// What a body says, as a form or as JSON.
pub(super) async fn parameters<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, OauthError> {
    let is_form = is_form(headers);
    if !is_form && !is_json(headers) {
        return Err(OauthError::Request(
            "The body must be application/x-www-form-urlencoded or application/json",
        ));
    }
    let bytes = read(headers, body).await?;
    let read = if is_form {
        serde_urlencoded::from_bytes(&bytes).ok()
    } else {
        serde_json::from_slice(&bytes).ok().filter(|_| bytes.trim_ascii_start().first() == Some(&b'{'))
    };
    read.ok_or(OauthError::Request("The body is malformed, or has a parameter twice"))
}
