//! Making access tokens fail before they expire: those of sessions that end in this process, and of sessions
//! that other processes have ended.

use std::sync::PoisonError;

use countersign_guard::AccessClaims;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::flows::feed_keys::new_epoch;
use crate::model::session::EndedSession;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// Makes the access tokens of ended sessions fail in this process, before the caller learns that they are
    /// ended, and tells the followers of the feed.
    pub(crate) fn revoke(&self, ended: &[EndedSession]) {
        if ended.is_empty() {
            return;
        }
        let now = self.clock.now();
        self.refuse_tokens(ended);
        self.feed_record(ended.iter().map(|session| (*session, Some(now))));
    }

    /// Refuses the access tokens of sessions that other processes have ended since the last call: the command
    /// line, or another node. The followers of the feed hear of them, and that nothing is missing up to `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer: followers see then how old their knowledge is.
    pub async fn follow_revocations(&self, now: Timestamp) -> Result<(), StoreError> {
        let seen = self.revocations_seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut cursor, mut is_anew) = (seen.clone(), false);
        loop {
            let page = self.store.revocations(cursor, now.minus(self.options.leeway)).await?;
            self.refuse_tokens(page.log.iter().map(|revocation| &revocation.ended));
            is_anew |= page.is_anew;
            // After a start, when they ended: followers go on by that time, wherever they were before.
            self.feed_record(page.log.iter().map(|revocation| {
                (revocation.ended, if seen.is_some() { Some(now) } else { revocation.ended_at })
            }));
            cursor = Some(page.cursor);
            if !page.has_more {
                break;
            }
        }
        if is_anew {
            tracing::warn!(
                "the database is another copy or another server: followers of the feed begin anew"
            );
            self.feed.reset(new_epoch(&self.random));
        }
        self.feed_synced(now);
        *self.revocations_seen.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        Ok(())
    }

    fn refuse_tokens<'a>(&self, ended: impl IntoIterator<Item = &'a EndedSession>) {
        for session in ended {
            let until = session.until.plus(self.options.leeway).as_unix_seconds().saturating_add(1);
            self.guard.revocations().revoke(&session.id.to_string(), until);
        }
    }
}

/// The account and the session that a verified access token was issued for. `None` when the IDs are not in
/// our form: another issuer made the token with the same key.
#[must_use]
pub fn caller(claims: &AccessClaims) -> Option<(AccountId, SessionId)> {
    Some((claims.subject().parse().ok()?, claims.session_id()?.parse().ok()?))
}
