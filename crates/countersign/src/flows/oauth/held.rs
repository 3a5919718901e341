//! What an application may ask about tokens (RFC 7662), and end (RFC 7009): those that were issued to it. About those for an
//! audience of its own it may ask as well; whose they are to end is another matter.

use countersign_guard::AccessClaims;
use serde_json::{Map, Value};

use crate::Countersign;
use crate::flows::logout::Scope;
use crate::flows::revocation::caller;
use crate::model::context::Context;
use crate::model::oauth::ClientTokenEnd;
use crate::model::session::SessionSelector;
use crate::options::OauthClient;
use crate::store::{Store, StoreError};

/// Why an application cannot end a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// It was issued to somebody else, and is as good as before.
    #[error("the token is another client's")]
    OtherClient,
    /// The store did not answer: nothing has ended.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Countersign<S> {
    /// What a token says, for an application that has authenticated: as [`introspect`](Self::introspect), but `None` also for a
    /// token that was issued to another client and for another audience than its own.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn introspect_for(
        &self,
        client: &OauthClient,
        token: &str,
        context: &Context,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        let found = self.introspect(token, context).await?;
        Ok(found.filter(|claims| {
            let text = |name: &str| claims.get(name).and_then(Value::as_str);
            let is_own = text("aud").is_some_and(|aud| client.own_audiences.iter().any(|own| own == aud));
            is_own || text("client_id") == Some(&client.id)
        }))
    }

    /// Ends the session of an application's token, for that application (RFC 7009 §2.1). What is no token, or good for nothing, is no
    /// error (§2.2).
    ///
    /// # Errors
    /// Every variant of [`RevokeError`].
    pub async fn revoke_for(
        &self,
        client: &OauthClient,
        token: &str,
        context: &Context,
    ) -> Result<(), RevokeError> {
        if let Ok(token) = self.apps.refresh_tokens.parse(token) {
            // The client of a session never changes, so it can be asked before.
            let found = self.store.find_session(token.presented().session_id).await?;
            let Some(app) = found.and_then(|session| session.app) else { return Ok(()) };
            if app.client_id != client.id {
                return Err(RevokeError::OtherClient);
            }
            self.log_out(SessionSelector::OfToken(token.presented()), Scope::This, context).await?;
            return Ok(());
        }
        if self.refresh_tokens.parse(token).is_ok() {
            return Err(RevokeError::OtherClient);
        }
        let Some(claims) = self.access_claims(token) else { return Ok(()) };
        if claims.client_id() != Some(&client.id) {
            return Err(RevokeError::OtherClient);
        }
        self.end_by(&claims, context).await?;
        Ok(())
    }

    async fn end_by(&self, claims: &AccessClaims, context: &Context) -> Result<(), StoreError> {
        if let Some((account, session)) = caller(claims) {
            return self
                .log_out(SessionSelector::OneOf(account, session), Scope::This, context)
                .await
                .map(drop);
        }
        self.end_client_token(claims, context).await
    }

    /// Ends the token of a client that acts for itself; any other is left alone.
    pub(crate) async fn end_client_token(
        &self,
        claims: &AccessClaims,
        context: &Context,
    ) -> Result<(), StoreError> {
        let client = self.client_itself(claims);
        let session = claims.session_id().and_then(|id| id.parse().ok());
        let Some((client, session_id)) = client.zip(session) else { return Ok(()) };
        let end = ClientTokenEnd { session_id, client_id: client.id.clone() };
        let ended = self.store.end_client_token(end, context).await?;
        self.revoke(ended.as_slice());
        Ok(())
    }

    /// The client of a token that it holds for itself. No account has such an ID.
    pub(crate) fn client_itself(&self, claims: &AccessClaims) -> Option<&OauthClient> {
        self.client_of(claims).filter(|client| claims.subject() == client.id)
    }
}
