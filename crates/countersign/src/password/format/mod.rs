//! What must be computed to check a password against a stored hash. Reading a stored hash is cheap and bounded, and
//! every cost is capped here, before any work is done (PW-6).
//!
//! | begins with | is | made by |
//! | --- | --- | --- |
//! | `$argon2id$ $argon2i$ $argon2d$` | argon2, PHC | us; most newer systems |
//! | `$2a$ $2b$ $2y$` | bcrypt | Express + bcrypt, Devise, Auth0, Supabase, Laravel |
//! | `$2x$` | bcrypt with the sign fault of `crypt_blowfish` before 1.1 | old PHP, marked so when that was mended |
//! | `$wp$2y$` | bcrypt of base64 of HMAC-SHA-384 | WordPress from 6.8 on |
//! | `$bcrypt-sha256$` | bcrypt of base64 of (HMAC-)SHA-256 | passlib |
//! | `$P$ $H$ $S$` | phpass, of MD5 or SHA-512 | WordPress, phpBB, Drupal 7 |
//! | `$5$ $6$` | SHA-crypt | Unix, LDAP |
//! | `$scrypt$ln=…` | scrypt, PHC | passlib, `RustCrypto`; `better-auth` after import |
//! | `$fbscrypt$v=1,…` | Firebase's scrypt, in Supabase's spelling | Firebase after import |
//! | `$pbkdf2-sha256$…`, `-sha512`, `$pbkdf2$` | PBKDF2, PHC or passlib | passlib, `RustCrypto` |
//! | `pbkdf2:sha256:…$ scrypt:…$` | the same | Werkzeug (Flask) |
//! | `AQAAAA…`, or 49 bytes that begin with 0 | PBKDF2 in a binary form | ASP.NET Core Identity 3 and 2 |
//! | `{bcrypt} {argon2} {pbkdf2} {scrypt}` | the same, Spring's parameters | Spring Security |
//! | `{SSHA} {SSHA256} {SSHA512}` | one salted SHA | LDAP |
//! | `{CRYPT} {ARGON2} {PBKDF2-SHA256} …` | what follows | LDAP |
//! | `pbkdf2_sha256$ pbkdf2_sha1$ scrypt$ bcrypt$ bcrypt_sha256$ argon2$` | the same | Django |
//!
//! A prefix `{typed}` or `{nfkc}` says which reading of the password the hash was computed over, where that is not what
//! its form implies.

mod argon2;
mod bcrypt;
mod crypt64;
mod names;
mod pbkdf2;
mod phpass;
mod salted_sha;
mod scrypt;
mod sha_crypt;

use std::sync::Arc;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

pub(crate) use argon2::{Argon2Hash, Memory};
use names::parse_scheme;

use super::plain::{Password, Reading};
use crate::password::cost::Argon2Cost;
use crate::password::cost::Work;

/// A stored hash that was understood, and is within the limits.
#[derive(Clone)]
pub(crate) struct Recipe {
    scheme: Arc<dyn Scheme>,
    reading: Reading,
}

