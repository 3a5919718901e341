//! The owner of an account asks for its deletion, or takes it back; the upkeep deletes what is due. Somebody who found an open
//! session must not take the account away, so its password is asked for; where it has none, a sign-in of the last minutes
//! counts (AD-1).

use std::time::Duration;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::flows::attempt::CheckError;
use crate::flows::login::Authenticated;
use crate::flows::owner::OwnerError;
use crate::model::account::{ChangeAccountOutcome, Deletion};
use crate::model::context::{Actor, Context};
use crate::model::proof::Proof;
use crate::store::{Store, StoreError};

/// Why the owner of an account cannot have it deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeleteOwnAccountError {
    /// Only administrators delete accounts here ([`Options::account_deletion_grace`](crate::Options::account_deletion_grace)).
    #[error("only administrators delete accounts here")]
    Off,
    /// Whoever asks does not count as the owner, or the account is disabled.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// Another request changed the password in the meantime.
    #[error("the password was changed in the meantime")]
    Overtaken,
    /// It is the last administrator who can sign in.
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
}

impl From<StoreError> for DeleteOwnAccountError {
    fn from(error: StoreError) -> Self {
        OwnerError::from(CheckError::from(error)).into()
    }
}

/// A deletion that the owner of the account may ask for, good for one [`Countersign::delete_own_account`].
#[derive(Debug)]
pub struct CheckedDeletion {
    account: AccountId,
    proof: Proof,
    grace: Duration,
}

impl Authenticated {
    /// The same, of somebody who takes the account back whose deletion they had asked for:
    /// [`Countersign::start_session`] cancels it.
    #[must_use]
    pub fn take_back_account(self) -> Self {
        Self { takes_back: true, account: self.account.taken_back(), ..self }
    }
}

impl<S: Store> Countersign<S> {
    /// Checks that the owner of an account may have it deleted. Nothing is changed yet (CC-6).
    ///
    /// # Errors
    /// [`DeleteOwnAccountError::Off`], [`DeleteOwnAccountError::Owner`].
    pub async fn check_own_deletion(
        &self,
        (account, session): (AccountId, SessionId),
        current: Option<&str>,
        context: &Context,
    ) -> Result<CheckedDeletion, DeleteOwnAccountError> {
        let grace = self.options.account_deletion_grace.ok_or(DeleteOwnAccountError::Off)?;
        let proof = self.check_owner_is_there((account, session), current, context).await?;
        Ok(CheckedDeletion { account, proof, grace })
    }

    /// Disables the account until the end of the grace, when the upkeep deletes it; or deletes it at once, without a grace. All
    /// its sessions end, and its API keys do not work. Gives the instant of the deletion.
    ///
    /// # Errors
    /// [`DeleteOwnAccountError::Overtaken`], [`DeleteOwnAccountError::LastAdministrator`], and [`DeleteOwnAccountError::Owner`] for
    /// an account that is not there and for the store.
    pub async fn delete_own_account(
        &self,
        CheckedDeletion { account, proof, grace }: CheckedDeletion,
        context: &Context,
    ) -> Result<Timestamp, DeleteOwnAccountError> {
        let deletion = Deletion::ByOwner { proof, grace };
        match self.store.delete_account(account, deletion, context).await? {
            ChangeAccountOutcome::Done(account, ended) => {
                self.revoke(&ended);
                Ok(account.delete_at.unwrap_or(context.now))
            }
            ChangeAccountOutcome::Overtaken => Err(DeleteOwnAccountError::Overtaken),
            ChangeAccountOutcome::LastAdministrator => Err(DeleteOwnAccountError::LastAdministrator),
            ChangeAccountOutcome::NotFound
            | ChangeAccountOutcome::NameTaken
            | ChangeAccountOutcome::LooksAlike => Err(OwnerError::NotFound.into()),
        }
    }

    /// Deletes the accounts whose grace is over, a few of them: the next turn of the upkeep goes on. Of two nodes that do it at
    /// once, the second finds nothing; nor does it find an account that was taken back in between.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; what was deleted until then stays deleted.
    pub async fn delete_due_accounts(&self, now: Timestamp) -> Result<(), StoreError> {
        let context = Context::local(Actor::System, now);
        for id in self.store.accounts_to_delete(now, DELETED_AT_ONCE).await? {
            let done = self.store.delete_account(id, Deletion::IfDue, &context).await?;
            if let ChangeAccountOutcome::Done(_, ended) = done {
                self.revoke(&ended);
            }
        }
        Ok(())
    }
}

/// So many that nothing else of the upkeep waits long.
const DELETED_AT_ONCE: u32 = 100;
