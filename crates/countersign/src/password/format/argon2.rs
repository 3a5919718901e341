//! argon2id, argon2i and argon2d (RFC 9106) as PHC strings.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::fields::{Bytes, checked, decode, fields, number, values};
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;
use crate::password::cost::{self, Argon2Cost};

/// An argon2 hash: what to compute, and what must come out.
#[derive(Clone)]
pub(crate) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Bytes,
    tag: Bytes,
}

impl Argon2Hash {
    /// Reads `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`, base64 without padding; no `v=` means version 16.
    pub(crate) fn parse(text: &str) -> Result<Self, UnreadableHash> {
        let (algorithm, version, cost, salt, tag) = if text.contains("$v=") {
            let [algorithm, version, cost, salt, tag] = fields(text)?;
            (algorithm, version, cost, salt, tag)
        } else {
            let [algorithm, cost, salt, tag] = fields(text)?;
            (algorithm, "v=16", cost, salt, tag)
        };
        let algorithm = Algorithm::new(algorithm).map_err(|_| UnreadableHash::UnknownFormat)?;
        let version = match version {
            "v=19" => Version::V0x13,
            "v=16" => Version::V0x10,
            _ => return Err(UnreadableHash::UnknownFormat),
        };
        let [memory_kib, iterations, lanes] = values(cost, ["m", "t", "p"])?;
        let (memory_kib, iterations, lanes) = (number(memory_kib)?, number(iterations)?, number(lanes)?);
        if u64::from(memory_kib) * u64::from(iterations) > MAX_WORK || lanes > MAX_LANES {
            return Err(UnreadableHash::TooExpensive);
        }
        let (salt, tag) = checked(decode(salt)?, decode(tag)?)?;
        let params = Params::new(memory_kib, iterations, lanes, Some(tag.len()));
        let params = params.ok().filter(|_| salt.len() >= argon2::MIN_SALT_LEN);
        Ok(Self { algorithm, version, params: params.ok_or(UnreadableHash::Malformed)?, salt, tag })
    }

    /// A new hash of this password. Its text is [`Argon2Hash::to_phc`].
    pub(crate) fn create(password: &[u8], cost: Argon2Cost, salt: [u8; 16], memory: &mut Memory) -> Self {
        let mut hash = Self::dummy(cost, salt, [0; 32]);
        let tag = hash.compute(password, memory);
        hash.tag = tag;
        hash
    }

    /// A hash with a tag that nothing computes to: something to check against where there is nothing.
    pub(crate) fn dummy(cost: Argon2Cost, salt: [u8; 16], tag: [u8; 32]) -> Self {
        Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: cost.params(),
            salt: Zeroizing::new(salt.to_vec()),
            tag: Zeroizing::new(tag.to_vec()),
        }
    }

    /// The PHC string.
    pub(crate) fn to_phc(&self) -> String {
        format!(
            "${}$v={}$m={},t={},p={}${}${}",
            self.algorithm.as_str(),
            u32::from(self.version),
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            BASE64_STANDARD_NO_PAD.encode(&*self.salt),
            BASE64_STANDARD_NO_PAD.encode(&*self.tag),
        )
    }

    /// A tag of the right length. Zeroes if argon2 refuses the parameters, which `parse` has made impossible; zeroes
    /// match no tag that a hash function gave.
    fn compute(&self, password: &[u8], memory: &mut Memory) -> Bytes {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let blocks = memory.at_least(self.params.block_count());
        if argon2.hash_password_into_with_memory(password, &self.salt, &mut tag, blocks).is_err() {
            tracing::error!("argon2 refused parameters that were checked");
            tag.fill(0);
        }
        tag
    }
}

impl Scheme for Argon2Hash {
    fn matches(&self, password: &[u8], memory: &mut Memory) -> bool {
        self.compute(password, memory).ct_eq(&self.tag).into()
    }

    fn work(&self) -> Work {
        cost::work(self.params.m_cost(), self.params.t_cost())
    }

    fn kind(&self) -> Kind {
        let cost = [self.params.m_cost(), self.params.t_cost(), self.params.p_cost(), 0];
        (self.algorithm.as_str(), cost)
    }

