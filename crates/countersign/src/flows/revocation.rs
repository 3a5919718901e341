//! Making access tokens fail before they expire: those of sessions that end in this process, and of sessions
//! that other processes have ended.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::PoisonError;
use std::time::Duration;

use countersign_guard::AccessClaims;
use futures_util::future::select;
use tokio::time::sleep;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId, SessionId};
use crate::flows::feed_keys::new_epoch;
use crate::model::context::Context;
use crate::model::session::{EndedSession, ends_all_at};
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

    /// Follows the log of ended sessions until it is dropped: whenever a node says that it has ended some, and often
    /// enough where none can say so.
    pub(crate) async fn run_following(&self) {
        let mut is_failing = false;
        loop {
            let followed = self.follow_revocations(self.clock.now()).await;
            if let Err(error) = &followed
                && !is_failing
            {
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, "cannot follow the log of ended sessions, it will be tried again");
            }
            is_failing = followed.is_err();
            sleep(LEAST_PAUSE).await;
            select(pin!(self.store.rung()), pin!(sleep(LONGEST_WAIT))).await;
        }
    }

    /// Refuses the access tokens of sessions that other processes have ended since the last call: the command
    /// line, or another node. The followers of the feed hear of them, and that nothing is missing up to `now`.
    /// When another copy of the database took over, what this process remembers and that copy lacks goes back
    /// into it: sessions that ended, signing keys.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer: followers see then how old their knowledge is.
    pub async fn follow_revocations(&self, now: Timestamp) -> Result<(), StoreError> {
        let seen = self.revocations_seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut cursor, mut anew) = (seen.clone(), None);
        loop {
            let page = self.store.revocations(cursor, now.minus(self.options.leeway)).await?;
            self.refuse_tokens(page.log.iter().map(|revocation| &revocation.ended));
            if let Some(not_before) = page.not_before {
                self.refuse_issued_before(not_before);
            }
            if page.is_anew {
                anew = Some(HashSet::new());
            }
            if let Some(log) = &mut anew {
                log.extend(page.log.iter().map(|revocation| revocation.ended.id));
            }
            // After a start, when they ended: followers go on by that time, wherever they were before.
            self.feed_record(page.log.iter().map(|revocation| {
                (revocation.ended, if seen.is_some() { Some(now) } else { revocation.ended_at })
            }));
            cursor = Some(page.cursor);
            if !page.has_more {
                break;
            }
        }
        if let Some(log) = anew {
            self.owe_what_is_not_in(&log, now);
            tracing::warn!(
                "the database is another copy or another server: followers of the feed begin anew"
            );
            self.feed.reset(new_epoch(&self.random));
        }
        self.feed_synced(now);
        self.figures.followed(now);
        *self.revocations_seen.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        self.write_back(now).await
    }

    /// Ends all sessions that there are at `now`, here and everywhere, without touching them: the store was put back to an
    /// earlier state, in which sessions live that had ended since. Gives the instant, in a second or two, at which new ones
    /// can begin.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: no session is ended then.
    pub async fn end_all_sessions(&self, context: &Context) -> Result<Timestamp, StoreError> {
        let not_before = self.store.end_sessions_before(ends_all_at(context.now), context).await?;
        self.refuse_issued_before(not_before);
        Ok(not_before)
    }

    /// The API key that a verified access token was issued for, if it was one and no sign-in.
    #[must_use]
    pub fn api_key_of(&self, claims: &AccessClaims) -> Option<ApiKeyId> {
        claims.client_id().filter(|id| *id != self.options.client_id)?.parse().ok()
    }

    fn refuse_issued_before(&self, not_before: Timestamp) {
        let second = not_before.as_unix_seconds();
        self.guard.revocations().revoke_issued_before(second);
        self.feed.revoke_issued_before(second);
    }

    fn refuse_tokens<'a>(&self, ended: impl IntoIterator<Item = &'a EndedSession>) {
        for session in ended {
            let until = session.until.plus(self.options.leeway).as_unix_seconds().saturating_add(1);
            self.guard.revocations().revoke(&session.id.to_string(), until);
        }
    }
}

/// Many log-outs at once are one look.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
/// SECURITY: what one process ends is refused by the others within both pauses and what a look at the log takes (p99 <
/// 1 s, SE-4).
const LONGEST_WAIT: Duration = Duration::from_millis(80);

/// The account and the session that a verified access token was issued for. The session of an API key's token is no session:
/// ask [`Countersign::api_key_of`] first. `None` when the IDs are not in
/// our form: another issuer made the token with the same key.
#[must_use]
pub fn caller(claims: &AccessClaims) -> Option<(AccountId, SessionId)> {
    Some((claims.subject().parse().ok()?, claims.session_id()?.parse().ok()?))
}
