//! Opening the signing keys at start, rotating them, dropping those that nothing needs.

use std::sync::Arc;
use std::time::Duration;

use countersign_jwt::{Algorithm, JwkSet, KeySetError};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::master_key::{MasterKeys, SealError};
use crate::base::random::Random;
use crate::model::context::{Actor, Context};
use crate::model::key_change;
use crate::model::key_ring::{self, KeyInfo, KeyRing, KeyRingError, KeyState};
use crate::model::key_withdrawal;
use crate::model::sealed_key::SealedKey;
use crate::model::stored_key::{KnownKeys, StoredKey};
use crate::model::verify_only;
use crate::options::{Options, Signing};
use crate::store::{Store, StoreError};

/// Why the signing keys could not be opened, rotated or published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The store was used with another master key under this number. Nothing was changed (KM-4).
    #[error("the master key number {0} is not the one that this database was made with")]
    WrongMasterKey(u8),
    /// None of the master keys that the store was used with is configured. Nothing was changed.
    #[error("this database was made with another master key, which is not configured")]
    MissingMasterKey,
    /// A signing key cannot be opened or made.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
    /// A key that the store keeps under a master key cannot be opened with those that are configured.
    #[error("the {} key: {error}", key.name())]
    Sealed {
        /// The key.
        key: SealedKey,
        /// Why not.
        error: SealError,
    },
    /// The keys do not fit into one set.
    #[error(transparent)]
    Set(#[from] KeySetError),
    /// As many keys are published as some verifiers take: ten. The oldest goes when its last token has expired.
    #[error("ten keys are published, the most that every verifier takes")]
    TooMany,
    /// Tokens are signed with a shared secret: there is nothing to rotate here.
    #[error("tokens are signed with the shared secret, which is changed in the configuration")]
    SharedSecret,
    /// The store did not answer when its keys were read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// When a new signing key begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// When it has been published for long enough that every verifier knows it.
    WhenPublished,
    /// Now. Verifiers that have cached the JWK Set refuse new tokens until they fetch it again.
    AtOnce,
}

/// Proves that the master keys are those of this store. Writes nothing.
pub(crate) async fn check_master_keys<S: Store>(
    store: &S,
    master_keys: &MasterKeys,
) -> Result<(), KeysError> {
    let remembered = store.master_key_fingerprints().await?;
    let configured = master_keys.fingerprints();
    for (id, fingerprint) in &configured {
        if remembered.get(id).is_some_and(|known| known != fingerprint) {
            return Err(KeysError::WrongMasterKey(*id));
        }
    }
    if remembered.is_empty() || configured.iter().any(|(id, _)| remembered.contains_key(id)) {
        Ok(())
    } else {
        Err(KeysError::MissingMasterKey)
    }
}

