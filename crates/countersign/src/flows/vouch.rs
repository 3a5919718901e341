//! Signing in without a password: the application around us has checked by its own means who it is. A session
//! begins by the same rule all the same ([`Countersign::start_session`]).

use crate::Countersign;
use crate::base::id::AccountId;
use crate::flows::attempt::CheckError;
use crate::flows::login::{Authenticated, LoginError};
use crate::model::context::Context;
use crate::model::proof::{OutsideProof, Proof};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Takes the application's word that the owner of this account is there, or somebody who may act for them.
    /// Nothing is changed yet.
    ///
    /// What the application has checked is not checked again, nor counted: guesses of a code that can be
    /// guessed are for the application to limit. All other rules of
    /// [`start_session`](Self::start_session) hold: a disabled account is refused, and one whose owner has to
    /// choose another password needs [`with_new_password`](Self::with_new_password) first; one whose deletion they have asked for
    /// needs [`take_back_account`](Authenticated::take_back_account). The browser does
    /// not become a known device.
    ///
    /// ```
    /// # use countersign::{AccountId, Countersign, Context, LoginError, SignedIn, store::sqlite::SqliteStore};
    /// use countersign::{AuthMethods, OutsideProof};
    ///
    /// /// The link in the e-mail was right.
    /// # async fn run(auth: &Countersign<SqliteStore>, owner: AccountId, context: Context) -> Result<SignedIn, LoginError> {
    /// let proof = OutsideProof::new("magic_link", AuthMethods::NONE);
    /// let vouched = auth.vouch_for(owner, proof, &context).await?;
    /// auth.start_session(vouched, None, &context).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LoginError::InvalidCredentials`] when there is no such account, [`LoginError::Check`] for the store.
    pub async fn vouch_for(
        &self,
        account: AccountId,
        proof: OutsideProof,
        context: &Context,
    ) -> Result<Authenticated, LoginError> {
        let found = self.store.find_account(account).await.map_err(CheckError::from)?;
        let account = found.ok_or(LoginError::InvalidCredentials)?;
        let requester = self.requester(&account.username, context);
        let proof = Proof::Outside(proof);
        Ok(Authenticated::new(account, requester, proof))
    }
}