/// One way to compute a hash.
trait Scheme: Send + Sync {
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
type Kind = (&'static str, [u32; 4]);

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

impl Recipe {
    /// Reads a stored hash. `memory_limit_bytes` is the most that checking it may need.
    pub(crate) fn parse(stored: &str, memory_limit_bytes: u64) -> Result<Self, UnreadableHash> {
        if stored.len() > MAX_STORED_BYTES || !stored.is_ascii() {
            return Err(UnreadableHash::Malformed);
        }
        let (text, tagged) = if let Some(text) = stored.strip_prefix(TYPED_TAG) {
            (text, Some(Reading::Typed))
        } else if let Some(text) = stored.strip_prefix(NFKC_TAG) {
            (text, Some(Reading::Nfkc))
        } else {
            (stored, None)
        };
        let (scheme, reading) = parse_scheme(text)?;
        if scheme.memory_bytes() > memory_limit_bytes {
            return Err(UnreadableHash::TooExpensive);
        }
        Ok(Self { scheme, reading: tagged.unwrap_or(reading) })
    }

    /// The recipe that is computed where there is nothing to check.
    pub(crate) fn dummy(hash: Argon2Hash) -> Self {
        Self { scheme: Arc::new(hash), reading: Reading::Nfc }
    }

    pub(crate) fn work(&self) -> Work {
        self.scheme.work()
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.scheme.memory_bytes()
    }

    pub(crate) fn cost(&self) -> Cost {
        (self.work(), self.memory_bytes(), self.scheme.kind())
    }

    /// Computes the hash of this password, once, and compares in constant time.
    pub(crate) fn matches(&self, password: &Password, memory: &mut Memory) -> bool {
        self.scheme.matches(password.read(self.reading).as_bytes(), memory)
    }

    /// Whether a password that matched should be hashed anew at this cost, or because `renew` says so (PW-3).
    ///
    /// Not if the scheme did not look at all of it: bcrypt reads 72 bytes, and a hash made anew from a longer password
    /// would hold its owner to characters that nobody ever checked (PW-5).
    pub(crate) fn should_be_renewed(&self, password: &Password, cost: Argon2Cost, renew: bool) -> bool {
        let current = self.reading == Reading::Nfc && self.scheme.is_current(cost) && !renew;
        !current && password.read(self.reading).len() <= self.scheme.reads_bytes()
    }
}

/// Exactly so many fields between `$`; the name of the scheme is the first.
fn fields<const N: usize>(text: &str) -> Result<[&str; N], UnreadableHash> {
    let fields: Vec<&str> = text.strip_prefix('$').unwrap_or(text).splitn(N + 1, '$').collect();
    fields.try_into().map_err(|_| UnreadableHash::Malformed)
}

/// `name=value` pairs in exactly this order, as the PHC form demands.
fn values<'a, const N: usize>(field: &'a str, names: [&str; N]) -> Result<[&'a str; N], UnreadableHash> {
    let parts: Vec<&str> = field.splitn(N + 1, ',').collect();
    let parts: [&str; N] = parts.try_into().map_err(|_| UnreadableHash::Malformed)?;
    let mut values = [""; N];
    for ((value, part), name) in values.iter_mut().zip(parts).zip(names) {
        let after = part.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        *value = after.ok_or(UnreadableHash::Malformed)?;
    }
    Ok(values)
}

/// A decimal number without sign or leading zero.
fn number(text: &str) -> Result<u32, UnreadableHash> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical).ok_or(UnreadableHash::Malformed)
}

/// Base64 with or without padding, and with passlib's `.` for `+`.
fn decode(text: &str) -> Result<Bytes, UnreadableHash> {
    let text = text.replace('.', "+");
    BASE64.decode(text).map(Zeroizing::new).map_err(|_| UnreadableHash::Malformed)
}

/// Hexadecimal, in either case.
fn hex(text: &str) -> Result<Bytes, UnreadableHash> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.map(Zeroizing::new).ok_or(UnreadableHash::Malformed)
}

/// A salt and a tag of lengths that make sense: an empty tag would be equal to an empty tag.
fn checked(salt: Bytes, tag: Bytes) -> Result<(Bytes, Bytes), UnreadableHash> {
    let fine = (1..=128).contains(&salt.len()) && (16..=128).contains(&tag.len());
    if fine { Ok((salt, tag)) } else { Err(UnreadableHash::Malformed) }
}

/// A decoded field; wiped, because a tag together with its salt is what an attacker would try passwords against.
type Bytes = Zeroizing<Vec<u8>>;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Before a hash that was computed over the bytes as typed though its form is one of ours.
pub(crate) const TYPED_TAG: &str = "{typed}";
/// Before a hash that was computed over the NFKC form.
pub(crate) const NFKC_TAG: &str = "{nfkc}";

const MAX_STORED_BYTES: usize = 1024;

#[cfg(test)]
mod tests;
