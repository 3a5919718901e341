//! API keys: making and revoking them, and what they are good for: an access token in exchange (RFC 6749 §4.4), or the word
//! that a program which shows one acts for an account.
//!
//! A key has 256 random bits and cannot be guessed, so wrong ones are not counted: a count by address would only stop
//! programs that share one. A wrong one costs a hash of a few bytes, and a look-up if its checksum is right. Its owner's
//! password can be guessed, and goes through `attempt`.

use serde_json::{Map, Value};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, ApiKeyId, SessionId};
use crate::flows::attempt::CheckError;
use crate::flows::audience::AudienceError;
use crate::flows::claims::KeyAsked;
use crate::flows::issue::AccessToken;
use crate::model::api_key::{
    AddApiKeyOutcome, ApiKey, ApiKeyName, ApiKeyProof, ApiKeySecret, KeyGrant, NewApiKey, Scopes,
};
use crate::model::audience::Audience;
use crate::model::context::Context;
use crate::model::proof::{AuthMethods, Proof};
use crate::options::HookError;
use crate::password::Password;
use crate::store::{Store, StoreError};

/// What an API key is to be.
#[derive(Clone, Debug)]
pub struct ApiKeySpec {
    /// Its name.
    pub name: ApiKeyName,
    /// The audience of its tokens; the default audience if none is named.
    pub audience: Option<String>,
    /// What its tokens are limited to; none: everything that the account may do there.
    pub scopes: Scopes,
    /// From when on it does not work, if ever.
    pub expires_at: Option<Timestamp>,
}

/// That the owner of an account has just shown their password.
#[derive(Debug)]
pub struct OwnerProof {
    pub(crate) account: AccountId,
    pub(crate) proof: Proof,
}

/// Why an API key was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddApiKeyError {
    /// There is no such account, or it may have no session: it is disabled, or its owner has to choose another password.
    #[error("there is no such account, or it may not be used")]
    NoAccount,
    /// The password is not right, or the account may not sign in any more.
    #[error("the current password is not right")]
    WrongPassword,
    /// Another request changed the password in the meantime.
    #[error("the password was changed in the meantime")]
    Overtaken,
    /// The account has as many keys as may be.
    #[error("the account has {} keys that work: revoke one first", crate::model::api_key::MAX_API_KEYS)]
    TooMany,
    /// It would not work at any time.
    #[error("the key would have expired already")]
    Expired,
    /// There is no such audience, or it is not for the account's role.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The password was not checked, or nothing was stored.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl From<StoreError> for AddApiKeyError {
    fn from(error: StoreError) -> Self {
        Self::Check(error.into())
    }
}

