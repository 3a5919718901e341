//! Ending sessions. When a method returns, this process refuses the access tokens of those sessions (SE-4).
//! When the store could not record the end, the result is an error and never a silent success (SE-5).

use countersign_guard::AccessClaims;

use crate::Countersign;
use crate::flows::figures::LogoutScope;
use crate::flows::revocation::caller;
use crate::model::context::Context;
use crate::model::session::{EndReason, SessionSelector};
use crate::store::{Store, StoreError};

/// How far a logout reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This session.
    This,
    /// All sessions of the account.
    Everywhere,
}

impl<S: Store> Countersign<S> {
    /// Logs out the session of a refresh token. A token that is not ours, or of a session that is over, is no
    /// error: it is logged out (SE-3). Gives how many sessions this ended.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: no session is ended then.
    pub async fn logout(
        &self,
        refresh_token: &str,
        scope: Scope,
        context: &Context,
    ) -> Result<usize, StoreError> {
        let Ok(token) = self.refresh_tokens.parse(refresh_token) else { return Ok(0) };
        let which = match scope {
            Scope::This => SessionSelector::OfToken(token.presented()),
            Scope::Everywhere => SessionSelector::EverywhereOfToken(token.presented()),
        };
        self.log_out(which, scope, context).await
    }

    /// Logs out by a verified access token, for clients that hold no cookie.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: no session is ended then.
    pub async fn logout_by_claims(
        &self,
        claims: &AccessClaims,
        scope: Scope,
        context: &Context,
    ) -> Result<usize, StoreError> {
        if self.api_key_of(claims).is_some() {
            return Ok(0); // it did not sign in, and must not sign others out
        }
        let Some((account, session)) = caller(claims) else { return Ok(0) };
        let which = match scope {
            Scope::This => SessionSelector::OneOf(account, session),
            Scope::Everywhere => SessionSelector::AllOf(account),
        };
        self.log_out(which, scope, context).await
    }

    /// Ends sessions, from the account page, the command line or an administrator's. Gives how many this
    /// ended.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: nothing is ended then.
    pub async fn end_sessions(&self, which: SessionSelector, context: &Context) -> Result<usize, StoreError> {
        self.end(which, EndReason::Ended, context).await
    }

    pub(crate) async fn log_out(
        &self,
        which: SessionSelector,
        scope: Scope,
        context: &Context,
    ) -> Result<usize, StoreError> {
        let ended = self.end(which, EndReason::Logout, context).await?;
        if ended > 0 {
            self.figures.logouts.increment(match scope {
                Scope::This => LogoutScope::This,
                Scope::Everywhere => LogoutScope::Everywhere,
            });
        }
        Ok(ended)
    }

    async fn end(
        &self,
        which: SessionSelector,
        reason: EndReason,
        context: &Context,
    ) -> Result<usize, StoreError> {
        let ended = self.store.end_sessions(which, reason, context).await?;
        self.revoke(&ended);
        Ok(ended.len())
    }
}
