//! PBKDF2 (RFC 8018) as PHC, as passlib, Django, Werkzeug, Spring and ASP.NET Core Identity write it; only ever checked.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use zeroize::Zeroizing;

use super::fields::{Bytes, checked, decode, fields, hex, number, values};
use super::memory::Memory;
use super::scheme::{Kind, Scheme, UnreadableHash};
use crate::password::cost::Work;

/// A PBKDF2 hash.
#[derive(Clone)]
pub(crate) struct Pbkdf2Hash {
    algorithm: Algorithm,
    iterations: NonZeroU32,
    salt: Bytes,
    tag: Bytes,
}

impl Pbkdf2Hash {
    /// Reads `$pbkdf2-sha256$i=600000,l=32$<salt>$<tag>` and passlib's `$pbkdf2-sha256$600000$<salt>$<tag>`.
    pub(crate) fn parse_phc(text: &str) -> Result<Self, UnreadableHash> {
        let [name, cost, salt, tag] = fields(text)?;
        let algorithm = match name {
            "pbkdf2" | "pbkdf2-sha1" => PBKDF2_HMAC_SHA1,
            "pbkdf2-sha256" => PBKDF2_HMAC_SHA256,
            "pbkdf2-sha512" => PBKDF2_HMAC_SHA512,
            _ => return Err(UnreadableHash::UnknownFormat),
        };
        let tag = decode(tag)?;
        let iterations = if cost.contains('=') {
            let [iterations, length] = values(cost, ["i", "l"])?;
            if number(length)? as usize != tag.len() {
                return Err(UnreadableHash::Malformed);
            }
            iterations
        } else {
            cost
        };
        Self::new(algorithm, number(iterations)?, decode(salt)?, tag)
    }

    /// Reads Django's `pbkdf2_sha256$600000$<salt>$<tag>`, the salt as it is.
    pub(crate) fn parse_django(text: &str) -> Result<Self, UnreadableHash> {
        let [name, iterations, salt, tag] = fields(text)?;
        let algorithm = if name == "pbkdf2_sha1" { PBKDF2_HMAC_SHA1 } else { PBKDF2_HMAC_SHA256 };
        let salt = Zeroizing::new(salt.as_bytes().to_vec());
        Self::new(algorithm, number(iterations)?, salt, decode(tag)?)
    }

    /// Reads Werkzeug's `pbkdf2:sha256:600000$<salt>$<hexadecimal tag>`, the salt as it is.
    pub(crate) fn parse_werkzeug(text: &str) -> Result<Self, UnreadableHash> {
        let [method, salt, tag] = fields(text)?;
        let parts: Vec<&str> = method.splitn(4, ':').collect();
        let [_, hash, iterations] = parts.as_slice() else { return Err(UnreadableHash::Malformed) };
        let algorithm = match *hash {
            "sha1" => PBKDF2_HMAC_SHA1,
            "sha256" => PBKDF2_HMAC_SHA256,
            "sha512" => PBKDF2_HMAC_SHA512,
            _ => return Err(UnreadableHash::UnknownFormat),
        };
        let salt = Zeroizing::new(salt.as_bytes().to_vec());
        Self::new(algorithm, number(iterations)?, salt, hex(tag)?)
    }

    /// Reads what follows Spring's `{pbkdf2}` (185,000 of SHA-1, 8 bytes of salt) and `{pbkdf2@SpringSecurity_v5_8}`
    /// (310,000 of SHA-256, 16 bytes): salt and tag in hexadecimal, made without a secret of the application's own.
    pub(crate) fn parse_spring(name: &str, text: &str) -> Result<Self, UnreadableHash> {
        let bytes = hex(text)?;
        let (algorithm, iterations, salt_len) =
            if name == "pbkdf2" { (PBKDF2_HMAC_SHA1, 185_000, 8) } else { (PBKDF2_HMAC_SHA256, 310_000, 16) };
        if bytes.len() != salt_len + 32 {
            return Err(UnreadableHash::Malformed);
        }
        let (salt, tag) = bytes.split_at(salt_len);
        Self::new(algorithm, iterations, Zeroizing::new(salt.to_vec()), Zeroizing::new(tag.to_vec()))
    }

