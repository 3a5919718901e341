//! What is to be delivered to somebody outside: sealing it for the plan of its cause.

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::master_key::{MasterKeys, SealError};
use crate::base::random::Random;
use crate::flows::keys::KeysError;
use crate::flows::sealed_keys::open_or_make;
use crate::model::outbox::{Contents, NewDelivery, OutboxKey};
use crate::model::sealed_key::SealedKey;
use crate::store::Store;

/// The key of the outbox, which is made if there is none.
pub(crate) async fn open_key(
    store: &impl Store,
    master_keys: &MasterKeys,
    random: &Random,
) -> Result<OutboxKey, KeysError> {
    let secret = open_or_make(store, SealedKey::Outbox, master_keys, random).await?;
    OutboxKey::new(&secret).ok_or(KeysError::Sealed { key: SealedKey::Outbox, error: SealError::Forged })
}

impl<S: Store> Countersign<S> {
    /// Seals what is to be delivered, for the plan of its cause.
    ///
    /// # Errors
    /// [`SealError`], never in practice: the contents are too long for the cipher.
    pub(crate) fn delivery(&self, contents: &Contents, now: Timestamp) -> Result<NewDelivery, SealError> {
        self.outbox_key.delivery(contents, now, &self.random)
    }
}
