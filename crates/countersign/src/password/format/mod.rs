//! What must be computed to check a password against a stored hash. Reading a stored hash is cheap and bounded, and
//! every cost is capped here, before any work is done (PW-6).

mod argon2;
mod bcrypt;

use zeroize::Zeroizing;

pub(super) use argon2::{Argon2Hash, Memory};
use bcrypt::BcryptHash;

use super::plain::Password;
use super::queue::Work;

/// A stored hash that was understood, and is within the limits.
#[derive(Clone)]
pub(super) struct Recipe {
    scheme: Scheme,
    /// Ours is computed over the NFC form; other systems computed theirs over the bytes as typed.
    over_typed: bool,
}

#[derive(Clone)]
enum Scheme {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
}

/// Why a stored hash cannot be checked. Its account cannot sign in with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
}

impl Recipe {
    /// Reads a stored hash. `memory_limit_bytes` is the most that checking it may need.
    pub(super) fn parse(stored: &str, memory_limit_bytes: u64) -> Result<Self, UnreadableHash> {
        if stored.len() > MAX_STORED_BYTES || !stored.is_ascii() {
            return Err(UnreadableHash::Malformed);
        }
        let (text, tagged) = stored.strip_prefix(TYPED_TAG).map_or((stored, false), |text| (text, true));
        let mut fields = text.split('$');
        let scheme = match (fields.next(), fields.next()) {
            (Some(""), Some("argon2id" | "argon2i" | "argon2d")) => {
                Argon2Hash::parse(text, memory_limit_bytes).map(Scheme::Argon2)?
            }
            (Some(""), Some("2a" | "2b" | "2y")) => BcryptHash::parse(text).map(Scheme::Bcrypt)?,
            _ => return Err(UnreadableHash::UnknownFormat),
        };
        let native = matches!(scheme, Scheme::Argon2(_)) && !tagged;
        Ok(Self { scheme, over_typed: !native })
    }

    /// The recipe that is computed where there is nothing to check.
    pub(super) fn dummy(hash: Argon2Hash) -> Self {
        Self { scheme: Scheme::Argon2(hash), over_typed: false }
    }

    /// What computing it costs, in thousandths of [`Argon2Cost::DEFAULT`](super::Argon2Cost::DEFAULT).
    pub(super) fn work(&self) -> Work {
        match &self.scheme {
            Scheme::Argon2(hash) => hash.work(),
            Scheme::Bcrypt(hash) => hash.work(),
        }
    }

    /// The argon2 memory that computing it needs.
    pub(super) fn memory_bytes(&self) -> u64 {
        match &self.scheme {
            Scheme::Argon2(hash) => hash.memory_bytes(),
            Scheme::Bcrypt(_) => 0,
        }
    }

    /// Computes the hash of this password, once, and compares in constant time.
    pub(super) fn matches(&self, password: &Password, memory: &mut Memory) -> bool {
        let text = if self.over_typed { password.typed() } else { password.nfc() };
        match &self.scheme {
            Scheme::Argon2(hash) => hash.matches(text.as_bytes(), memory),
            Scheme::Bcrypt(hash) => hash.matches(text.as_bytes()),
        }
    }

    /// Whether a password that matched should be hashed anew at this cost (PW-3).
    pub(super) fn is_outdated(&self, cost: super::Argon2Cost) -> bool {
        match &self.scheme {
            Scheme::Argon2(hash) => self.over_typed || hash.is_weaker_than(cost),
            Scheme::Bcrypt(_) => true,
        }
    }

    /// Whether the hash saw the whole password. bcrypt reads 72 bytes and no more: a hash made anew from a longer
    /// password would hold its owner to characters that nobody ever checked (PW-5).
    pub(super) fn sees_all_of(&self, password: &Password) -> bool {
        match &self.scheme {
            Scheme::Argon2(_) => true,
            Scheme::Bcrypt(_) => password.typed().len() <= bcrypt::READ_BYTES,
        }
    }
}

/// Before a hash that was computed over the bytes as typed though its form is one of ours.
const TYPED_TAG: &str = "{typed}";

const MAX_STORED_BYTES: usize = 1024;

/// A decoded field; wiped, because a tag together with its salt is what an attacker would try passwords against.
type Bytes = Zeroizing<Vec<u8>>;