/// Why there is no access token for an API key that works.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A scope was asked for that the key does not have.
    #[error("the key does not have a scope that was asked for")]
    Scope,
    /// The audience of the key is not there any more, or not for the account's role.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The claims could not be computed.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] countersign_jwt::SignError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Countersign<S> {
    /// Checks the password of an account before its owner makes a key: somebody who found an open session must not take away what
    /// outlives it (SE-9).
    ///
    /// # Errors
    /// [`AddApiKeyError::NoAccount`], [`AddApiKeyError::WrongPassword`], [`AddApiKeyError::Check`].
    pub async fn check_owner(
        &self,
        account: AccountId,
        password: &str,
        context: &Context,
    ) -> Result<OwnerProof, AddApiKeyError> {
        let found = self.store.credentials(account).await?.ok_or(AddApiKeyError::NoAccount)?;
        let password = Password::new(password).map_err(|_| AddApiKeyError::WrongPassword)?;
        let is_right = self.check_current_password(&found, password, context).await?.is_some();
        let proof = Proof::Password { version: found.password_version };
        is_right.then_some(OwnerProof { account, proof }).ok_or(AddApiKeyError::WrongPassword)
    }

    /// Makes a key for the account whose owner has proved to be there. Its secret is given now and never again.
    ///
    /// # Errors
    /// Every variant of [`AddApiKeyError`] but `WrongPassword`.
    pub async fn add_own_api_key(
        &self,
        owner: OwnerProof,
        spec: ApiKeySpec,
        context: &Context,
    ) -> Result<(ApiKey, ApiKeySecret), AddApiKeyError> {
        self.add_key(owner.account, Some(owner.proof), spec, context).await
    }

    /// Makes a key for an account, for administrators and the command line. Its secret is given now and never again.
    ///
    /// # Errors
    /// Every variant of [`AddApiKeyError`] but `WrongPassword` and `Overtaken`.
    pub async fn add_api_key(
        &self,
        account: AccountId,
        spec: ApiKeySpec,
        context: &Context,
    ) -> Result<(ApiKey, ApiKeySecret), AddApiKeyError> {
        self.add_key(account, None, spec, context).await
    }

    async fn add_key(
        &self,
        account_id: AccountId,
        checked: Option<Proof>,
        ApiKeySpec { name, audience, scopes, expires_at }: ApiKeySpec,
        context: &Context,
    ) -> Result<(ApiKey, ApiKeySecret), AddApiKeyError> {
        if expires_at.is_some_and(|end| end <= context.now) {
            return Err(AddApiKeyError::Expired);
        }
        let admitted = self.audience(audience.as_deref())?;
        let account = self.store.find_account(account_id).await?.ok_or(AddApiKeyError::NoAccount)?;
        admitted.admit(&account.role).ok_or(AudienceError::NotPermitted)?;
        // A key is a bearer secret, and so is what it gives.
        if admitted.dpop_bound {
            return Err(AudienceError::NotBound.into());
        }
        let key = ApiKey {
            id: ApiKeyId::random(&self.random),
            account_id,
            name,
            audience,
            scopes,
            created_at: context.now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
            session_id: SessionId::random(&self.random),
        };
        let secret = ApiKeySecret::random(&self.random);
        let new = NewApiKey { key: key.clone(), secret_hash: secret.hash(), checked };
        match self.store.add_api_key(new, context).await? {
            AddApiKeyOutcome::Added => Ok((key, secret)),
            AddApiKeyOutcome::NoAccount => Err(AddApiKeyError::NoAccount),
            AddApiKeyOutcome::Overtaken => Err(AddApiKeyError::Overtaken),
            AddApiKeyOutcome::TooMany => Err(AddApiKeyError::TooMany),
        }
    }

    /// Keys of an account or of all, the newest first; also those that expired or were revoked in the last 30 days.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn list_api_keys(&self, of: Option<AccountId>, limit: u32) -> Result<Vec<ApiKey>, StoreError> {
        self.store.list_api_keys(of, limit).await
    }

    /// Revokes a key, of this account if one is named: it is refused from now on, and so are its access tokens, here and at
    /// the followers of the feed. Gives whether there was one to revoke.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: the key still works then.
    pub async fn revoke_api_key(
        &self,
        id: ApiKeyId,
        of: Option<AccountId>,
        context: &Context,
    ) -> Result<bool, StoreError> {
        let ended = self.store.revoke_api_key(id, of, context).await?;
        self.revoke(ended.as_slice());
        Ok(ended.is_some())
    }

    /// The key with this secret and its account, if both work at this moment. That it was used is written down later.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn find_by_api_key(
        &self,
        secret: &str,
        context: &Context,
    ) -> Result<Option<KeyGrant>, StoreError> {
        let Some(secret) = ApiKeySecret::parse(secret) else { return Ok(None) };
        let found = self.store.admit_api_key(ApiKeyProof::Secret(secret.hash()), context.now).await?;
        if let Some(grant) = &found {
            self.key_uses.note(grant.key(), context);
        }
        Ok(found)
    }

    /// Writes down which API keys were used since the last call.
    ///
    /// # Errors
    /// [`StoreError`] when a use could not be stored; it is tried again with the next call.
    pub async fn record_key_uses(&self) -> Result<(), StoreError> {
        while let Some((id, context)) = self.key_uses.take_one() {
            if let Err(error) = self.store.record_api_key_use(id, &context).await {
                self.key_uses.put_back(id, context);
                return Err(error);
            }
        }
        Ok(())
    }

    /// An access token for a key, with its scopes, or with those of them that are asked for, if any; and which they are.
    ///
    /// # Errors
    /// Every variant of [`ExchangeError`].
    pub async fn exchange_api_key(
        &self,
        grant: &KeyGrant,
        scopes: Option<Scopes>,
        now: Timestamp,
    ) -> Result<(AccessToken, Scopes), ExchangeError> {
        // None asked for is all of them: a token without any would not be limited.
        let asked = scopes.filter(|scopes| !scopes.is_empty());
        let scopes = asked.unwrap_or_else(|| grant.key().scopes.clone());
        if !scopes.are_among(&grant.key().scopes) {
            return Err(ExchangeError::Scope);
        }
        let asked = self.asked_by_key(grant, scopes).await?;
        let token = self.issue_for_key(&asked, now)?;
        Ok((token, asked.scopes))
    }

    /// What is asked for with a key alone, with the claims that the application computes.
    pub(crate) async fn asked_by_key<'a>(
        &'a self,
        grant: &'a KeyGrant,
        scopes: Scopes,
    ) -> Result<KeyAsked<'a>, ExchangeError> {
        let audience = self.audience_of(grant)?;
        let of = (grant.key().session_id, AuthMethods::NONE);
        let computed = self.compute_claims(grant.account().clone(), of, audience).await?;
        let email = self.email_for(grant.account().id, audience).await?;
        Ok(KeyAsked { grant, audience, scopes, computed, email })
    }

    fn audience_of(&self, grant: &KeyGrant) -> Result<&Audience, AudienceError> {
        let audience = self.audience(grant.key().audience.as_deref())?;
        if audience.dpop_bound {
            return Err(AudienceError::NotBound);
        }
        audience.admit(&grant.account().role).map(|_| audience).ok_or(AudienceError::NotPermitted)
    }

    /// What the token of an API key says, if the key still works and its tokens have not been cut off (RFC 7662 §2.2).
    pub(crate) async fn is_key_token_good(
        &self,
        (account, session): (AccountId, SessionId),
        key: ApiKeyId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = self.store.admit_api_key(ApiKeyProof::Token(key, session), now).await?;
        Ok(found.is_some_and(|grant| grant.account().id == account))
    }

    /// What a service is told that asks about a key itself, as it would about a token: it need not exchange it.
    pub(crate) async fn introspect_key(
        &self,
        secret: &str,
        context: &Context,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        let Some(grant) = self.find_by_api_key(secret, context).await? else { return Ok(None) };
        Ok(match self.asked_by_key(&grant, grant.key().scopes.clone()).await {
            Ok(asked) => Some(self.key_claims(&asked)),
            Err(error) => {
                tracing::warn!(key = %grant.key().id, error = &error as &dyn std::error::Error, "a key is good for nothing");
                None
            }
        })
    }
}
