//! Whether the owner of an account is there, before something is done that an open session must not be enough for (SE-9): its
//! password is asked for. What stands in for that, a rule says (`recent_proof`).

use crate::Countersign;
use crate::base::id::{AccountId, SessionId};
use crate::flows::attempt::CheckError;
use crate::model::context::Context;
use crate::model::proof::Proof;
use crate::model::session::{NotRecent, PolicyAt, recent_proof};
use crate::password::Password;
use crate::store::Store;

/// Why somebody who has a session of an account does not count as its owner.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// The account has a password, none came along, and no passkey was shown in this session in the last five minutes whose
    /// authenticator has checked who is in front of it.
    #[error("the current password is missing")]
    PasswordMissing,
    /// The current password is not right, or the account may not sign in any more.
    #[error("the current password is not right")]
    WrongPassword,
    /// The account has no password, and its owner signed in more than five minutes ago.
    #[error("the sign-in is too long ago")]
    SignInTooOld,
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Nothing was checked, and why.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl<S: Store> Countersign<S> {
    /// Checks that the owner of an account is there. Nothing is changed (CC-6).
    pub(crate) async fn check_owner_is_there(
        &self,
        (account, session): (AccountId, SessionId),
        current: Option<&str>,
        context: &Context,
    ) -> Result<Proof, OwnerError> {
        let found = self.store.credentials(account).await.map_err(CheckError::from)?;
        let found = found.ok_or(OwnerError::NotFound)?;
        let Some(current) = current.filter(|_| found.password_hash.is_some()) else {
            let session = self.store.find_session(session).await.map_err(CheckError::from)?;
            let at = PolicyAt { policy: self.options.sessions, now: context.now };
            return Ok(recent_proof(&found, session.as_ref(), at)?);
        };
        let current = Password::new(current).map_err(|_| OwnerError::WrongPassword)?;
        let requester = self.check_current_password(&found, current, context).await?;
        requester.ok_or(OwnerError::WrongPassword)?;
        Ok(Proof::Password { version: found.password_version })
    }
}

impl From<NotRecent> for OwnerError {
    fn from(missing: NotRecent) -> Self {
        match missing {
            NotRecent::Password => Self::PasswordMissing,
            NotRecent::SignIn => Self::SignInTooOld,
        }
    }
}
