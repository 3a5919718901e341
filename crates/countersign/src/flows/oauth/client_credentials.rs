//! An access token for a client that acts for itself (RFC 6749 §4.4), which has authenticated in `http/oauth2`. No store is asked, and
//! nothing is kept: who the client is and what it may do is configuration. There is no refresh token (§4.4.3).

use countersign_jwt::SignError;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::flows::audience::AudienceError;
use crate::flows::issue::AccessToken;
use crate::model::api_key::Scopes;
use crate::model::oauth::{ClientGrant, ClientGrantRefusal};
use crate::options::OauthClient;
use crate::store::Store;

/// Why a client gets no token for itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientTokenError {
    /// It may not have one.
    #[error("the client may not have this token: {0:?}")]
    Refused(ClientGrantRefusal),
    /// The audience is not there any more.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl<S: Store> Countersign<S> {
    /// An access token for the client itself, with all scopes that it may have or those of them that are asked for, and which they
    /// are. `resource`: one of its resources; the first, if none is named.
    ///
    /// # Errors
    /// Every variant of [`ClientTokenError`].
    pub fn client_token(
        &self,
        client: &OauthClient,
        asked: Option<&Scopes>,
        resource: Option<&str>,
        now: Timestamp,
    ) -> Result<(AccessToken, Scopes), ClientTokenError> {
        let id = SessionId::random(&self.random);
        let grant = ClientGrant::decide(client, asked, &self.target(resource), id);
        let grant = grant.map_err(ClientTokenError::Refused)?;
        let audience = self.audience(Some(grant.audience()))?;
        let token = self.issue_for_client(&grant, audience, now)?;
        Ok((token, grant.scopes().clone()))
    }
}