    fn memory_bytes(&self) -> u64 {
        self.params.block_count() as u64 * Block::SIZE as u64
    }

    fn is_current(&self, cost: Argon2Cost) -> bool {
        self.algorithm == Algorithm::Argon2id
            && self.version == Version::V0x13
            && self.params.m_cost() >= cost.memory_kib()
            && self.params.t_cost() >= cost.iterations()
            && self.salt.len() >= 16
            && self.tag.len() >= 32
    }
}

/// KiB times passes: 32 times our default, about half a second.
const MAX_WORK: u64 = 32 * 19_456 * 2;
const MAX_LANES: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Argon2Hash, UnreadableHash> {
        Argon2Hash::parse(text)
    }

    /// From the reference implementation's test.c and the RFC 9106 family of variants.
    #[test]
    fn hashes_of_the_reference_implementation_verify() {
        let mut memory = Memory::default();
        for text in [
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        ] {
            let hash = parse(text).unwrap();
            assert_eq!(hash.to_phc(), text);
            assert!(hash.matches(b"password", &mut memory), "{text}");
            assert!(!hash.matches(b"Password", &mut memory), "{text}");
        }
        let old =
            parse("$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY").unwrap();
        assert!(old.matches(b"password", &mut memory), "version 1.0 has no v=");
    }

    /// PW-6: what would burn memory or time is refused by its text alone, and garbage is garbage.
    #[test]
    fn expensive_and_malformed_strings_are_refused_before_any_work() {
        use UnreadableHash::{Malformed, TooExpensive};
        let salt_and_tag = "c29tZXNhbHRzYWx0c2FsdA$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8";
        for (cost, error) in [
            ("m=4194304,t=1,p=1", TooExpensive),
            ("m=65536,t=1000,p=1", TooExpensive),
            ("m=4294967295,t=4294967295,p=1", TooExpensive),
            ("m=65536,t=1,p=255", TooExpensive),
            ("m=65536,t=1", Malformed),
            ("m=65536,p=1,t=1", Malformed),
            ("m=65536,t=0,p=1", Malformed),
            ("m=065536,t=1,p=1", Malformed),
            ("m=+65536,t=1,p=1", Malformed),
            ("m=7,t=1,p=1", Malformed),
            ("m=99999999999,t=1,p=1", Malformed),
            ("m=65536,t=1,p=1,data=eA", Malformed),
        ] {
            let text = format!("$argon2id$v=19${cost}${salt_and_tag}");
            assert_eq!(parse(&text).map(|_| ()), Err(error), "{cost}");
        }
        for text in ["$argon2id", "$argon2id$v=19$m=65536,t=1,p=1", "$argon2id$v=19$m=65536,t=1,p=1$*$*"] {
            assert_eq!(parse(text).map(|_| ()), Err(Malformed), "{text}");
        }
        let text = format!("$argon2id$v=19$m=65536,t=1,p=1${salt_and_tag}$x");
        assert_eq!(parse(&text).map(|_| ()), Err(Malformed));
    }

    /// PW-1, PW-2: what a new hash looks like.
    #[test]
    fn a_new_hash_is_argon2id_with_a_128_bit_salt_and_a_256_bit_tag() {
        let mut memory = Memory::default();
        let hash = Argon2Hash::create(b"correct horse", Argon2Cost::DEFAULT, [7; 16], &mut memory);
        let text = hash.to_phc();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{text}");
        let read = parse(&text).unwrap();
        assert!(read.matches(b"correct horse", &mut memory) && read.is_current(Argon2Cost::DEFAULT));
        assert_eq!((read.work(), read.memory_bytes()), (1000, 19_456 * 1024));
    }

    /// PW-8: what is given back is wiped and really given back.
    #[test]
    fn memory_is_used_again_and_can_be_released() {
        let mut memory = Memory::default();
        let small =
            parse("$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8");
        let small = small.unwrap();
        assert!(small.matches(b"password", &mut memory));
        let before = memory.0.as_ptr();
        assert!(!small.matches(b"other", &mut memory));
        assert_eq!(memory.0.as_ptr(), before);
        memory.release();
        assert_eq!(memory.0.capacity(), 0);
    }
}
