//! Running the application's hooks: each in a task of its own, so that its panic is not ours, and for a bounded
//! time.
//!
//! Claims are computed before the store is asked for anything. A refresh token that had been rotated for a
//! token that then cannot be made would be used again, and too late it would end the session (RF-2).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::Instrument as _;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::flows::claims::{Asked, ComputedClaims};
use crate::model::account::Account;
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::model::proof::AuthMethods;
use crate::model::session::{Grant, SessionProof};
use crate::options::{
    AccountCreated, ClaimsRequest, Hook, HookError, MailAsked, MailRefusal, MailVerdict, SignIn,
    SignInRefusal, SignInVerdict,
};
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// Asks whether the session may begin. Gives the reason why not.
    pub(crate) async fn ask_before_sign_in(
        &self,
        sign_in: impl FnOnce() -> SignIn,
    ) -> Result<Option<SignInRefusal>, HookError> {
        let Some(hook) = &self.options.hooks.before_sign_in else { return Ok(None) };
        match self.run("before_sign_in", hook, sign_in()).await? {
            SignInVerdict::Allow => Ok(None),
            SignInVerdict::Refuse(refusal) => Ok(Some(refusal)),
        }
    }

    /// Tells that the session has begun.
    pub(crate) async fn tell_after_sign_in(&self, sign_in: impl FnOnce() -> SignIn) {
        let Some(hook) = &self.options.hooks.after_sign_in else { return };
        let sign_in = sign_in();
        let session = sign_in.session_id;
        if let Err(HookError { name, failure }) = self.run("after_sign_in", hook, sign_in).await {
            tracing::error!(%session, hook = name, error = %failure, "a hook failed after a sign-in");
        }
    }

    /// Tells that the account has been made.
    pub(crate) async fn tell_after_create(&self, account: &Account, context: &Context) {
        let Some(hook) = &self.options.hooks.after_create else { return };
        let created = AccountCreated { account: account.clone(), context: context.clone() };
        if let Err(HookError { name, failure }) = self.run("after_create", hook, created).await {
            tracing::error!(account = %account.id, hook = name, error = %failure, "a hook failed after an account was made");
        }
    }

    /// Asks whether somebody may cause a mail. Gives the reason why not.
    pub(crate) async fn ask_before_mail(
        &self,
        asked: impl FnOnce() -> MailAsked,
    ) -> Result<Option<MailRefusal>, HookError> {
        let Some(hook) = &self.options.hooks.before_mail else { return Ok(None) };
        match self.run("before_mail", hook, asked()).await? {
            MailVerdict::Allow => Ok(None),
            MailVerdict::Refuse(refusal) => Ok(Some(refusal)),
        }
    }

    /// Computes the claims of an account, if the application does so. They are all of its claims, its own among
    /// them.
    pub(crate) async fn compute_claims(
        &self,
        account: Account,
        (session_id, amr): (SessionId, AuthMethods),
        audience: &Audience,
    ) -> Result<Option<ComputedClaims>, HookError> {
        let Some(hook) = &self.options.hooks.claims else { return Ok(None) };
        let audience = audience.name.clone();
        let request = ClaimsRequest { account: account.clone(), session_id, amr, audience };
        let computed = self.run(CLAIMS, hook, request).await?;
        let claims = account.claims.replaced_by(&computed);
        let claims = claims.map_err(|error| HookError { name: CLAIMS, failure: error.into() })?;
        Ok(Some(ComputedClaims { account, claims }))
    }

    /// The same for a session that is about to be refreshed; nothing if there is none.
    pub(crate) async fn compute_claims_of(
        &self,
        session: SessionId,
        audience: &Audience,
        now: Timestamp,
    ) -> Result<Result<Option<ComputedClaims>, HookError>, StoreError> {
        if self.options.hooks.claims.is_none() {
            return Ok(Ok(None));
        }
        let Some(grant) = self.store.vouch(SessionProof::Named(session), now).await? else {
            return Ok(Ok(None));
        };
        let (account, session) = grant.into_parts();
        Ok(self.compute_claims(account, (session.id, session.amr), audience).await)
    }

    /// The claims for a token that may be made now: those that were computed, unless the account has been
    /// changed since.
    pub(crate) async fn with_current_claims<'a>(
        &self,
        grant: &Grant,
        asked: Asked<'a>,
    ) -> Result<Asked<'a>, HookError> {
        let (account, session) = (asked.account(grant), grant.session());
        if asked.computed.as_ref().is_some_and(|computed| computed.account == *account) {
            return Ok(asked);
        }
        let of = (session.id, session.amr);
        let computed = self.compute_claims(account.clone(), of, asked.audience).await?;
        Ok(Asked { computed, ..asked })
    }

    async fn run<Q: Send + 'static, A: Send + 'static>(
        &self,
        name: &'static str,
        hook: &Hook<Q, A>,
        question: Q,
    ) -> Result<A, HookError> {
        let (limit, hook): (Duration, _) = (self.options.hooks.timeout, Arc::clone(hook));
        // Called in the task, too: it can panic before there is a future.
        let asking = async move { timeout(limit, hook(question)).await };
        let answer = match tokio::spawn(asking.in_current_span()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(format!("no answer within {limit:?}").into()),
            Err(_) => Err("it panicked".into()),
        };
        answer.map_err(|failure| HookError { name, failure })
    }
}

const CLAIMS: &str = "claims";
