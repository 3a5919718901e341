//! Whether the owner of an account is there, before something is done that an open session must not be enough for (SE-9): its
//! password is asked for; where it has none, a sign-in of the last minutes counts.

use std::time::Duration;

use crate::Countersign;
use crate::base::id::{AccountId, SessionId};
use crate::flows::attempt::CheckError;
use crate::model::context::Context;
use crate::model::proof::{AuthMethods, OutsideProof, Proof};
use crate::password::Password;
use crate::store::Store;

/// Why somebody who has a session of an account does not count as its owner.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// The account has a password, and none came along.
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
        if found.password_hash.is_none() {
            let session = self.store.find_session(session).await.map_err(CheckError::from)?;
            let is_recent = session.is_some_and(|session| {
                session.account_id == account && context.now.since(session.authenticated_at) <= RECENT_SIGN_IN
            });
            let proof = Proof::Outside(OutsideProof::new("recent_sign_in", AuthMethods::NONE));
            return is_recent.then_some(proof).ok_or(OwnerError::SignInTooOld);
        }
        let current = current.ok_or(OwnerError::PasswordMissing)?;
        let current = Password::new(current).map_err(|_| OwnerError::WrongPassword)?;
        let requester = self.check_current_password(&found, current, context).await?;
        requester.ok_or(OwnerError::WrongPassword)?;
        Ok(Proof::Password { version: found.password_version })
    }
}

/// As long as it takes to read what will happen, and to decide (ASVS 7.5.1).
const RECENT_SIGN_IN: Duration = Duration::from_mins(5);
