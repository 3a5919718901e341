//! [`AccessClaims`]: the claims of a verified token, as a protected handler gets them.

use std::ops::Deref;
use std::sync::Arc;

/// The claims of the request's access token, which this service has verified.
///
/// The axum extractor reads them from the request's extensions, where [`Guard::layer`](crate::Guard::layer)
/// has put them. On a route without that layer it refuses every request with 401, so that a forgotten layer
/// fails closed (HD-9).
#[derive(Clone, Debug)]
pub struct AccessClaims(pub(crate) Arc<countersign_jwt::AccessClaims>);

impl Deref for AccessClaims {
    type Target = countersign_jwt::AccessClaims;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[cfg(feature = "axum")]
impl<S: Sync> axum_core::extract::FromRequestParts<S> for AccessClaims {
    type Rejection = axum_core::response::Response;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| crate::refusal::Refusal::TokenRequired.into_response())
    }
}
