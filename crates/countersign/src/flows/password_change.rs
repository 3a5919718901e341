//! A new password: changed by its owner, who must know the current one, or set by an administrator. All other
//! sessions end in the same transaction (PP-8).

use crate::Countersign;
use crate::base::id::{AccountId, SessionId};
use crate::base::requester::Requester;
use crate::flows::attempt::{CheckError, Checked};
use crate::flows::login::{Authenticated, LoginError};
use crate::hashing::{Attempt, Verification};
use crate::model::account::{Account, Credentials, PasswordChange, SetPasswordOutcome, Username};
use crate::model::context::Context;
use crate::model::notice::Notice;
use crate::model::proof::Proof;
use crate::model::session::{PolicyAt, recent_proof};
use crate::password::{Password, PasswordHash, PolicyViolation};
use crate::store::Store;

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordChangeError {
    /// The current password is not right, or the account has none or may not sign in any more.
    #[error("the current password is not right")]
    WrongPassword,
    /// No current password came along, and nothing stands in for it, as [`OwnerError::PasswordMissing`](crate::OwnerError) says.
    #[error("the current password is missing")]
    PasswordMissing,
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Another request changed the password in the meantime.
    #[error("the password was changed in the meantime")]
    Overtaken,
    /// The new password is not good enough, and why.
    #[error(transparent)]
    Policy(#[from] PolicyViolation),
    /// Nothing was checked or stored, and why; the password is as before.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// A change that has been checked and hashed, good for one [`Countersign::store_password`].
#[derive(Debug)]
pub struct CheckedPasswordChange(PasswordChange);

impl<S: Store> Countersign<S> {
    /// Checks the owner's current password, or what stands in for it in this session, and the new one, and hashes the new one.
    /// Nothing is changed yet, so this can be dropped at any moment (CC-6). An account that has no password gets one by a mail.
    ///
    /// # Errors
    /// Every variant of [`PasswordChangeError`] but `Overtaken`.
    pub async fn check_password_change(
        &self,
        (account, session): (AccountId, SessionId),
        current: Option<&str>,
        new: &str,
        context: &Context,
    ) -> Result<CheckedPasswordChange, PasswordChangeError> {
        let new = Password::new(new).map_err(CheckError::from)?;
        let found = self.store.credentials(account).await.map_err(CheckError::from)?;
        let found = found.ok_or(PasswordChangeError::NotFound)?;
        let (policy, name) = (&self.options.passwords, found.account.username.as_str());
        let (proof, requester) = if let Some(current) = current {
            let current = Password::new(current).map_err(|_| PasswordChangeError::WrongPassword)?;
            policy.check_change(&new, &current, name)?;
            let requester = self.check_current_password(&found, current, context).await?;
            let proof = Proof::Password { version: found.password_version };
            (proof, requester.ok_or(PasswordChangeError::WrongPassword)?)
        } else {
            // SECURITY: the owner of an account without a password has not chosen that one is enough.
            found.password_hash.as_ref().ok_or(PasswordChangeError::WrongPassword)?;
            policy.check_new(&new, name)?;
            let session = self.store.find_session(session).await.map_err(CheckError::from)?;
            let at = PolicyAt { policy: self.options.sessions, now: context.now };
            let proof = recent_proof(&found, session.as_ref(), at);
            let requester = self.requester(&found.account.username, context);
            (proof.map_err(|_| PasswordChangeError::PasswordMissing)?, requester)
        };
        let new = self.hasher.hash(new, requester).await.map_err(CheckError::from)?;
        let checked = Some(proof);
        let (account_id, keep) = (account, Some(session));
        let notice = self.notice_to_owner(Notice::PasswordChanged, &found.account, context).await;
        let notice = notice.map_err(CheckError::from)?;
        Ok(CheckedPasswordChange(PasswordChange { account_id, new, checked, keep, notice }))
    }

    /// Whether this is the password of an account that may sign in; if so, the requester for another hash.
    pub(crate) async fn check_current_password(
        &self,
        found: &Credentials,
        current: Password,
        context: &Context,
    ) -> Result<Option<Requester>, CheckError> {
        let name = found.account.username.canonical();
        self.attempt(name, context, async |requester| {
            let attempt = Attempt { password: current, stored: found.password_hash.clone(), requester };
            Ok(match self.hasher.verify(attempt).await? {
                Verification::Match | Verification::MatchOutdated if found.account.is_enabled() => {
                    Checked::Right(requester)
                }
                _ => Checked::Wrong(Some(found.account.id)),
            })
        })
        .await
    }

    /// Checks and hashes a new password for an account that has just authenticated.
    /// [`Countersign::start_session`] sets it when it starts the session, and ends all others. Nothing is
    /// changed yet (CC-6).
    ///
    /// # Errors
    /// [`LoginError::Policy`], and [`LoginError::Check`] for the password's form and for its hash.
    pub async fn with_new_password(
        &self,
        mut authenticated: Authenticated,
        new: &str,
    ) -> Result<Authenticated, LoginError> {
        let new = Password::new(new).map_err(CheckError::from)?;
        let Authenticated { account, password, requester, .. } = &authenticated;
        let (policy, name) = (&self.options.passwords, account.username.as_str());
        match password {
            Some(current) => policy.check_change(&new, current, name)?,
            None => policy.check_new(&new, name)?,
        }
        authenticated.new_password = Some(self.hasher.hash(new, *requester).await.map_err(CheckError::from)?);
        Ok(authenticated)
    }

    /// Stores a new password and ends the account's other sessions.
    ///
    /// # Errors
    /// [`PasswordChangeError::NotFound`], [`PasswordChangeError::Overtaken`], and
    /// [`PasswordChangeError::Check`] for the store.
    pub async fn store_password(
        &self,
        change: CheckedPasswordChange,
        context: &Context,
    ) -> Result<(), PasswordChangeError> {
        match self.store.set_password(change.0, context).await.map_err(CheckError::from)? {
            SetPasswordOutcome::Done(ended) => {
                self.revoke(&ended);
                Ok(())
            }
            SetPasswordOutcome::NotFound => Err(PasswordChangeError::NotFound),
            SetPasswordOutcome::Overtaken => Err(PasswordChangeError::Overtaken),
        }
    }

    /// Sets an account's password without knowing the current one, and ends all its sessions: for the command
    /// line and for administrators.
    ///
    /// # Errors
    /// Every variant of [`PasswordChangeError`] but `WrongPassword` and `Overtaken`.
    pub async fn set_password(
        &self,
        account: &Account,
        new: &str,
        context: &Context,
    ) -> Result<(), PasswordChangeError> {
        let new = self.hash_new_password(new, &account.username, context).await?;
        // Where somebody else did it from is not the owner's business.
        let nowhere = Context::local(context.actor, context.now);
        let notice = self.notice_to_owner(Notice::PasswordChanged, account, &nowhere).await;
        let notice = notice.map_err(CheckError::from)?;
        let change = PasswordChange { account_id: account.id, new, checked: None, keep: None, notice };
        self.store_password(CheckedPasswordChange(change), context).await?;
        self.forgive_guesses(&account.username, context.now);
        Ok(self.exchange_guesses().await.map_err(CheckError::from)?)
    }

    /// Checks a new password against the policy and hashes it.
    pub(crate) async fn hash_new_password(
        &self,
        new: &str,
        username: &Username,
        context: &Context,
    ) -> Result<PasswordHash, PasswordChangeError> {
        let new = Password::new(new).map_err(CheckError::from)?;
        self.options.passwords.check_new(&new, username.as_str())?;
        Ok(self.hasher.hash(new, self.requester(username, context)).await.map_err(CheckError::from)?)
    }
}
