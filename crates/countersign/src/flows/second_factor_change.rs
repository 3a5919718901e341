//! Changing what an account has beside its password: by its owner, who shows the password and a code, or by an administrator. And
//! showing again who one is, in a session that goes on.

use std::sync::Arc;

use crate::Countersign;
use crate::base::id::{AccountId, FactorId, SessionId, TrustedDeviceId};
use crate::flows::attempt::CheckError;
use crate::flows::owner::OwnerError;
use crate::flows::passkey_error::PasskeyError;
use crate::flows::second_factor::{FactorProof, NewAuthenticator, OfferedAuthenticator};
use crate::model::account::Account;
use crate::model::context::Context;
use crate::model::notice::Notice;
use crate::model::outbox::NewDelivery;
use crate::model::proof::Proof;
use crate::model::second_factor::{
    AccountFactors, ChangeFactorsOutcome, FactorAction, FactorChange, FactorChanger, FactorMethod, Missing,
    NewFactor, ReauthenticateOutcome, Reauthentication, RecoveryCode, SecondFactor, SecondStep, ShownFactor,
};
use crate::store::{Store, StoreError};

/// Why what an account has beside its password was not changed, or its owner does not count as there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecondFactorError {
    /// The first step was not made.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The account has an authenticator, and one of these has to be shown too.
    #[error("a second factor is required")]
    FactorRequired(Vec<FactorMethod>),
    /// The passkey was not accepted, and why.
    #[error(transparent)]
    Passkey(PasskeyError),
    /// What was shown is wrong, or was used before; or the offer of an authenticator is over.
    #[error("the code is not right")]
    WrongFactor,
    /// The account has no such authenticator or device.
    #[error("there is no such authenticator or device")]
    NotFound,
    /// The account has ten authenticators of this kind.
    #[error("the account has as many authenticators as it may")]
    TooMany,
    /// It is the last authenticator, and the policy asks for one.
    #[error("the account has to have an authenticator")]
    Required,
    /// The password was changed in the meantime.
    #[error("the password was changed in the meantime")]
    Overtaken,
    /// Nothing was checked or stored, and why.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl From<StoreError> for SecondFactorError {
    fn from(error: StoreError) -> Self {
        Self::Check(error.into())
    }
}

impl From<PasskeyError> for SecondFactorError {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Check(error) => Self::Check(error),
            error => Self::Passkey(error),
        }
    }
}

/// The owner of an account has shown who they are; good for one change, or for one
/// [`reauthenticate`](Countersign::reauthenticate).
#[derive(Debug)]
pub struct CheckedOwner {
    pub(crate) account: Account,
    pub(crate) session: SessionId,
    pub(crate) proof: Proof,
    pub(crate) step: SecondStep,
}

