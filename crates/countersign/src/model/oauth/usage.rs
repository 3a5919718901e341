//! The use of something that is good once.

use crate::base::clock::Timestamp;

/// Something that somebody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// SHA-256 of it, or of what is its own.
    pub hash: [u8; 32],
    /// When it is over by itself.
    pub expires_at: Timestamp,
}
