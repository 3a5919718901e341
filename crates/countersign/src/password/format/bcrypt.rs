//! bcrypt, only ever checked: hashes that other systems made (PW-5).

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use base64::prelude::BASE64_STANDARD;
use bcrypt::HashParts;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::fields::{Bytes, fields, number, values};
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// A bcrypt hash: of the versions that agree on every password (2a, 2b, 2y), or of the faulty one (2x).
#[derive(Clone)]
pub(crate) struct BcryptHash {
    cost: u32,
    text: String,
    input: Input,
}

/// What bcrypt is computed over.
#[derive(Clone)]
enum Input {
    /// The first 72 bytes of the password.
    Password,
    /// The same, read as `crypt_blowfish` before 1.1 read it (`$2x$`).
    SignExtended,
    /// Django's `bcrypt_sha256`: the SHA-256 in hexadecimal.
    HexSha256,
    /// passlib's `bcrypt_sha256`, version 1: the SHA-256 in base64.
    Base64Sha256,
    /// passlib's `bcrypt_sha256`, version 2: HMAC-SHA-256 under the text of the salt, in base64.
    HmacSha256(String),
    /// WordPress from 6.8 on: HMAC-SHA-384 under a fixed key, in base64. It ignores white space at the ends.
    WordPress,
}

impl BcryptHash {
    /// Reads `$2b$12$<22 characters of salt><31 characters of hash>`. A cost below 10 protects nobody, one above 15
    /// takes seconds.
    pub(crate) fn parse(text: &str) -> Result<Self, UnreadableHash> {
        let parts: HashParts = text.parse().map_err(|_| UnreadableHash::Malformed)?;
        let input = if text.starts_with("$2x$") { Input::SignExtended } else { Input::Password };
        match parts.get_cost() {
            0..10 => Err(UnreadableHash::TooWeak),
            cost @ 10..=15 => Ok(Self { cost, text: text.to_owned(), input }),
            _ => Err(UnreadableHash::TooExpensive),
        }
    }

    /// Reads Django's `bcrypt$<bcrypt>` and `bcrypt_sha256$<bcrypt>`.
    pub(crate) fn parse_django(text: &str) -> Result<Self, UnreadableHash> {
        let (name, bcrypt) = text.split_once('$').ok_or(UnreadableHash::Malformed)?;
        let hash = Self::parse(bcrypt)?;
        Ok(if name == "bcrypt_sha256" { Self { input: Input::HexSha256, ..hash } } else { hash })
    }

    /// Reads WordPress' `$wp$2y$10$…`.
    pub(crate) fn parse_wordpress(text: &str) -> Result<Self, UnreadableHash> {
        let bcrypt = text.strip_prefix("$wp").ok_or(UnreadableHash::Malformed)?;
        Ok(Self { input: Input::WordPress, ..Self::parse(bcrypt)? })
    }

    /// Reads passlib's `$bcrypt-sha256$v=2,t=2b,r=12$<salt>$<hash>` and the older `$bcrypt-sha256$2b,12$<salt>$<hash>`.
    pub(crate) fn parse_passlib(text: &str) -> Result<Self, UnreadableHash> {
        let [_, settings, salt, hash] = fields(text)?;
        let (version, rounds, input) = if settings.starts_with("v=") {
            let ["2", version, rounds] = values(settings, ["v", "t", "r"])? else {
                return Err(UnreadableHash::UnknownFormat);
            };
            (version, rounds, Input::HmacSha256(salt.to_owned()))
        } else {
            let (version, rounds) = settings.split_once(',').ok_or(UnreadableHash::Malformed)?;
            (version, rounds, Input::Base64Sha256)
        };
        if !matches!(version, "2a" | "2b" | "2y") {
            return Err(UnreadableHash::Malformed);
        }
        let bcrypt = Self::parse(&format!("${version}${:02}${salt}{hash}", number(rounds)?))?;
        Ok(Self { input, ..bcrypt })
    }

    /// What bcrypt reads instead of this password.
    fn input(&self, password: &[u8]) -> Bytes {
        match &self.input {
            Input::Password | Input::SignExtended => Zeroizing::new(password.to_vec()),
            Input::HexSha256 => {
                let mut hex = Zeroizing::new(String::with_capacity(64));
                for byte in digest(&SHA256, password).as_ref() {
                    let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
                }
                Zeroizing::new(hex.as_bytes().to_vec())
            }
            Input::Base64Sha256 => base64(digest(&SHA256, password).as_ref()),
            Input::HmacSha256(salt) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes());
                base64(hmac::sign(&key, password).as_ref())
            }
            Input::WordPress => {
                let key = hmac::Key::new(hmac::HMAC_SHA384, b"wp-sha384");
                base64(hmac::sign(&key, password.trim_ascii()).as_ref())
            }
        }
    }

    /// `$2x$`: the key that the faulty code made of a password, in full. A byte over 127 was widened with its sign, which
    /// sets every bit before it in its word.
    fn matches_sign_extended(&self, password: &[u8]) -> Option<bool> {
        let parts: HashParts = self.text.parse().ok()?;
        let tag = BCRYPT_BASE64.decode(self.text.get(29..)?).ok()?;
        let password = password.get(..72).unwrap_or(password);
        let mut bytes = password.iter().chain([&0]).cycle();
        let mut key = Zeroizing::new([0_u8; 72]);
        for word in key.chunks_exact_mut(4) {
            let bits = bytes
                .by_ref()
                .take(4)
                .fold(0_u32, |bits, byte| (bits << 8) | i32::from(byte.cast_signed()).cast_unsigned());
            word.copy_from_slice(&bits.to_be_bytes());
        }
        let computed = bcrypt::bcrypt(self.cost, parts.get_salt_raw(), key.as_slice());
        Some(computed.get(..23)?.ct_eq(&tag).into())
    }
}

fn base64(bytes: &[u8]) -> Bytes {
    Zeroizing::new(BASE64_STANDARD.encode(bytes).into_bytes())
}

impl Scheme for BcryptHash {
    /// Reads 72 bytes of the password, as the system that made the hash did. The crate compares in constant time.
    fn matches(&self, password: &[u8], _memory: &mut Memory) -> bool {
        if matches!(self.input, Input::SignExtended) {
            return self.matches_sign_extended(password).unwrap_or(false);
        }
        bcrypt::verify(&*self.input(password), &self.text).unwrap_or(false)
    }

    /// Measured: cost 10 takes as long as three and a half hashes of our default.
    fn work(&self) -> Work {
        3500 << (self.cost - 10)
    }

    fn kind(&self) -> Kind {
        ("bcrypt", [self.cost, 0, 0, 0])
    }

    fn reads_bytes(&self) -> usize {
        if matches!(self.input, Input::Password | Input::SignExtended) { 72 } else { usize::MAX }
    }
}

const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);

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
