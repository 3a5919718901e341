//! bcrypt, only ever checked: hashes that other systems made (PW-5).

use bcrypt::HashParts;

use super::UnreadableHash;

/// bcrypt reads so many bytes of a password and ignores the rest.
pub(super) const READ_BYTES: usize = 72;

/// A bcrypt hash of one of the versions that agree on every password: 2a, 2b, 2y.
#[derive(Clone)]
pub(super) struct BcryptHash {
    cost: u32,
    text: String,
}

impl BcryptHash {
    /// Reads `$2b$12$<22 characters of salt><31 characters of hash>`. A cost below 10 protects nobody, one above 15
    /// takes seconds.
    pub(super) fn parse(text: &str) -> Result<Self, UnreadableHash> {
        let parts: HashParts = text.parse().map_err(|_| UnreadableHash::Malformed)?;
        match parts.get_cost() {
            0..10 => Err(UnreadableHash::TooWeak),
            cost @ 10..=15 => Ok(Self { cost, text: text.to_owned() }),
            _ => Err(UnreadableHash::TooExpensive),
        }
    }

    /// Compares in constant time. Reads 72 bytes of the password, as the system that made the hash did.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        bcrypt::verify(password, &self.text).unwrap_or(false)
    }

    /// Measured: cost 10 takes as long as three and a half hashes of our default.
    pub(super) fn work(&self) -> u64 {
        3500 << (self.cost - 10)
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
            assert!(hash.matches(b"correct horse battery"));
            assert!(!hash.matches(b"correct horse batterz"));
        }
    }
}
