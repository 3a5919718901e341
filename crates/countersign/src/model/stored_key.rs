//! A signing key as a store keeps it.

use crate::base::clock::Timestamp;
use crate::base::master_key::MasterKeys;

/// A signing key as it is kept. States follow from the times alone (see
/// [`key_ring`](crate::model::key_ring)), so nothing has to be switched at a moment at which nobody may be
/// running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// RFC 7638 thumbprint, or what the key was called when it was imported.
    pub kid: String,
    /// The JWS algorithm's name.
    pub algorithm: String,
    /// The private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub active_from: Timestamp,
}

impl StoredKey {
    /// The number of the master key that it is sealed under.
    #[must_use]
    pub fn sealed_under(&self) -> Option<u8> {
        MasterKeys::number_of(&self.sealed)
    }
}

/// A signing key that was withdrawn. Its ID is kept for good: no copy of the database, no import and no cache brings it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawnKey {
    /// Its key ID.
    pub kid: String,
    /// When it was withdrawn.
    pub withdrawn_at: Timestamp,
}

/// What a store knows about signing keys, or what a node remembers of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownKeys {
    /// Those that are used, in the order in which they were added.
    pub keys: Vec<StoredKey>,
    /// Those that never are again, in the order in which they were withdrawn.
    pub withdrawn: Vec<WithdrawnKey>,
}
