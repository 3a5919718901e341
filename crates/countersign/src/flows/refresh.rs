//! Exchanging a refresh token: tag first, with no store asked; then the store's one transaction; then the
//! answer.
#![deny(clippy::wildcard_enum_match_arm)]

use countersign_jwt::SignError;

use crate::Countersign;
use crate::flows::audience::AudienceError;
use crate::flows::claims::Asked;
use crate::flows::device_proof::DeviceProofError;
use crate::flows::figures::RefreshResult;
use crate::flows::issue::SignedIn;
use crate::model::account::Account;
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::model::session::refresh_token::{PresentedToken, RefreshToken};
use crate::model::session::{EndReason, Grant, Rotation, SessionProof};
use crate::options::HookError;
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
    /// There is no access token for the audience; the refresh token is as good as before (AU-2).
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The policy asks for a second factor, which was not shown when the session began: its owner signs in again. The refresh token
    /// is as good as before.
    #[error("a second factor is required")]
    SecondFactorRequired,
    /// The session is bound to a device, and the request has no proof of its key (RF-15). The session lives, and the refresh token
    /// is as good as before.
    #[error("the session is bound to a key that was not proved")]
    DeviceProofRequired,
    /// The proof of the device was used before, or cannot be remembered. The refresh token is as good as before.
    #[error(transparent)]
    Device(#[from] DeviceProofError),
    /// The store did not answer; the token is as good as before.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The access token could not be signed; the token is as good as before.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The claims could not be computed; the token is as good as before.
    #[error(transparent)]
    Hook(#[from] HookError),
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
                | EndReason::FactorChanged
                | EndReason::AccountDisabled
                | EndReason::Ended
                | EndReason::TooMany
                | EndReason::Restored => true,
            },
            Self::Invalid
            | Self::SecondFactorRequired
            | Self::DeviceProofRequired
            | Self::Device(_)
            | Self::Audience(_)
            | Self::Store(_)
            | Self::Sign(_)
            | Self::Hook(_) => false,
        }
    }
}

impl<S: Store> Countersign<S> {
    /// Exchanges a refresh token for an access token and, where it is rotated, its successor.
    ///
    /// # Errors
    /// Every variant of [`RefreshError`] but `Audience`; [`RefreshError::ends_session`] says whether the client keeps
    /// its cookie.
    pub async fn refresh(&self, token: &str, context: &Context) -> Result<SignedIn, RefreshError> {
        self.refresh_for(None, token, context).await
    }

    /// The same, for the audience with this name.
    ///
    /// # Errors
    /// Every variant of [`RefreshError`].
    pub async fn refresh_for(
        &self,
        audience: Option<&str>,
        token: &str,
        context: &Context,
    ) -> Result<SignedIn, RefreshError> {
        let exchanged = self.exchange(audience, token, context).await;
        let result = RefreshResult::of(exchanged.as_ref().map(|(rotation, ..)| rotation));
        self.figures.refreshes.increment(result);
        let (rotation, token, asked) = exchanged?;
        match rotation {
            Rotation::Fresh(grant) | Rotation::Healed(grant) => {
                self.refreshed(*grant, None, asked, context).await
            }
            Rotation::Advanced(grant) | Rotation::Replayed(grant) => {
                self.refreshed(*grant, Some(&token), asked, context).await
            }
            Rotation::ProofRequired { session_id, account_id } => {
                self.note_missing_proof(session_id, account_id, context).await;
                Err(RefreshError::DeviceProofRequired)
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

    /// What the token comes to, and what is to be issued for it.
    async fn exchange(
        &self,
        audience: Option<&str>,
        token: &str,
        context: &Context,
    ) -> Result<(Rotation, RefreshToken, Asked<'_>), RefreshError> {
        let audience = self.audience(audience)?;
        let token = self.refresh_tokens.parse(token).map_err(|_| RefreshError::Invalid)?;
        let presented = token.presented();
        let session = presented.session_id;
        let presented = presented.with_proof_of(context.device.key_for(session));
        self.device_proofs.demand_new(context)?;
        let account = self.admitted(audience, presented, context).await?;
        let email = match &account {
            Some(account) => self.email_for(account.id, audience).await?,
            None => None,
        };
        let computed = self.compute_claims_of(session, audience, context.now).await??;
        let rotation = self.store.rotate(presented, context).await?;
        // Of two that come at once, one gives a token. That the session may have moved on harms nobody: its holder's parent is good at any time.
        if rotation.is_by_key() {
            self.use_proof(context)?;
        }
        Ok((rotation, token, Asked { audience, account, computed, email, scopes: None }))
    }

    /// The account, whose role this audience admits, and whose session has shown what the policy asks for. Asked before the rotation, whose successor would be lost with a
    /// refusal. `None` where everybody is admitted, and for a token that the rotation refuses.
    async fn admitted(
        &self,
        audience: &Audience,
        token: PresentedToken,
        context: &Context,
    ) -> Result<Option<Account>, RefreshError> {
        let asks_for_more = self.options.second_factor.policy.asks(context.now);
        if *audience == self.options.audiences.default && !asks_for_more && !audience.dpop_bound {
            return Ok(None);
        }
        let proof = SessionProof::Refresh(token);
        let Some(grant) = self.store.vouch(proof, context.now).await? else { return Ok(None) };
        let (account, session) = grant.into_parts();
        // SECURITY: a session from before the policy asked for a second factor goes no further (MF-2).
        if !self.is_enough(&account, session.amr, context.now) {
            return Err(RefreshError::SecondFactorRequired);
        }
        audience.admit(&account.role).ok_or(AudienceError::NotPermitted)?;
        Self::demand_binding(audience, &session, context)?;
        Ok(Some(account))
    }

    async fn refreshed(
        &self,
        grant: Grant,
        token: Option<&RefreshToken>,
        asked: Asked<'_>,
        context: &Context,
    ) -> Result<SignedIn, RefreshError> {
        // A logout may have been answered while this request was on its way back from the store (CC-2).
        if self.guard.revocations().contains(&grant.session().id.to_string()) {
            return Err(RefreshError::Revoked(EndReason::Ended));
        }
        // What was refused a moment ago and is not any more was not asked whether it is admitted.
        if asked.account.is_none() && asked.audience.admit(&grant.account().role).is_none() {
            return Err(AudienceError::NotPermitted.into());
        }
        Self::demand_binding(asked.audience, grant.session(), context)?;
        let asked = self.with_current_claims(&grant, asked).await?;
        Ok(self.signed_in(grant, token, &asked, context)?)
    }
}

/// For metrics.
impl RefreshResult {
    pub(crate) const fn of_rotation(rotation: &Rotation) -> Self {
        Self::of(Ok(rotation))
    }

    const fn of(outcome: Result<&Rotation, &RefreshError>) -> Self {
        match outcome {
            Ok(Rotation::Fresh(_)) => Self::Fresh,
            Ok(Rotation::Advanced(_)) => Self::Advanced,
            Ok(Rotation::Replayed(_)) => Self::Replayed,
            Ok(Rotation::Healed(_)) => Self::Healed,
            Ok(Rotation::ProofRequired { .. }) => Self::ProofRequired,
            Ok(Rotation::Reused(_)) => Self::Reused,
            Ok(Rotation::Expired) => Self::Expired,
            Ok(Rotation::Revoked(_)) => Self::Revoked,
            Ok(Rotation::Unknown) | Err(RefreshError::Invalid) => Self::Unknown,
            Err(_) => Self::Error,
        }
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
