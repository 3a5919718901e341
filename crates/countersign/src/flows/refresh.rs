//! Exchanging a refresh token: tag first, with no store asked; then the store's one transaction; then the
//! answer.
#![deny(clippy::wildcard_enum_match_arm)]

use countersign_jwt::SignError;

use crate::Countersign;
use crate::flows::issue::SignedIn;
use crate::model::context::Context;
use crate::model::session::refresh_token::RefreshToken;
use crate::model::session::{EndReason, Grant, Rotation};
use crate::store::{Store, StoreError};

/// Why a refresh failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Not a token of ours, or of a session that no longer exists.
    #[error("not a refresh token of this server")]
    Invalid,
    /// The session is past its idle or absolute end.
    #[error("the session has expired")]
    Expired,
    /// The session was ended early.
    #[error("the session was ended: {}", .0.name())]
    Revoked(EndReason),
    /// An old token came back, so there is a copy of it. The session has been ended (RF-2).
    #[error("the refresh token was used again: the session is ended")]
    Reused,
    /// The store did not answer; the token is as good as before.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The access token could not be signed; the token is as good as before.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl RefreshError {
    /// Whether the session is over, so that the client should forget its refresh token (RF-12). Not so after
    /// an error of ours, for a token that we cannot read, and for a session that a new login replaced: the
    /// browser may already hold the new login's cookie under the same name.
    #[must_use]
    pub const fn ends_session(&self) -> bool {
        match self {
            Self::Expired | Self::Reused => true,
            Self::Revoked(reason) => match reason {
                EndReason::Replaced => false,
                EndReason::Logout
                | EndReason::Reuse
                | EndReason::PasswordChanged
                | EndReason::PasswordChangeRequired
                | EndReason::AccountDisabled
                | EndReason::Ended
                | EndReason::TooMany => true,
            },
            Self::Invalid | Self::Store(_) | Self::Sign(_) => false,
        }
    }
}

impl<S: Store> Countersign<S> {
    /// Exchanges a refresh token for an access token and, where it is rotated, its successor.
    ///
    /// # Errors
    /// Every variant of [`RefreshError`]; [`RefreshError::ends_session`] says whether the client keeps its
    /// cookie.
    pub async fn refresh(&self, token: &str, context: &Context) -> Result<SignedIn, RefreshError> {
        let token = self.refresh_tokens.parse(token).map_err(|_| RefreshError::Invalid)?;
        match self.store.rotate(token.presented(), context).await? {
            Rotation::Fresh(grant) | Rotation::Healed(grant) => self.refreshed(*grant, None, context),
            Rotation::Advanced(grant) | Rotation::Replayed(grant) => {
                self.refreshed(*grant, Some(&token), context)
            }
            Rotation::Reused(ended) => {
                self.revoke(&[ended]);
                Err(RefreshError::Reused)
            }
            Rotation::Expired => Err(RefreshError::Expired),
            Rotation::Revoked(reason) => Err(RefreshError::Revoked(reason)),
            Rotation::Unknown => Err(RefreshError::Invalid),
        }
    }

    fn refreshed(
        &self,
        grant: Grant,
        token: Option<&RefreshToken>,
        context: &Context,
    ) -> Result<SignedIn, RefreshError> {
        // A logout may have been answered while this request was on its way back from the store (CC-2).
        if self.guard.revocations().contains(&grant.session().id.to_string()) {
            return Err(RefreshError::Revoked(EndReason::Ended));
        }
        Ok(self.signed_in(grant, token, context)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RF-12: every reason but the one after which the browser holds a newer cookie.
    #[test]
    fn the_client_keeps_its_token_unless_the_session_is_over() {
        for reason in EndReason::ALL {
            let is_over = *reason != EndReason::Replaced;
            assert_eq!(RefreshError::Revoked(*reason).ends_session(), is_over, "{reason:?}");
        }
        assert!(RefreshError::Expired.ends_session() && RefreshError::Reused.ends_session());
        let ours = StoreError::Unavailable("the disk is full".into());
        assert!(!RefreshError::Invalid.ends_session() && !RefreshError::Store(ours).ends_session());
    }
}
