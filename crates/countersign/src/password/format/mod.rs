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
//! | `$P$ $H$ $S$`, `U$S$` | phpass, of MD5 or SHA-512 | WordPress, phpBB, Drupal 7 |
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
mod fields;
mod memory;
mod names;
mod pbkdf2;
mod phpass;
mod salted_sha;
mod scheme;
mod scrypt;
mod sha_crypt;

use std::sync::Arc;

pub(crate) use argon2::Argon2Hash;
pub(crate) use memory::Memory;
use names::parse_scheme;
pub(crate) use scheme::Cost;
use scheme::Scheme;
pub use scheme::UnreadableHash;

use super::plain::{Password, Reading};
use crate::password::cost::{Argon2Cost, Work};

/// A stored hash that was understood, and is within the limits.
#[derive(Clone)]
pub(crate) struct Recipe {
    scheme: Arc<dyn Scheme>,
    reading: Reading,
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

/// Before a hash that was computed over the bytes as typed though its form is one of ours.
pub(crate) const TYPED_TAG: &str = "{typed}";
/// Before a hash that was computed over the NFKC form.
pub(crate) const NFKC_TAG: &str = "{nfkc}";

const MAX_STORED_BYTES: usize = 1024;

#[cfg(test)]
mod tests;
