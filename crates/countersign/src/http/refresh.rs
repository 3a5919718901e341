//! `POST /api/refresh`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::caller::Anonymous;
use super::error::ApiError;
use super::json::{Input, OptionalJson};
use super::login::{Delivery, answer};
use super::{App, cookie, detached};
use crate::refresh::RefreshError;
use crate::store::Store;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Refresh {
    refresh_token: Option<Zeroizing<String>>,
}

impl Input for Refresh {
    const EXPECTED: &'static str = r#"empty or a JSON object {"refreshToken"?: string}"#;
}

pub(super) async fn refresh<S: Store>(
    State(app): State<App<S>>,
    Anonymous(context): Anonymous,
    headers: HeaderMap,
    OptionalJson(input): OptionalJson<Refresh>,
) -> Result<Response, ApiError> {
    let https = app.is_https();
    let (token, delivery) =
        presented(&headers, input.refresh_token, https)?.ok_or(ApiError::NoRefreshToken)?;
    let (countersign, now) = (app.countersign, context.now);
    match detached(async move { countersign.refresh(&token, &context).await }).await? {
        Ok(signed_in) => Ok(answer(&signed_in, delivery, now, https)),
        Err(error) => {
            let is_over =
                matches!(error, RefreshError::Expired | RefreshError::Revoked(_) | RefreshError::Reused);
            let mut response = ApiError::from(error).into_response();
            if is_over && delivery == Delivery::Cookie {
                response.headers_mut().insert(header::SET_COOKIE, cookie::clear(https));
            }
            Ok(response)
        }
    }
}

/// The refresh token of a request, from its body or its cookie, and how its successor should go back.
pub(super) fn presented(
    headers: &HeaderMap,
    in_body: Option<Zeroizing<String>>,
    https: bool,
) -> Result<Option<(Zeroizing<String>, Delivery)>, ApiError> {
    match (in_body, cookie::refresh_token(headers, https)?) {
        (Some(_), Some(_)) => Err(ApiError::AmbiguousRefreshToken),
        (Some(token), None) => Ok(Some((token, Delivery::Body))),
        (None, Some(token)) => Ok(Some((Zeroizing::new(token.to_owned()), Delivery::Cookie))),
        (None, None) => Ok(None),
    }
}
