//! Which services may ask about tokens and revoke them, and what they are told.
//!
//! A client's secret has 256 random bits and cannot be guessed, so wrong ones are not counted: a count would let
//! anybody stop a client by its name. One costs a look-up and a hash.

use countersign_guard::AccessClaims;
use serde_json::{Map, Value};

use crate::Countersign;
use crate::flows::logout::Scope;
use crate::flows::revocation::caller;
use crate::model::api_key::ApiKeySecret;
use crate::model::client::{Client, ClientName, ClientSecret, StoredClient};
use crate::model::context::Context;
use crate::model::session::{Grant, SessionProof, SessionSelector};
use crate::store::{Store, StoreError};

/// Why a client was not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddClientError {
    /// A client has this name.
    #[error("there is a client with this name")]
    NameTaken,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Countersign<S> {
    /// Adds a client. Its secret is given now and never again.
    ///
    /// # Errors
    /// Every variant of [`AddClientError`].
    pub async fn add_client(
        &self,
        name: ClientName,
        context: &Context,
    ) -> Result<(Client, ClientSecret), AddClientError> {
        let secret = ClientSecret::random(&self.random);
        let client = Client { name, created_at: context.now };
        let stored = StoredClient { client: client.clone(), secret_hash: secret.hash() };
        if self.store.add_client(stored, context).await? {
            Ok((client, secret))
        } else {
            Err(AddClientError::NameTaken)
        }
    }

    /// All clients, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn list_clients(&self) -> Result<Vec<Client>, StoreError> {
        self.store.clients().await
    }

    /// Removes a client; its secret is refused from now on. Gives whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: the client is still there then.
    pub async fn remove_client(&self, name: ClientName, context: &Context) -> Result<bool, StoreError> {
        self.store.remove_client(name, context).await
    }

    /// Whether these are the name and the secret of a client.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn is_client(&self, name: &str, secret: &str) -> Result<bool, StoreError> {
        let Ok(name) = ClientName::parse(name) else { return Ok(false) };
        let found = self.store.find_client(name).await?;
        Ok(found.is_some_and(|client| client.fits(secret)))
    }

    /// What an access token, refresh token or API key of ours says, if it is good now and the store says that its session is
    /// alive, or its key works (RFC 7662 §2.2); `None` for everything else. No token is rotated, none ends.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn introspect(
        &self,
        token: &str,
        context: &Context,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        let now = context.now;
        if ApiKeySecret::is_meant_by(token) {
            return self.introspect_key(token, context).await;
        }
        let refresh = self.refresh_tokens.parse(token).or_else(|_| self.apps.refresh_tokens.parse(token));
        if let Ok(token) = refresh {
            let found = self.vouch(SessionProof::Refresh(token.presented()), now).await?;
            return Ok(found.map(|grant| self.refresh_token_claims(&grant)));
        }
        let Some(claims) = self.access_claims(token) else { return Ok(None) };
        // The guard accepts a token for a moment longer, for the sake of clocks that differ.
        if claims.expires_at() <= now.as_unix_seconds() {
            return Ok(None);
        }
        // Its end is in the revocation log, which the guard has asked. Nothing else is known of it.
        if self.client_itself(&claims).is_some() {
            return Ok(Some(claims.claims().clone()));
        }
        let Some((account, session)) = caller(&claims) else { return Ok(None) };
        if let Some(key) = self.api_key_of(&claims) {
            let is_good = self.is_key_token_good((account, session), key, now).await?;
            return Ok(is_good.then(|| claims.claims().clone()));
        }
        let found = self.vouch(SessionProof::Named(session), now).await?;
        Ok(found.filter(|grant| grant.account().id == account).map(|_| claims.claims().clone()))
    }

    /// Ends the session of an access token or refresh token (RFC 7009 §2.1). Anything else is no error: it is good for
    /// nothing already.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: no session is ended then.
    pub async fn revoke_token(&self, token: &str, context: &Context) -> Result<(), StoreError> {
        self.logout(token, Scope::This, context).await?;
        if let Ok(token) = self.apps.refresh_tokens.parse(token) {
            self.log_out(SessionSelector::OfToken(token.presented()), Scope::This, context).await?;
        }
        if let Some(claims) = self.access_claims(token) {
            self.logout_by_claims(&claims, Scope::This, context).await?;
            self.end_client_token(&claims, context).await?;
        }
        Ok(())
    }

    /// The claims of an access token for any audience. Of one that is bound they say to which key (`cnf`); whether the request had a proof
    /// of it, the service knows that asks (RFC 9449 §6.2).
    pub(crate) fn access_claims(&self, token: &str) -> Option<AccessClaims> {
        let guards = [&self.guard, &self.apps.guard].into_iter().chain(&self.audience_guards);
        guards.into_iter().find_map(|guard| guard.verify_proved(token).ok())
    }

    fn refresh_token_claims(&self, grant: &Grant) -> Map<String, Value> {
        let (account, session) = (grant.account(), grant.session());
        let mut claims = Map::new();
        let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        add("iss", self.options.issuer.as_str().into());
        add("sub", account.id.to_string().into());
        add("sid", session.id.to_string().into());
        add("iat", session.rotated_at.as_unix_seconds().into());
        add("exp", session.ends_at(&self.options.sessions).as_unix_seconds().into());
        // What an application may know of somebody depends on its scopes, and is said elsewhere.
        if let Some(app) = &session.app {
            add("client_id", app.client_id.as_str().into());
            add("scope", app.scopes.to_string().into());
        } else {
            add("client_id", self.options.client_id.as_str().into());
            add("username", account.username.as_str().into());
        }
        claims
    }
}
