//! An extractor for requests that begin or refresh a session: the caller, with what they have proved of their device.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use countersign_jwt::DpopError;

use crate::flows::device_proof::DeviceProofError;
use crate::flows::figures::SkippedRenewal;
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
        app.note_skipped(&parts.headers);
        Ok(Self(Context { device, ..context }))
    }
}

impl<S: Store> App<S> {
    /// What the `DPoP` header of a request proves, for [`Context::device`]: with it, a session that a route of your own begins is bound
    /// to the device. And what the cookie of a browser proves that has registered a key. Nothing without either.
    ///
    /// # Errors
    /// [`ApiError::Device`]: there are two, or it is refused.
    pub fn device_proof(&self, parts: &Parts) -> Result<DeviceProof, ApiError> {
        let mut headers = parts.headers.get_all(DPOP).iter();
        let now = self.countersign.clock().now();
        let proof = match headers.next() {
            None => DeviceProof::default(),
            Some(_) if headers.next().is_some() => {
                return Err(DeviceProofError::Invalid(DpopError::HeaderCount).into());
            }
            // A header that is no text is no JWT either.
            Some(proof) => {
                let request = (parts.method.as_str(), parts.uri.path());
                self.countersign.verify_dpop(proof.to_str().unwrap_or_default(), request, now)?
            }
        };
        let cookie = self.cookies.bound(&parts.headers);
        Ok(self.countersign.with_bound_cookie(proof, cookie.as_ref().map(|text| text.as_str()), now))
    }

    /// Counts what a browser says of a proof that it did not renew. Nobody is signed out for it.
    fn note_skipped(&self, headers: &HeaderMap) {
        let Some(value) = skipped(headers) else { return };
        let reason = match value.split([';', ',']).next().unwrap_or_default().trim() {
            "quota_exceeded" => SkippedRenewal::Quota,
            "unreachable" => SkippedRenewal::Unreachable,
            "server_error" => SkippedRenewal::ServerError,
            _ => SkippedRenewal::Other,
        };
        self.countersign.figures.devices.skipped.increment(reason);
    }
}

/// What the browser says of a proof that it did not renew, if it says something (`Secure-Session-Skipped`).
pub(in crate::http) fn skipped(headers: &HeaderMap) -> Option<&str> {
    headers.get("secure-session-skipped").map(|value| value.to_str().unwrap_or_default())
}

const DPOP: &str = "dpop";
