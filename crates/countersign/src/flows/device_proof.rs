//! Proofs of a device. Whether a session is bound to the key of a proof is a rule of the session
//! ([`decide`](crate::model::session::decide)).
//!
//! A proof is verified when it arrives, and used up when it counts: after the password was right, and when a bound session was refreshed by its key.
//! So nobody without an account fills the memory of used proofs, nor with an old refresh token, nor with that of an unbound session.

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
pub use crate::flows::device_proofs::DeviceProofError;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::model::device_proof::DeviceProof;
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Verifies the value of a `DPoP` header (RFC 9449 §4.3) of a request: its method, and its path below the issuer. Put the result into
    /// [`Context::device`] of what the request asks for.
    ///
    /// # Errors
    /// [`DeviceProofError::Invalid`], [`DeviceProofError::NonceRequired`]: as they say.
    pub fn verify_dpop(
        &self,
        proof: &str,
        request: (&str, &str),
        now: Timestamp,
    ) -> Result<DeviceProof, DeviceProofError> {
        self.device_proofs.verify(proof, request, now)
    }

    /// The same proof counts once at each node.
    ///
    /// # Errors
    /// [`DeviceProofError::Invalid`] if it was used before, [`DeviceProofError::Full`].
    pub(crate) fn use_proof(&self, context: &Context) -> Result<(), DeviceProofError> {
        self.device_proofs.record(context)
    }

    /// Writes down that somebody without the device has its refresh token. A log that does not take it stops no answer.
    pub(crate) async fn note_missing_proof(
        &self,
        session_id: SessionId,
        account_id: AccountId,
        context: &Context,
    ) {
        if !self.device_proofs.is_news(session_id, context.now) {
            return;
        }
        let event = AuditEvent::new(AuditKind::DeviceProofMissing);
        let recorded = self.store.record(event.of_account(account_id).of_session(session_id), context).await;
        if let Err(error) = recorded {
            tracing::warn!(session = %session_id, %error, "a missing proof of a device was not written down");
        }
    }
}
