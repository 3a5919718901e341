//! A signing key as a store keeps it.

use crate::base::clock::Timestamp;

/// A signing key as it is kept. States follow from the times alone (see
/// [`key_ring`](crate::model::key_ring)), so nothing has to be switched at a moment at which nobody may be
/// running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// RFC 7638 thumbprint.
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
