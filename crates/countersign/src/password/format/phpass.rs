//! The portable hashes of PHP applications, only ever checked: `$P$` (WordPress before 6.8), `$H$` (phpBB), `$S$`
//! (Drupal 7). A `U` before it says that the password was an MD5 in hexadecimal digits: what Drupal 7 made of the
//! hashes of Drupal 6.

use aws_lc_rs::digest;
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::crypt64::{self, encode_little_endian};
use super::fields::Bytes;
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// A digest of the salt and the password, then 2^n times of the digest and the password.
#[derive(Clone)]
pub(super) struct PhpassHash {
    of_md5: bool,
    sha512: bool,
    log2_rounds: u32,
    salt: Bytes,
    encoded: Bytes,
}

impl PhpassHash {
    /// Reads `$P$`, one character for the rounds, eight of salt, and the digest in 22 characters (MD5) or as much of it
    /// as Drupal keeps, 43 (SHA-512).
    pub(super) fn parse(text: &str) -> Result<Self, UnreadableHash> {
        let (of_md5, text) = text.strip_prefix('U').map_or((false, text), |text| (true, text));
        let sha512 = text.starts_with("$S$");
        let bytes = text.as_bytes().get(3..).ok_or(UnreadableHash::Malformed)?;
        let [rounds, rest @ ..] = bytes else { return Err(UnreadableHash::Malformed) };
        let (salt, encoded) = rest.split_at_checked(8).ok_or(UnreadableHash::Malformed)?;
        let is_fine = encoded.len() == if sha512 { 43 } else { 22 };
        let log2_rounds = crypt64::value(*rounds).filter(|_| is_fine).ok_or(UnreadableHash::Malformed)?;
        match log2_rounds {
            0..11 => Err(UnreadableHash::TooWeak),
            11..=20 => Ok(Self {
                of_md5,
                sha512,
                log2_rounds,
                salt: Zeroizing::new(salt.to_vec()),
                encoded: Zeroizing::new(encoded.to_vec()),
            }),
            _ => Err(UnreadableHash::TooExpensive),
        }
    }

    fn digest(&self, first: &[u8], password: &[u8]) -> Bytes {
        if self.sha512 {
            let mut context = digest::Context::new(&digest::SHA512);
            context.update(first);
            context.update(password);
            return Zeroizing::new(context.finish().as_ref().to_vec());
        }
        Zeroizing::new(Md5::new_with_prefix(first).chain_update(password).finalize().to_vec())
    }
}

impl Scheme for PhpassHash {
    fn matches(&self, password: &[u8], _memory: &mut Memory) -> bool {
        let of_md5 = self.of_md5.then(|| Zeroizing::new(hexadecimal(&Md5::digest(password))));
        let password = of_md5.as_ref().map_or(password, |digits| digits.as_bytes());
        let mut digest = self.digest(&self.salt, password);
        for _ in 0..1_u32 << self.log2_rounds {
            digest = self.digest(&digest, password);
        }
        let encoded = Zeroizing::new(encode_little_endian(&digest));
        encoded.as_bytes().get(..self.encoded.len()).is_some_and(|text| text.ct_eq(&self.encoded).into())
    }

    /// Measured with a password of 16 characters.
    fn work(&self) -> Work {
        let a_thousand = if self.sha512 { SHA512_A_THOUSAND } else { MD5_A_THOUSAND };
        ((1 << self.log2_rounds) * a_thousand / 1000).max(1)
    }

    fn kind(&self) -> Kind {
        (if self.sha512 { "phpass-sha512" } else { "phpass-md5" }, [self.log2_rounds, 0, 0, 0])
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(digits[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

const MD5_A_THOUSAND: Work = 12;
const SHA512_A_THOUSAND: Work = 40;