/// Whether the keys of the store can be opened, if there are any. Writes nothing.
pub(crate) async fn check_ring<S: Store>(
    store: &S,
    options: &Options,
    master_keys: &MasterKeys,
    now: Timestamp,
) -> Result<(), KeysError> {
    if matches!(options.signing, Signing::SharedSecret(_)) {
        return Ok(());
    }
    match open_stored(&known_keys(store).await?, options, master_keys, now) {
        Ok(_) | Err(KeyRingError::Empty) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl<S: Store> Countersign<S> {
    /// The JWK Set that a server with these options publishes. Changes nothing in the store, and makes no key.
    ///
    /// # Errors
    /// [`KeysError::Store`] if the store did not answer, [`KeysError::Ring`] if there is no key or another master key seals
    /// them, [`KeysError::Set`] if they make no set.
    pub async fn published_keys(
        store: &S,
        options: &Options,
        master_keys: &MasterKeys,
        now: Timestamp,
    ) -> Result<JwkSet, KeysError> {
        let ring = open_stored(&known_keys(store).await?, options, master_keys, now)?;
        ring.verifying_keys(now).map_err(KeysError::Set)
    }
}

/// Opens the keys of the store; makes the first one of each algorithm in use, where it is missing.
pub(crate) async fn open_ring<S: Store>(
    store: &S,
    options: &Options,
    master_keys: &MasterKeys,
    random: &Random,
    now: Timestamp,
) -> Result<KeyRing, KeysError> {
    if let Signing::SharedSecret(key) = &options.signing {
        return Ok(KeyRing::shared_secret(key.clone()));
    }
    loop {
        let stored = known_keys(store).await?;
        let ring = match open_stored(&stored, options, master_keys, now) {
            Ok(ring) => Some(ring),
            Err(KeyRingError::Empty) => None,
            Err(error) => return Err(error.into()),
        };
        let in_use = options.algorithms();
        let is_missing =
            |algorithm: &&Algorithm| ring.as_ref().is_none_or(|ring| ring.newest(**algorithm).is_none());
        let Some(missing) = in_use.iter().find(is_missing) else {
            return Ok(ring.ok_or(KeyRingError::Empty)?);
        };
        let active_from = match &ring {
            // The default audience has verifiers, which have to learn of its new key before it signs. Until then,
            // and after every key there is, or it would never be its turn.
            Some(ring) if *missing == in_use[0] => {
                let last =
                    ring.list(now).last().map_or(now, |key| key.active_from.plus(Duration::from_millis(1)));
                now.plus(options.keys.publish_ahead).max(last)
            }
            // A new audience has none, and could use no token that is signed otherwise.
            _ => now,
        };
        let key = key_ring::generate(*missing, active_from, master_keys, random, now)?;
        // Added, or another node was faster (KM-5): look again.
        store.add_signing_key(key, last_added(&stored.keys), &Context::local(Actor::System, now)).await?;
    }
}

/// What the store knows about keys. Read in this order, a key that is withdrawn in between is among the withdrawn.
async fn known_keys<S: Store>(store: &S) -> Result<KnownKeys, StoreError> {
    let (keys, withdrawn) = (store.signing_keys().await?, store.withdrawn_keys().await?);
    Ok(KnownKeys { keys: key_withdrawal::without(keys, &withdrawn), withdrawn })
}

/// `since`: from when on the tokens of this process are signed as the options say.
fn open_stored(
    known: &KnownKeys,
    options: &Options,
    master_keys: &MasterKeys,
    since: Timestamp,
) -> Result<KeyRing, KeyRingError> {
    let in_use = (options.algorithms(), since);
    let ring = KeyRing::open(&known.keys, master_keys, in_use, published_after(options))?;
    Ok(ring.with_verify_only(verify_only::beside(&options.verify_only, &known.keys, &known.withdrawn)))
}

pub(super) fn last_added(stored: &[StoredKey]) -> Option<String> {
    stored.last().map(|key| key.kid.clone())
}

/// For how long a key is published after its successor has taken over: until its last token has expired, and
/// a while.
fn published_after(options: &Options) -> Duration {
    options.sessions.access_token_ttl + options.leeway + options.keys.keep_after
}

impl<S: Store> Countersign<S> {
    /// The public keys for verifiers.
    ///
    /// # Errors
    /// [`KeySetError`] when they do not fit into one set; the ring makes no such keys.
    pub fn jwk_set(&self, now: Timestamp) -> Result<JwkSet, KeySetError> {
        self.key_ring.load().verifying_keys(now)
    }

    /// Every signing key and its state at `now`, the oldest first.
    #[must_use]
    pub fn list_keys(&self, now: Timestamp) -> Vec<KeyInfo> {
        self.key_ring.load().list(now)
    }

    /// Makes the next key of each algorithm in use, unless there is one that does not sign yet; gives these keys, the
    /// default audience's first. With [`Activation::AtOnce`] a key is always made, and signs from now on; the one
    /// before it stays published for the tokens it has signed.
    ///
    /// # Errors
    /// Every variant of [`KeysError`] but those of the master key.
    pub async fn rotate_keys(
        &self,
        activation: Activation,
        context: &Context,
    ) -> Result<Vec<KeyInfo>, KeysError> {
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return Err(KeysError::SharedSecret);
        }
        let mut made = Vec::new();
        for algorithm in self.options.algorithms() {
            made.push(self.rotate_line(algorithm, activation, context).await?);
        }
        Ok(made)
    }

    async fn rotate_line(
        &self,
        algorithm: Algorithm,
        activation: Activation,
        context: &Context,
    ) -> Result<KeyInfo, KeysError> {
        let now = context.now;
        loop {
            let stored = self.reload_keys(now).await?;
            let newest = self.key_ring.load().newest(algorithm);
            if let (Activation::WhenPublished, Some(newest)) = (activation, newest)
                && now < newest.active_from
            {
                return self.key(&newest.kid, now);
            }
            if self.jwk_set(now)?.keys().len() >= MAX_PUBLISHED {
                return Err(KeysError::TooMany);
            }
            let active_from = match activation {
                Activation::AtOnce => now,
                Activation::WhenPublished => now.plus(self.options.keys.publish_ahead),
            };
            let key = key_ring::generate(algorithm, active_from, &self.master_keys, &self.random, now)?;
            let kid = key.kid.clone();
            if self.store.add_signing_key(key, last_added(&stored.keys), context).await? {
                self.reload_keys(now).await?;
                return self.key(&kid, now);
            }
            // Another node was faster (KM-5): look again.
        }
    }

    pub(super) fn key(&self, kid: &str, now: Timestamp) -> Result<KeyInfo, KeysError> {
        let found = self.list_keys(now).into_iter().find(|key| key.kid == kid);
        Ok(found.ok_or(KeyRingError::Empty)?)
    }

    /// Takes over what other processes did to the keys, makes the next key when it is due, deletes keys that nothing needs any
    /// more, and drops [those that only verify](Options::verify_only) when their time is over.
    ///
    /// # Errors
    /// Every variant of [`KeysError`] but those of the master key.
    pub async fn maintain_keys(&self, now: Timestamp) -> Result<(), KeysError> {
        if matches!(self.options.signing, Signing::SharedSecret(_)) {
            return Ok(());
        }
        self.reload_keys(now).await?;
        self.drop_expired(now)?;
        let context = Context::local(Actor::System, now);
        let due = self.key_ring.load().due(&self.options.keys, now);
        for algorithm in due {
            self.rotate_line(algorithm, Activation::WhenPublished, &context).await?;
        }
        let gone = self.list_keys(now).into_iter().filter(|key| key.state == KeyState::Gone);
        let gone: Vec<String> = gone.map(|key| key.kid).collect();
        if !gone.is_empty() {
            self.store.remove_signing_keys(gone, &context).await?;
            self.reload_keys(now).await?;
        }
        Ok(())
    }

    /// Keys of another system whose time is over verify nothing any more.
    fn drop_expired(&self, now: Timestamp) -> Result<(), KeysError> {
        if let Some(ring) = self.key_ring.load().without_expired(now) {
            self.guard.replace_keys(&ring.verifying_keys(now)?);
            self.key_ring.store(Arc::new(ring));
        }
        Ok(())
    }

    /// Takes over the keys in the store. Where one is missing, somebody has removed it; or another copy of the database
    /// took over, and gets it back.
    pub(super) async fn reload_keys(&self, now: Timestamp) -> Result<KnownKeys, KeysError> {
        let mut stored = known_keys(&self.store).await?;
        let before = self.known_keys.load_full();
        let has_all = before.keys.iter().all(|key| key_change::has(&stored.keys, &key.kid))
            && before.withdrawn.iter().all(|key| stored.withdrawn.contains(key));
        if !has_all {
            self.follow_revocations(now).await?;
            stored = known_keys(&self.store).await?;
        }
        self.take_over_keys(stored.clone(), now)?;
        Ok(stored)
    }

    /// Puts back those of these keys that the store lacks, unless nothing needs them any more, and withdraws again what it
    /// does not know to be withdrawn.
    pub(super) async fn restore_keys(&self, held: KnownKeys, context: &Context) -> Result<(), KeysError> {
        let (now, KnownKeys { keys, withdrawn }) = (context.now, held);
        let mut all = key_withdrawal::without(self.store.signing_keys().await?, &withdrawn);
        all.extend(keys.iter().filter(|key| !key_change::has(&all, &key.kid)).cloned().collect::<Vec<_>>());
        let all = KnownKeys { keys: all, withdrawn };
        let ring = open_stored(&all, &self.options, &self.master_keys, self.key_ring.load().in_use_since())?;
        let withdrawn = all.withdrawn;
        let needed = KnownKeys { keys: key_change::needed(keys, &ring.list(now)), withdrawn };
        let restored = self.store.restore_signing_keys(needed, context).await?;
        if restored > 0 {
            tracing::warn!(keys = restored, "put back signing keys that the database had forgotten");
        }
        self.take_over_keys(known_keys(&self.store).await?, now)
    }

    /// What was withdrawn once stays so, whatever the store says later.
    fn take_over_keys(&self, stored: KnownKeys, now: Timestamp) -> Result<(), KeysError> {
        let before = self.known_keys.load_full();
        let withdrawn = key_withdrawal::all(stored.withdrawn, &before.withdrawn);
        let known = KnownKeys { keys: key_withdrawal::without(stored.keys, &withdrawn), withdrawn };
        if known == *before {
            return Ok(());
        }
        let since = self.key_ring.load().in_use_since();
        let ring = open_stored(&known, &self.options, &self.master_keys, since)?;
        if ring.list(now) != self.key_ring.load().list(now) {
            self.guard.replace_keys(&ring.verifying_keys(now)?);
            self.key_ring.store(Arc::new(ring));
        }
        // After the ring: who hears from the feed what was withdrawn fetches the keys that sign now.
        self.known_keys.store(Arc::new(known));
        Ok(())
    }
}

/// An AWS application load balancer refuses every request when the set has more.
pub(super) const MAX_PUBLISHED: usize = 10;
