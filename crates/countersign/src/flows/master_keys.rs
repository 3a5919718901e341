//! Another master key takes over while servers serve: what hangs from which, and sealing signing keys again. The keys
//! themselves are in a file (`base/master_key_file.rs`).

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::flows::keys::KeysError;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::Context;
use crate::model::key_ring;
use crate::model::master_key_use::{MasterKeyStatus, status};
use crate::model::sealed_key::SealedKey;
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// What hangs from each master key that is configured here or was used once, in the order of their numbers.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn master_key_status(&self) -> Result<Vec<MasterKeyStatus>, StoreError> {
        let known = self.store.master_key_fingerprints().await?;
        let usage = self.store.master_key_use().await?;
        let (signing_keys, feed_keys) = (self.store.signing_keys().await?, self.store.feed_keys().await?);
        let sealed = self.sealed_under().await?;
        let longest = self.options.sessions.absolute_ttl;
        let mut all = status(&self.master_keys, &known, &usage, (&signing_keys, &feed_keys), longest);
        for key in &mut all {
            let is_under = |(_, number): &&(SealedKey, Option<u8>)| *number == Some(key.number);
            key.sealed_keys = sealed.iter().filter(is_under).map(|(key, _)| *key).collect();
        }
        Ok(all)
    }

    /// Seals signing keys under the current master key that are sealed under another; gives how many. Every process that
    /// serves this store must know that key already. `progress` hears how many of how many are done. What is done stays, and
    /// it can be done again.
    ///
    /// # Errors
    /// [`KeysError::Ring`] when a key was sealed with a master key that is not configured, [`KeysError::Store`] when the
    /// store did not answer.
    pub async fn reseal_signing_keys(
        &self,
        context: &Context,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<usize, KeysError> {
        let stored = self.store.signing_keys().await?;
        let (mut changed, mut done) = (0, 0);
        for key in self.reseal_sealed_keys().await? {
            let detail =
                format!("the {} key sealed under number {}", key.name(), self.master_keys.current_id());
            self.record_master_key(&detail, context).await?;
        }
        for batch in stored.chunks(AT_ONCE) {
            let resealed = batch.iter().map(|key| key_ring::reseal(key, &self.master_keys, &self.random));
            let resealed: Vec<_> = resealed.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            if !resealed.is_empty() {
                changed += self.store.reseal_signing_keys(resealed, context).await?;
            }
            done += batch.len();
            progress(done, stored.len());
        }
        Ok(changed)
    }

    /// Writes to the audit log that a master key was added, taken into use or removed.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn record_master_key(&self, detail: &str, context: &Context) -> Result<(), StoreError> {
        self.store.record(AuditEvent::new(AuditKind::MasterKeyChanged).with_detail(detail), context).await
    }

    /// Says to the others which master keys are known and used here.
    pub(crate) async fn report_master_keys(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store.report_master_keys(self.master_keys.numbers(), now).await
    }
}

/// There are few signing keys; one transaction is short all the same.
const AT_ONCE: usize = 10;
