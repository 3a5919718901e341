//! Withdrawing a signing key: what it has signed is refused at once, here and at the followers of the feed. Sessions go on by
//! refreshing, which gives tokens of another key (KM-3).

use countersign_jwt::Algorithm;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::flows::keys::KeysError;
use crate::model::context::Context;
use crate::model::key_ring::{self, KeyInfo};
use crate::model::key_withdrawal::{KeyWithdrawal, WithdrawOutcome};
use crate::model::stored_key::StoredKey;
use crate::options::Signing;
use crate::store::Store;

/// Why a key was not withdrawn. It is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WithdrawKeyError {
    /// No signing key has this ID.
    #[error("there is no signing key with this ID")]
    Unknown,
    /// The keys cannot be read or written.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl<S: Store> Countersign<S> {
    /// Withdraws the signing key with this ID for good, because somebody else may have it. What it has signed is refused: by
    /// this process before the call returns, by others that share the store within a second, by followers of the feed as soon
    /// as those have told them. If it signs, a new key signs in its place from now on, without having been published
    /// before. Gives the keys that were made for that. A key that was withdrawn before is no error.
    ///
    /// # Errors
    /// Both variants of [`WithdrawKeyError`].
    pub async fn withdraw_key(&self, kid: &str, context: &Context) -> Result<Vec<KeyInfo>, WithdrawKeyError> {
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return Err(KeysError::SharedSecret.into());
        }
        let now = context.now;
        loop {
            let stored = self.reload_keys(now).await?;
            let successors = self.successors(kid, context)?;
            let made: Vec<_> = successors.iter().map(|key| key.kid.clone()).collect();
            let newest = stored.keys.last().map(|key| key.kid.clone());
            let withdrawal = KeyWithdrawal { kid: kid.to_owned(), newest, successors };
            match self.store.withdraw_signing_key(withdrawal, context).await.map_err(KeysError::from)? {
                WithdrawOutcome::Unknown => return Err(WithdrawKeyError::Unknown),
                WithdrawOutcome::Changed => {} // another node has made a key: look again
                WithdrawOutcome::Already => {
                    self.reload_keys(now).await?;
                    return Ok(Vec::new());
                }
                WithdrawOutcome::Withdrawn => {
                    self.reload_keys(now).await?;
                    let keys = self.list_keys(now).into_iter();
                    return Ok(keys.filter(|key| made.contains(&key.kid)).collect());
                }
            }
        }
    }

    /// Takes over what other processes did to the keys: made, removed or withdrew one.
    ///
    /// # Errors
    /// Every variant of [`KeysError`] but those of the master key.
    pub async fn follow_keys(&self, now: Timestamp) -> Result<(), KeysError> {
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return Ok(());
        }
        self.reload_keys(now).await.map(drop)
    }

    /// A key for each algorithm that this one signs now.
    fn successors(&self, kid: &str, context: &Context) -> Result<Vec<StoredKey>, KeysError> {
        let (ring, now) = (self.key_ring.load(), context.now);
        let signs = |algorithm: &Algorithm| ring.signing_key(*algorithm, now).key_id() == kid;
        let algorithms = self.options.algorithms().into_iter().filter(signs);
        let make = |algorithm| key_ring::generate(algorithm, now, &self.master_keys, &self.random, now);
        Ok(algorithms.map(make).collect::<Result<_, _>>()?)
    }
}
