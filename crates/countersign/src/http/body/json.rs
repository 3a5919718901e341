//! Reads a request's JSON body: announced as JSON, small, in time, exactly the expected fields (LM-5). An error names the
//! expected shape and never a piece of the body, which may hold a password.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::http::edge::media_type::is_json;
use crate::http::error::api::ApiError;

/// A request body's expected shape. Implementors refuse unknown fields (`#[serde(deny_unknown_fields)]`), so that
/// every duplicate is refused too.
pub(in crate::http) trait Input: DeserializeOwned {
    /// The shape in words, for the error.
    const EXPECTED: &'static str;
}

/// A body that must be there.
pub(in crate::http) struct Json<T>(pub(in crate::http) T);

/// A body that may be missing or empty; then it is the default.
pub(in crate::http) struct OptionalJson<T>(pub(in crate::http) T);

impl<T: Input, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        check_media_type(&parts.headers)?;
        parse(&read(&parts.headers, body).await?).map(Self)
    }
}

impl<T: Input + Default, S: Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if parts.headers.contains_key(header::CONTENT_TYPE) {
            check_media_type(&parts.headers)?;
        }
        let bytes = read(&parts.headers, body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        check_media_type(&parts.headers)?;
        parse(&bytes).map(Self)
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING);
    if is_plain && is_json(headers) { Ok(()) } else { Err(ApiError::MediaType) }
}

/// The bytes of a body: at most 16 KiB, within ten seconds.
pub(in crate::http) async fn read(headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, ApiError> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(ApiError::TooLarge);
    }
    let collected = Limited::new(body, MAX_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, collected).await {
        Err(_) => Err(ApiError::BodyTimeout),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge),
        Ok(Err(_)) => Err(ApiError::BodyIncomplete),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

fn parse<T: Input>(bytes: &[u8]) -> Result<T, ApiError> {
    let refuse = |_| ApiError::Body { expected: T::EXPECTED };
    // serde would read a struct from an array too.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(ApiError::Body { expected: T::EXPECTED });
    }
    serde_json::from_slice(bytes).map_err(refuse)
}

const MAX_BODY_BYTES: usize = 16 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
