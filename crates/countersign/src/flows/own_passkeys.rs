//! Passkeys of somebody who is signed in: one that stands for the password and the code, and one more.

use crate::Countersign;
use crate::base::id::{AccountId, SessionId};
use crate::flows::owner::OwnerError;
use crate::flows::passkey::PasskeyAnswer;
use crate::flows::passkey_check::NewPasskey;
use crate::flows::second_factor_change::{CheckedOwner, SecondFactorError};
use crate::model::context::Context;
use crate::model::proof::Proof;
use crate::model::second_factor::{
    AccountFactors, PasskeyUse, RecoveryCode, SecondFactor, ShownFactor, ShownPasskey,
};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Checks that the owner of an account is there, by one of its passkeys. SECURITY: it stands for the password only where its
    /// authenticator has verified them; whoever finds a key in a computer is not the owner (SE-9).
    pub(crate) async fn check_owner_by_passkey(
        &self,
        (id, session): (AccountId, SessionId),
        password: Option<&str>,
        answer: PasskeyAnswer<'_>,
        context: &Context,
    ) -> Result<CheckedOwner, SecondFactorError> {
        let account = self.store.find_account(id).await?.ok_or(OwnerError::NotFound)?;
        // First: a wrong one ends it, whatever the passkey says.
        let proof = match password {
            Some(_) => Some(self.check_owner_is_there((id, session), password, context).await?),
            None => None,
        };
        let held = self.store.second_factors(id).await?;
        let purpose = PasskeyUse::Owner(id);
        let shown = self.check_passkey((&account, &held), answer, purpose, context).await?;
        let proof = match proof {
            Some(proof) => proof,
            None if shown.is_verified && signs_in(&held, &shown) => Proof::Passkey,
            None => self.check_owner_is_there((id, session), None, context).await?,
        };
        let step = self.second_step(&account, ShownFactor::Passkey(shown), context);
        Ok(CheckedOwner { account, session, proof, step })
    }

    /// Adds a passkey that was just made; gives it, and recovery codes if it is the first factor. All other sessions end.
    ///
    /// # Errors
    /// Every variant of [`SecondFactorError`] but `Owner` and `Required`.
    pub async fn add_passkey(
        &self,
        owner: CheckedOwner,
        new: NewPasskey<'_>,
        context: &Context,
    ) -> Result<(SecondFactor, Vec<RecoveryCode>), SecondFactorError> {
        let held = self.store.second_factors(owner.account.id).await?;
        let factor = self.make_passkey((&owner.account, &held), new, context).await?;
        self.add(owner, &held, factor, context).await
    }
}

fn signs_in(held: &AccountFactors, shown: &ShownPasskey) -> bool {
    let factor = held.factors.iter().find(|factor| factor.id == shown.factor);
    factor.and_then(|factor| factor.passkey.as_deref()).is_some_and(|passkey| passkey.signs_in)
}
