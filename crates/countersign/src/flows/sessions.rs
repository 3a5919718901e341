//! Looking at sessions. Ending them is in [`logout`](super::logout).

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::session::Session;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// The sessions alive at `now`, of one account or of all, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn list_sessions(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.store.list_sessions(account, now, limit).await
    }
}
