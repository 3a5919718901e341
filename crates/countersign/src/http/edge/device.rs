//! An extractor for requests that begin or refresh a session: the caller, with what they have proved of their device.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use countersign_jwt::DpopError;

use crate::flows::device_proof::DeviceProofError;
use crate::http::app::App;
use crate::http::edge::caller::Anonymous;
use crate::http::error::api::ApiError;
use crate::model::context::Context;
use crate::model::device_proof::DeviceProof;
use crate::store::Store;

/// [`Anonymous`], whose `DPoP` header was verified if there is one. A bad one is refused before anything is looked at: a client that
/// wants to be bound must not be signed in unbound instead.
pub(in crate::http) struct FromDevice(pub(in crate::http) Context);

impl<S: Store> FromRequestParts<App<S>> for FromDevice {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, ApiError> {
        let Anonymous(context) = Anonymous::from_request_parts(parts, app).await?;
        let device = app.device_proof(parts)?;
        Ok(Self(Context { device, ..context }))
    }
}

impl<S: Store> App<S> {
    /// What the `DPoP` header of a request proves, for [`Context::device`]: with it, a session that a route of your own begins is bound
    /// to the device. Nothing without the header.
    ///
    /// # Errors
    /// [`ApiError::Device`]: there are two, or it is refused.
    pub fn device_proof(&self, parts: &Parts) -> Result<DeviceProof, ApiError> {
        let mut headers = parts.headers.get_all(DPOP).iter();
        let Some(proof) = headers.next() else { return Ok(DeviceProof::default()) };
        if headers.next().is_some() {
            return Err(DeviceProofError::Invalid(DpopError::HeaderCount).into());
        }
        // A header that is no text is no JWT either.
        let proof = proof.to_str().unwrap_or_default();
        let now = self.countersign.clock().now();
        Ok(self.countersign.verify_dpop(proof, (parts.method.as_str(), parts.uri.path()), now)?)
    }
}

const DPOP: &str = "dpop";
