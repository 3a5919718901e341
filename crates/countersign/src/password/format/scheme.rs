//! What every hash function can be asked, and why a stored hash cannot be read.

use super::memory::Memory;
use crate::password::cost::{Argon2Cost, Work};

/// One way to compute a hash.
pub(super) trait Scheme: Send + Sync {
    /// Computes the hash of this password, once, and compares in constant time.
    fn matches(&self, password: &[u8], memory: &mut Memory) -> bool;

    /// What computing it costs, in thousandths of [`Argon2Cost::DEFAULT`]: an estimate.
    fn work(&self) -> Work;
    /// The function and its parameters: hashes of one kind take the same time.
    fn kind(&self) -> Kind;

    /// The memory that computing it needs.
    fn memory_bytes(&self) -> u64 {
        0
    }

    /// Whether it is as good as a hash that would be made now.
    fn is_current(&self, _cost: Argon2Cost) -> bool {
        false
    }

    /// How many bytes of a password it reads.
    fn reads_bytes(&self) -> usize {
        usize::MAX
    }
}

/// A hash function by name, with all of its parameters that time depends on.
pub(super) type Kind = (&'static str, [u32; 4]);

/// By what stored hashes differ in time: an estimate to order them by, the memory, and the kind.
pub(crate) type Cost = (Work, u64, Kind);

/// Why a stored hash cannot be checked. Its account cannot sign in with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableHash {
    /// No format that we know.
    #[error("unknown hash format")]
    UnknownFormat,
    /// It begins like one that we know, and is not.
    #[error("malformed hash")]
    Malformed,
    /// Checking it would take more time or memory than one sign-in may.
    #[error("the hash costs more than is allowed")]
    TooExpensive,
    /// So cheap that it protects nobody: the password must be reset.
    #[error("the hash is too weak to be accepted")]
    TooWeak,
    /// Made with a function that protects nobody, of this name: the password must be reset.
    #[error("the hash function is too weak to be accepted ({0})")]
    Fast(&'static str),
    /// It is encrypted under a key that is not here, or was changed since.
    #[error("the hash cannot be decrypted with the keys that are configured")]
    Sealed,
}
