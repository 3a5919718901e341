//! One salted SHA, as LDAP servers keep it (`{SSHA}`, `{SSHA256}`, `{SSHA512}`); only ever checked. Fast, so a stolen
//! one is soon guessed: it is taken because every sign-in replaces one by argon2id.

use aws_lc_rs::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::fields::{Bytes, decode};
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// Digest of the password and then the salt.
#[derive(Clone)]
pub(super) struct SaltedSha {
    algorithm: &'static Algorithm,
    name: &'static str,
    salt: Bytes,
    tag: Bytes,
}

impl SaltedSha {
    /// Reads what follows `{ssha}`, `{ssha256}` or `{ssha512}`: base64 of the digest and then the salt. Without a salt
    /// one table serves for everybody.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, UnreadableHash> {
        let (algorithm, name): (&'static Algorithm, _) = match name {
            "ssha" => (&SHA1_FOR_LEGACY_USE_ONLY, "ssha"),
            "ssha256" => (&SHA256, "ssha256"),
            "ssha512" => (&SHA512, "ssha512"),
            _ => return Err(UnreadableHash::UnknownFormat),
        };
        let bytes = decode(text)?;
        let (tag, salt) = bytes.split_at_checked(algorithm.output_len()).ok_or(UnreadableHash::Malformed)?;
        match salt.len() {
            0..4 => Err(UnreadableHash::Fast("SHA without a salt")),
            4..=64 => Ok(Self {
                algorithm,
                name,
                salt: Zeroizing::new(salt.to_vec()),
                tag: Zeroizing::new(tag.to_vec()),
            }),
            _ => Err(UnreadableHash::Malformed),
        }
    }
}

impl Scheme for SaltedSha {
    fn matches(&self, password: &[u8], _memory: &mut Memory) -> bool {
        let mut context = Context::new(self.algorithm);
        context.update(password);
        context.update(&self.salt);
        context.finish().as_ref().ct_eq(&self.tag).into()
    }

    fn work(&self) -> Work {
        1
    }

    fn kind(&self) -> Kind {
        (self.name, [0; 4])
    }
}
