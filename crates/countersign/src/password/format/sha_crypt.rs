//! SHA-crypt (`$5$`, `$6$`), the hashes of Unix systems; only ever checked.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::crypt64::push;
use super::fields::{Bytes, number};
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// A SHA-crypt hash.
#[derive(Clone)]
pub(super) struct ShaCryptHash {
    sha512: bool,
    rounds: u32,
    salt: Bytes,
    encoded: Bytes,
}

impl ShaCryptHash {
    /// Reads `$6$rounds=656000$<salt>$<hash>`; without rounds they are 5000. At most a million of them: a second.
    pub(super) fn parse(text: &str) -> Result<Self, UnreadableHash> {
        let fields: Vec<&str> = text.splitn(6, '$').collect();
        let (name, rounds, salt, encoded) = match fields.as_slice() {
            ["", name, rounds, salt, encoded] => {
                let rounds = rounds.strip_prefix("rounds=").ok_or(UnreadableHash::Malformed)?;
                (*name, number(rounds)?, *salt, *encoded)
            }
            ["", name, salt, encoded] => (*name, 5000, *salt, *encoded),
            _ => return Err(UnreadableHash::Malformed),
        };
        let sha512 = name == "6";
        if encoded.len() != if sha512 { 86 } else { 43 } || salt.is_empty() || salt.len() > 16 {
            return Err(UnreadableHash::Malformed);
        }
        match rounds {
            0..1000 => Err(UnreadableHash::TooWeak),
            1000..=1_000_000 => Ok(Self {
                sha512,
                rounds,
                salt: Zeroizing::new(salt.as_bytes().to_vec()),
                encoded: Zeroizing::new(encoded.as_bytes().to_vec()),
            }),
            _ => Err(UnreadableHash::TooExpensive),
        }
    }

    /// Empty if the crate refuses rounds that `parse` has let through, which cannot be.
    fn compute(&self, password: &[u8]) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(86));
        let Ok(params) = Params::new(self.rounds) else { return text };
        if self.sha512 {
            encode_512(&Zeroizing::new(sha512_crypt(password, &self.salt, params)), &mut text);
        } else {
            encode_256(&Zeroizing::new(sha256_crypt(password, &self.salt, params)), &mut text);
        }
        text
    }
}

impl Scheme for ShaCryptHash {
    /// Each round reads the password up to three times: a long one must not make a check many times dearer than its
    /// work says (PW-6). No system that makes these hashes takes passwords of more than 511 bytes.
    fn matches(&self, password: &[u8], _memory: &mut Memory) -> bool {
        let read = password.get(..MAX_BYTES).unwrap_or(password);
        let is_equal = self.compute(read).as_bytes().ct_eq(&self.encoded);
        bool::from(is_equal) && read.len() == password.len()
    }

    /// Measured with a password of 16 characters.
    fn work(&self) -> Work {
        let a_thousand = if self.sha512 { SHA512_A_THOUSAND } else { SHA256_A_THOUSAND };
        u64::from(self.rounds) * a_thousand / 1000
    }

    fn kind(&self) -> Kind {
        (if self.sha512 { "sha512-crypt" } else { "sha256-crypt" }, [self.rounds, 0, 0, 0])
    }
}

/// Bytes i, i + 21 and i + 42 in turns, and the last alone.
fn encode_512(bytes: &[u8; 64], text: &mut String) {
    for i in 0..21 {
        let group = [bytes[i], bytes[i + 21], bytes[i + 42]];
        push_group(text, group, i % 3);
    }
    push(text, u32::from(bytes[63]), 2);
}

/// Bytes i, i + 10 and i + 20 in turns, and the last two.
fn encode_256(bytes: &[u8; 32], text: &mut String) {
    for i in 0..10 {
        let group = [bytes[i], bytes[i + 10], bytes[i + 20]];
        push_group(text, group, (3 - i % 3) % 3);
    }
    push(text, u32::from(bytes[31]) << 8 | u32::from(bytes[30]), 3);
}

/// Three bytes, the first of them the highest, after so many turns to the left.
fn push_group(text: &mut String, mut group: [u8; 3], turns: usize) {
    group.rotate_left(turns);
    let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
    push(text, bits, 4);
}

const MAX_BYTES: usize = 255;
const SHA512_A_THOUSAND: Work = 18;
const SHA256_A_THOUSAND: Work = 6;
