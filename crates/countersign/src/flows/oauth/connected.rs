//! The applications that an account is connected to, for its owner to see and to disconnect.

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::context::Context;
use crate::model::oauth::{ConnectedApp, connected};
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// The applications that may do something for an account, the one that was used last first; also those that are configured no
    /// more.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn connected_apps(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<ConnectedApp>, StoreError> {
        let consents = self.store.consents_of(account).await?;
        let sessions = self.list_sessions(Some(account), now, self.most_sessions()).await?;
        Ok(connected(&consents, &sessions))
    }

    /// How many sessions an account can have: each application has as much room as sign-ins have.
    #[must_use]
    pub fn most_sessions(&self) -> u32 {
        let kinds = u32::try_from(self.options.oauth.clients.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.options.sessions.max_sessions.saturating_mul(kinds)
    }

    /// Ends what an application has for an account: its sessions, and what its owner has allowed it. When this returns, this process
    /// refuses its access tokens (SE-4). Gives whether there was anything.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: nothing is ended then.
    pub async fn disconnect_app(
        &self,
        account: AccountId,
        client_id: String,
        context: &Context,
    ) -> Result<bool, StoreError> {
        let ended = self.store.disconnect_app(account, client_id, context).await?;
        self.revoke(ended.as_deref().unwrap_or_default());
        Ok(ended.is_some())
    }
}
