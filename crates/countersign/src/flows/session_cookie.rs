//! The session cookie for forward authentication, where it is switched on: made at login and refresh, and looked up
//! in the store each time, so that it ends with its session (FA-3).

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::session::{Grant, SessionProof};
use crate::model::session_cookie::SessionCookie;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// The cookie of a session; `None` unless [`Options::session_cookie`](crate::Options::session_cookie) is on.
    #[must_use]
    pub fn session_cookie(&self, session: SessionId) -> Option<SessionCookie> {
        self.options.session_cookie.then(|| self.session_cookies.issue(session))
    }

    /// The session that this cookie names and its account, if both are alive. `None` also where the option is off.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub(crate) async fn find_by_session_cookie(
        &self,
        cookie: &str,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError> {
        if !self.options.session_cookie {
            return Ok(None);
        }
        let Some(id) = self.session_cookies.parse(cookie) else { return Ok(None) };
        self.vouch(SessionProof::Named(id), now).await
    }
}
