//! Making access tokens fail before they expire: those of sessions that end in this process, and of sessions
//! that other processes have ended.

use std::sync::PoisonError;

use countersign_guard::AccessClaims;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::session::EndedSession;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// Makes the access tokens of ended sessions fail in this process, before the caller learns that they are
    /// ended.
    pub(crate) fn revoke(&self, ended: &[EndedSession]) {
        for session in ended {
            let until = session.until.plus(self.options.leeway).as_unix_seconds().saturating_add(1);
            self.guard.revocations().revoke(&session.id.to_string(), until);
        }
    }

    /// Refuses the access tokens of sessions that other processes have ended since the last call: the command
    /// line, or another node.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn follow_revocations(&self, now: Timestamp) -> Result<(), StoreError> {
        let seen = *self.revocations_seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (revocations, next) = self.store.revocations(seen, now.minus(self.options.leeway)).await?;
        let ended: Vec<EndedSession> = revocations.iter().map(|revocation| revocation.ended).collect();
        self.revoke(&ended);
        *self.revocations_seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        Ok(())
    }
}

/// The account and the session that a verified access token was issued for. `None` when the IDs are not in
/// our form: another issuer made the token with the same key.
#[must_use]
pub fn caller(claims: &AccessClaims) -> Option<(AccountId, SessionId)> {
    Some((claims.subject().parse().ok()?, claims.session_id()?.parse().ok()?))
}