    /// Reads what ASP.NET Core Identity writes, base64 of: 0, 16 bytes of salt and 32 of tag (version 2: 1,000 of SHA-1);
    /// or 1, function, iterations and the salt's length in four bytes each, salt, tag (version 3).
    pub(crate) fn parse_aspnet(text: &str) -> Result<Self, UnreadableHash> {
        let bytes = decode(text).map_err(|_| UnreadableHash::UnknownFormat)?;
        let owned = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        match bytes.as_slice() {
            [0, rest @ ..] if rest.len() == 48 => {
                let (salt, tag) = rest.split_at(16);
                Self::new(PBKDF2_HMAC_SHA1, 1_000, owned(salt), owned(tag))
            }
            [1, 0, 0, 0, function @ 0..=2, i0, i1, i2, i3, 0, 0, 0, salt_len, rest @ ..] => {
                let algorithm = [PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512];
                let algorithm = *algorithm.get(usize::from(*function)).ok_or(UnreadableHash::Malformed)?;
                let split = rest.split_at_checked(usize::from(*salt_len));
                let (salt, tag) = split.ok_or(UnreadableHash::Malformed)?;
                Self::new(algorithm, u32::from_be_bytes([*i0, *i1, *i2, *i3]), owned(salt), owned(tag))
            }
            _ => Err(UnreadableHash::UnknownFormat),
        }
    }

    fn new(algorithm: Algorithm, iterations: u32, salt: Bytes, tag: Bytes) -> Result<Self, UnreadableHash> {
        let (salt, tag) = checked(salt, tag)?;
        let iterations = match iterations {
            0..1_000 => return Err(UnreadableHash::TooWeak),
            1_000.. => NonZeroU32::new(iterations).ok_or(UnreadableHash::TooWeak)?,
        };
        let hash = Self { algorithm, iterations, salt, tag };
        if hash.rounds() > 5_000_000 || hash.tag.len() > 64 {
            return Err(UnreadableHash::TooExpensive);
        }
        Ok(hash)
    }

    /// The name of the underlying function, and how many bytes it gives.
    fn function(&self) -> (&'static str, usize) {
        if self.algorithm == PBKDF2_HMAC_SHA1 {
            ("pbkdf2-sha1", 20)
        } else if self.algorithm == PBKDF2_HMAC_SHA256 {
            ("pbkdf2-sha256", 32)
        } else {
            ("pbkdf2-sha512", 64)
        }
    }

    /// Each block of the tag takes all iterations again.
    fn blocks(&self) -> u32 {
        u32::try_from(self.tag.len().div_ceil(self.function().1)).unwrap_or(u32::MAX)
    }

    fn rounds(&self) -> u64 {
        u64::from(self.iterations.get()) * u64::from(self.blocks())
    }
}

impl Scheme for Pbkdf2Hash {
    /// The library compares in constant time.
    fn matches(&self, password: &[u8], _memory: &mut Memory) -> bool {
        pbkdf2::verify(self.algorithm, self.iterations, &self.salt, password, &self.tag).is_ok()
    }

    /// Measured: 600,000 iterations of SHA-256 take as long as five hashes of our default; SHA-512, where no instruction
    /// helps, twice that an iteration.
    fn work(&self) -> Work {
        let a_thousand = if self.algorithm == PBKDF2_HMAC_SHA512 { 16 } else { 8 };
        self.rounds() * a_thousand / 1000
    }

    fn kind(&self) -> Kind {
        (self.function().0, [self.iterations.get(), self.blocks(), 0, 0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PW-6: the cost is capped before any work.
    #[test]
    fn expensive_weak_and_malformed_hashes_are_refused() {
        use UnreadableHash::{Malformed, TooExpensive, TooWeak};
        let with = |cost: &str| {
            let text = format!("$pbkdf2-sha256${cost}$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA");
            Pbkdf2Hash::parse_phc(&text).map(|_| ())
        };
        for (cost, result) in [
            ("i=1000,l=16", Ok(())),
            ("29000", Ok(())),
            ("i=1000,l=32", Err(Malformed)),
            ("i=999,l=16", Err(TooWeak)),
            ("5000001", Err(TooExpensive)),
            ("99999999999", Err(Malformed)),
            ("-1", Err(Malformed)),
            ("", Err(Malformed)),
        ] {
            assert_eq!(with(cost), result, "{cost}");
        }
        let long = format!("$pbkdf2-sha256$29000$c29tZXNhbHQ${}", "A".repeat(100));
        assert_eq!(Pbkdf2Hash::parse_phc(&long).map(|_| ()), Err(TooExpensive));
        // 48 bytes of SHA-1 are three blocks, of which each takes all iterations.
        let sha1 = |iterations: u32| {
            let text = format!("$pbkdf2-sha1$i={iterations},l=48$c29tZXNhbHQ${}", "A".repeat(64));
            Pbkdf2Hash::parse_phc(&text).map(|hash| hash.work())
        };
        assert_eq!((sha1(1_000_000), sha1(2_000_000)), (Ok(24_000), Err(TooExpensive)));
        assert_eq!(Pbkdf2Hash::parse_phc("$pbkdf2-sha256$29000$c2Fs$").map(|_| ()), Err(Malformed));
    }
}