impl<S: Store> Countersign<S> {
    /// What an account has beside its password.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn second_factors(&self, account: AccountId) -> Result<AccountFactors, StoreError> {
        self.store.second_factors(account).await
    }

    /// Checks that the owner of an account is there: the password, and a code or a passkey where the account has one. The password can be
    /// left out if the passkey's authenticator has checked who is in front of it. Nothing is changed (CC-6).
    ///
    /// # Errors
    /// [`SecondFactorError::Owner`], [`SecondFactorError::FactorRequired`], [`SecondFactorError::WrongFactor`],
    /// [`SecondFactorError::Passkey`], [`SecondFactorError::Check`].
    pub async fn check_owner_with_factor(
        &self,
        (account, session): (AccountId, SessionId),
        password: Option<&str>,
        shown: Option<FactorProof<'_>>,
        context: &Context,
    ) -> Result<CheckedOwner, SecondFactorError> {
        if let Some(FactorProof::Passkey(answer)) = shown {
            return self.check_owner_by_passkey((account, session), password, answer, context).await;
        }
        let proof = self.check_owner_is_there((account, session), password, context).await?;
        let account = self.store.find_account(account).await?.ok_or(OwnerError::NotFound)?;
        let held = self.store.second_factors(account.id).await?;
        let shown = match (held.factors.is_empty(), shown) {
            (true, _) => ShownFactor::Nothing,
            (false, None) => return Err(SecondFactorError::FactorRequired(held.methods())),
            (false, Some(shown)) => {
                let found = self.check_factor(&account, &held, shown, context).await?;
                found.ok_or(SecondFactorError::WrongFactor)?
            }
        };
        let step = self.second_step(&account, shown, context);
        Ok(CheckedOwner { account, session, proof, step })
    }

    /// Offers an authenticator to the owner of an account. Nothing is stored before its first code is shown.
    ///
    /// # Errors
    /// [`SecondFactorError::TooMany`], [`SecondFactorError::NotFound`], [`SecondFactorError::Check`].
    pub async fn offer_own_authenticator(
        &self,
        account: AccountId,
        context: &Context,
    ) -> Result<OfferedAuthenticator, SecondFactorError> {
        let account = self.store.find_account(account).await?.ok_or(SecondFactorError::NotFound)?;
        Ok(self.offer_authenticator(&account, context)?)
    }

    /// Adds an authenticator, whose first code is shown; gives it, and recovery codes if it is the first. All other sessions end.
    ///
    /// # Errors
    /// Every variant of [`SecondFactorError`] but `Owner` and `Required`.
    pub async fn add_authenticator(
        &self,
        owner: CheckedOwner,
        new: NewAuthenticator<'_>,
        context: &Context,
    ) -> Result<(SecondFactor, Vec<RecoveryCode>), SecondFactorError> {
        let factor = self.make_authenticator(&owner.account, new, context).await?;
        let factor = factor.ok_or(SecondFactorError::WrongFactor)?;
        let held = self.store.second_factors(owner.account.id).await?;
        self.add(owner, &held, factor, context).await
    }

    pub(crate) async fn add(
        &self,
        owner: CheckedOwner,
        held: &AccountFactors,
        factor: SecondFactor,
        context: &Context,
    ) -> Result<(SecondFactor, Vec<RecoveryCode>), SecondFactorError> {
        let codes = if held.codes.is_empty() { RecoveryCode::set(&self.random) } else { Vec::new() };
        let hashes = codes.iter().map(|code| code.hash(&self.outbox_key, owner.account.id)).collect();
        let action = FactorAction::Add(Box::new(NewFactor { factor: factor.clone(), codes: hashes }));
        self.change_own(owner, action, context).await?;
        Ok((factor, codes))
    }

    /// Removes an authenticator; with the last one, recovery codes and trusted devices go too. All other sessions end.
    ///
    /// # Errors
    /// Every variant of [`SecondFactorError`] but `Owner` and `TooMany`.
    pub async fn remove_authenticator(
        &self,
        owner: CheckedOwner,
        id: FactorId,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        self.change_own(owner, FactorAction::Remove(id), context).await
    }

    /// Makes new recovery codes; all others are void.
    ///
    /// # Errors
    /// Every variant of [`SecondFactorError`] but `Owner`, `TooMany` and `Required`.
    pub async fn renew_recovery_codes(
        &self,
        owner: CheckedOwner,
        context: &Context,
    ) -> Result<Vec<RecoveryCode>, SecondFactorError> {
        let codes = RecoveryCode::set(&self.random);
        let hashes = codes.iter().map(|code| code.hash(&self.outbox_key, owner.account.id)).collect();
        self.change_own(owner, FactorAction::NewCodes(hashes), context).await?;
        Ok(codes)
    }

    /// Gives an authenticator another name; it is shortened to 64 characters. An open session is enough for that.
    ///
    /// # Errors
    /// [`SecondFactorError::NotFound`], [`SecondFactorError::Check`].
    pub async fn rename_authenticator(
        &self,
        owner: (AccountId, SessionId),
        id: FactorId,
        name: &str,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        self.change_in_session(owner, FactorAction::Rename(id, SecondFactor::name_of(name)), context).await
    }

    /// Trusts a device no more. An open session is enough for that.
    ///
    /// # Errors
    /// [`SecondFactorError::NotFound`], [`SecondFactorError::Check`].
    pub async fn forget_device(
        &self,
        owner: (AccountId, SessionId),
        id: TrustedDeviceId,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        self.change_in_session(owner, FactorAction::Forget(id), context).await
    }

    /// Takes everything away that an account has beside its password, for somebody who has lost it: by an administrator. All sessions
    /// end, and its owner is told.
    ///
    /// # Errors
    /// [`SecondFactorError::NotFound`], [`SecondFactorError::Check`].
    pub async fn reset_second_factors(
        &self,
        account: &Account,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        // Where somebody else did it from is not the owner's business.
        let nowhere = Context::local(context.actor, context.now);
        let notice = self.notice_to_owner(Notice::SecondFactorChanged, account, &nowhere).await?;
        let (account_id, by) = (account.id, FactorChanger::Administrator);
        self.change(FactorChange { account_id, action: FactorAction::Reset, by, notice }, context).await?;
        self.forgive_factor_guesses(&account.username, context.now);
        Ok(self.exchange_guesses().await?)
    }

    /// Notes in a session that its owner has shown again who they are: its next tokens say so (RFC 9470).
    ///
    /// # Errors
    /// [`SecondFactorError::Overtaken`] when the session is over or the password was changed, [`SecondFactorError::WrongFactor`],
    /// [`SecondFactorError::Check`].
    pub async fn reauthenticate(
        &self,
        owner: CheckedOwner,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        let CheckedOwner { account, session, proof, step } = owner;
        let again = Reauthentication { session, account_id: account.id, proof, step };
        match self.store.reauthenticate(again, context).await? {
            ReauthenticateOutcome::Done => Ok(()),
            ReauthenticateOutcome::Refused => Err(SecondFactorError::Overtaken),
            ReauthenticateOutcome::Missing(missing) => Err(missing.into()),
        }
    }

    async fn change_own(
        &self,
        owner: CheckedOwner,
        action: FactorAction,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        let notice = self.notice_to_owner(Notice::SecondFactorChanged, &owner.account, context).await?;
        let CheckedOwner { account, session, proof, step } = owner;
        let by = FactorChanger::Owner { session, proof: Some(proof), step };
        self.change(FactorChange { account_id: account.id, action, by, notice }, context).await
    }

    async fn change_in_session(
        &self,
        (account_id, session): (AccountId, SessionId),
        action: FactorAction,
        context: &Context,
    ) -> Result<(), SecondFactorError> {
        let policy = Arc::clone(&self.options.second_factor.policy);
        let step = SecondStep { policy, ..SecondStep::default() };
        let by = FactorChanger::Owner { session, proof: None, step };
        let notice: Option<NewDelivery> = None;
        self.change(FactorChange { account_id, action, by, notice }, context).await
    }

    async fn change(&self, change: FactorChange, context: &Context) -> Result<(), SecondFactorError> {
        match self.store.change_factors(change, context).await? {
            ChangeFactorsOutcome::Done(ended) => {
                self.revoke(&ended);
                Ok(())
            }
            ChangeFactorsOutcome::NotFound => Err(SecondFactorError::NotFound),
            ChangeFactorsOutcome::Overtaken => Err(SecondFactorError::Overtaken),
            ChangeFactorsOutcome::Missing(missing) => Err(missing.into()),
            ChangeFactorsOutcome::TooMany => Err(SecondFactorError::TooMany),
            ChangeFactorsOutcome::Required => Err(SecondFactorError::Required),
        }
    }
}

impl From<Missing> for SecondFactorError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Factor(methods) => Self::FactorRequired(methods),
            Missing::Authenticator | Missing::AnotherCode => Self::WrongFactor,
            Missing::AnotherPasskey => Self::Passkey(PasskeyError::Exists),
        }
    }
}
