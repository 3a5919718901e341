//! Random keys that the store keeps under the master key: made once however many nodes open it, and sealed again when another
//! master key takes over.

use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::master_key::MasterKeys;
use crate::base::random::Random;
use crate::flows::keys::KeysError;
use crate::model::sealed_key::SealedKey;
use crate::store::{Store, StoreError};

/// The secret of a key, which is made if there is none. Of nodes that do so at once, the first decides.
pub(crate) async fn open_or_make(
    store: &impl Store,
    key: SealedKey,
    master_keys: &MasterKeys,
    random: &Random,
) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    let open =
        |sealed: &[u8]| key.open(sealed, master_keys).map_err(|error| KeysError::Sealed { key, error });
    if let Some(sealed) = store.sealed_key(key).await? {
        return open(&sealed);
    }
    let secret = Zeroizing::new(random.bytes::<32>());
    let made = key.seal(&*secret, master_keys, random).map_err(|error| KeysError::Sealed { key, error })?;
    if store.set_sealed_key(key, None, made.clone()).await? {
        return open(&made);
    }
    let others = store.sealed_key(key).await?;
    open(&others.unwrap_or(made))
}

impl<S: Store> Countersign<S> {
    /// Seals these keys under the current master key; gives those that were under another.
    pub(crate) async fn reseal_sealed_keys(&self) -> Result<Vec<SealedKey>, KeysError> {
        let mut resealed = Vec::new();
        for key in SealedKey::ALL {
            let Some(before) = self.store.sealed_key(*key).await? else { continue };
            if MasterKeys::number_of(&before) == Some(self.master_keys.current_id()) {
                continue;
            }
            let failed = |error| KeysError::Sealed { key: *key, error };
            let secret = key.open(&before, &self.master_keys).map_err(failed)?;
            let after = key.seal(&secret, &self.master_keys, &self.random).map_err(failed)?;
            if self.store.set_sealed_key(*key, Some(before), after).await? {
                resealed.push(*key);
            }
        }
        Ok(resealed)
    }

    /// The keys that are sealed under each master key, by its number.
    pub(crate) async fn sealed_under(&self) -> Result<Vec<(SealedKey, Option<u8>)>, StoreError> {
        let mut all = Vec::new();
        for key in SealedKey::ALL {
            let sealed = self.store.sealed_key(*key).await?;
            all.push((*key, sealed.as_deref().and_then(MasterKeys::number_of)));
        }
        Ok(all)
    }
}
