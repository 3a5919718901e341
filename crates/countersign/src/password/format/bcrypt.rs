//! bcrypt, only ever checked: hashes that other systems made (PW-5).

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use bcrypt::HashParts;
use zeroize::Zeroizing;

use super::{Kind, Memory, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// A bcrypt hash of one of the versions that agree on every password: 2a, 2b, 2y.
#[derive(Clone)]
pub(crate) struct BcryptHash {
    cost: u32,
    text: String,
    /// Django's `bcrypt_sha256`: bcrypt of the hexadecimal SHA-256.
    of_sha256: bool,
}

impl BcryptHash {
    /// Reads `$2b$12$<22 characters of salt><31 characters of hash>`. A cost below 10 protects nobody, one above 15
    /// takes seconds.
    pub(crate) fn parse(text: &str) -> Result<Self, UnreadableHash> {
        let parts: HashParts = text.parse().map_err(|_| UnreadableHash::Malformed)?;
        match parts.get_cost() {
            0..10 => Err(UnreadableHash::TooWeak),
            cost @ 10..=15 => Ok(Self { cost, text: text.to_owned(), of_sha256: false }),
            _ => Err(UnreadableHash::TooExpensive),
        }
    }

    /// Reads Django's `bcrypt$<bcrypt>` and `bcrypt_sha256$<bcrypt>`.
    pub(crate) fn parse_django(text: &str) -> Result<Self, UnreadableHash> {
        let (name, bcrypt) = text.split_once('$').ok_or(UnreadableHash::Malformed)?;
        Ok(Self { of_sha256: name == "bcrypt_sha256", ..Self::parse(bcrypt)? })
    }
}

impl Scheme for BcryptHash {
    /// Reads 72 bytes of the password, as the system that made the hash did. The crate compares in constant time.
    fn matches(&self, password: &[u8], _memory: &mut Memory) -> bool {
        if !self.of_sha256 {
            return bcrypt::verify(password, &self.text).unwrap_or(false);
        }
        let mut hex = Zeroizing::new(String::with_capacity(64));
        for byte in digest(&SHA256, password).as_ref() {
            let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        }
        bcrypt::verify(hex.as_bytes(), &self.text).unwrap_or(false)
    }

    /// Measured: cost 10 takes as long as three and a half hashes of our default.
    fn work(&self) -> Work {
        3500 << (self.cost - 10)
    }

    fn kind(&self) -> Kind {
        ("bcrypt", [self.cost, 0, 0, 0])
    }

    fn reads_bytes(&self) -> usize {
        if self.of_sha256 { usize::MAX } else { 72 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_U_STAR_U: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    /// PW-5, PW-6: costs outside 10 to 15 are refused before any work, and tampered text cannot panic.
    #[test]
    fn only_costs_from_10_to_15_are_taken() {
        let with = |cost: &str| BcryptHash::parse(&OF_U_STAR_U.replace("05", cost)).map(|_| ());
        for (cost, result) in [
            ("09", Err(UnreadableHash::TooWeak)),
            ("10", Ok(())),
            ("15", Ok(())),
            ("16", Err(UnreadableHash::TooExpensive)),
            ("31", Err(UnreadableHash::TooExpensive)),
            ("99", Err(UnreadableHash::TooExpensive)),
            ("+9", Err(UnreadableHash::TooWeak)),
            ("é", Err(UnreadableHash::Malformed)),
            ("1", Err(UnreadableHash::Malformed)),
        ] {
            assert_eq!(with(cost), result, "{cost}");
        }
    }

    /// Made with Python's `bcrypt` 5: `bcrypt.hashpw(b"correct horse battery", bcrypt.gensalt(10))`, prefix exchanged.
    #[test]
    fn a_hash_of_another_system_verifies_under_each_prefix() {
        let text = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";
        for prefix in ["2a", "2b", "2y"] {
            let hash = BcryptHash::parse(&text.replacen("2b", prefix, 1)).unwrap();
            assert!(hash.matches(b"correct horse battery", &mut Memory::default()));
            assert!(!hash.matches(b"correct horse batterz", &mut Memory::default()));
        }
    }
}
