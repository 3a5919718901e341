//! The keys that stored password hashes are encrypted under (the pepper) change without anybody's password:
//! what is encrypted is the hash (PW-4). Looking whether they are the right ones, and going through all
//! accounts with new ones.

use futures_util::future::join_all;

use crate::Countersign;
use crate::model::account::{Account, AccountQuery};
use crate::store::{Store, StoreError};

/// The result of [`Countersign::reseal_passwords`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resealed {
    /// Hashes that were encrypted again.
    pub changed: usize,
    /// Hashes that stay as they are because their key is not here: their owners cannot sign in.
    pub unreadable: usize,
}

impl<S: Store> Countersign<S> {
    /// Encrypts all stored password hashes under the newest key of the pepper. Every process that serves this
    /// store must know that key already. Afterwards the older keys are not needed any more. Sessions live on,
    /// and people sign in meanwhile. Does nothing without a pepper.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer: what was done until then stays, and it can be done
    /// again.
    pub async fn reseal_passwords(&self) -> Result<Resealed, StoreError> {
        let (mut after, mut resealed) = (None, Resealed::default());
        loop {
            let page = self.list_accounts(AccountQuery::by_name(after, AT_ONCE)).await?;
            let Some(last) = page.last() else { return Ok(resealed) };
            after = Some(last.username.canonical().to_owned());
            // Together, so that the store can commit them together.
            for done in join_all(page.iter().map(|account| self.reseal(account))).await {
                let Resealed { changed, unreadable } = done?;
                resealed.changed += changed;
                resealed.unreadable += unreadable;
            }
        }
    }

    async fn reseal(&self, account: &Account) -> Result<Resealed, StoreError> {
        let found = self.store.credentials(account.id).await?;
        let Some(old) = found.and_then(|found| found.password_hash) else { return Ok(Resealed::default()) };
        match self.hasher.with_newest_pepper(&old) {
            // A hash that a sign-in renews at this very moment is left to it.
            Some(new) => Ok(Resealed {
                changed: usize::from(self.store.rehash_password(account.id, &old, &new).await?),
                unreadable: 0,
            }),
            None => Ok(Resealed { changed: 0, unreadable: usize::from(self.hasher.is_sealed_away(&old)) }),
        }
    }

    /// Learns what it costs to check a password here, so that unknown names cost the same (EN-2).
    pub(crate) async fn learn_hash_costs(&self) -> Result<(), StoreError> {
        self.hasher.learn_hash_mix(&self.store.password_hashes(HASHES_TO_LOOK_AT).await?);
        Ok(())
    }
}

const AT_ONCE: u32 = 200;
/// A sample: opening a store with a million accounts must not read them all.
pub(crate) const HASHES_TO_LOOK_AT: u32 = 2_000;
