//! The IDs in a path. Text that is not an ID gets 404, and is not echoed.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::http::error::api::ApiError;

pub(in crate::http) struct Id<T>(pub(in crate::http) T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let text = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ApiError::NotFound)?;
        text.parse().map(Self).map_err(|_| ApiError::NotFound)
    }
}

/// Of something, and of something in it.
pub(in crate::http) struct Ids<T, U>(pub(in crate::http) T, pub(in crate::http) U);

impl<T: FromStr + Send, U: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Ids<T, U> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Path::<(String, String)>::from_request_parts(parts, state).await;
        let (outer, inner) = found.map(|path| path.0).map_err(|_| ApiError::NotFound)?;
        let inner = inner.parse().map_err(|_| ApiError::NotFound)?;
        Ok(Self(outer.parse().map_err(|_| ApiError::NotFound)?, inner))
    }
}
