//! The contract for signing keys, those that were withdrawn, other sealed keys, and for the fingerprints of the master keys
//! that seal them.

use std::collections::BTreeMap;

use super::answer::{Answer, Sealed};
use crate::base::clock::Timestamp;
use crate::model::context::Context;
use crate::model::key_change::ImportKeyOutcome;
use crate::model::key_withdrawal::{KeyWithdrawal, WithdrawOutcome};
use crate::model::master_key_use::{MasterKeyUse, ResealedKey};
use crate::model::sealed_key::SealedKey;
use crate::model::stored_key::{KnownKeys, StoredKey, WithdrawnKey};

/// Keeps signing keys, sealed.
pub trait KeyStore: Sealed {
    /// All signing keys, in the order in which they were added.
    fn signing_keys(&self) -> impl Answer<Vec<StoredKey>>;

    /// Adds a signing key, if `newest` is still the last one that was added: of two nodes that rotate at
    /// once, one makes the key and the other gets `false` (KM-5).
    fn add_signing_key(&self, key: StoredKey, newest: Option<String>, context: &Context)
    -> impl Answer<bool>;

    /// The keys that were withdrawn, in the order in which that happened.
    fn withdrawn_keys(&self) -> impl Answer<Vec<WithdrawnKey>>;

    /// Withdraws a signing key for good, and adds its successors, if `newest` is still the last one that was added.
    fn withdraw_signing_key(
        &self,
        withdrawal: KeyWithdrawal,
        context: &Context,
    ) -> impl Answer<WithdrawOutcome>;

    /// Adds a signing key that was made elsewhere, if `newest` is still the last one that was added.
    fn import_signing_key(
        &self,
        key: StoredKey,
        newest: Option<String>,
        context: &Context,
    ) -> impl Answer<ImportKeyOutcome>;

    /// Puts back what a node holds and the store may have lost because another copy of it took over: signing keys, and that
    /// some were withdrawn. Gives how many keys were put back.
    fn restore_signing_keys(&self, held: KnownKeys, context: &Context) -> impl Answer<usize>;

    /// Deletes signing keys by key ID; gives how many of them there were.
    fn remove_signing_keys(&self, kids: Vec<String>, context: &Context) -> impl Answer<usize>;

    /// A key that belongs to no table of its own, sealed under a master key.
    fn sealed_key(&self, key: SealedKey) -> impl Answer<Option<Vec<u8>>>;

    /// Puts this in its place, if it is still `before`; gives whether it was.
    fn set_sealed_key(&self, key: SealedKey, before: Option<Vec<u8>>, after: Vec<u8>) -> impl Answer<bool>;

    /// The fingerprints of the master keys this store has been used with, by the master key's number.
    fn master_key_fingerprints(&self) -> impl Answer<BTreeMap<u8, [u8; 32]>>;

    /// Remembers fingerprints of master keys that it does not have yet. Never changes one.
    fn remember_master_keys(&self, fingerprints: Vec<(u8, [u8; 32])>) -> impl Answer<()>;

    /// Puts signing keys that are sealed under another master key in the place of what was read before; gives how many. One
    /// that has changed or gone since is left alone.
    fn reseal_signing_keys(&self, resealed: Vec<ResealedKey>, context: &Context) -> impl Answer<usize>;

    /// Says that this process knows the master keys with these numbers and makes new things with the first. Writes only what is
    /// not known yet, or longer ago than `model::master_key_use::REPORTED_EVERY`.
    fn report_master_keys(&self, numbers: Vec<u8>, now: Timestamp) -> impl Answer<()>;

    /// Which master keys are used, and by which running nodes. A store with one node knows none.
    fn master_key_use(&self) -> impl Answer<MasterKeyUse>;
}
