//! Recovery codes: for the day on which somebody has lost their authenticators. Each is good once. They have 80 random
//! bits, so no wrong one is ever right by chance; a keyed hash keeps them from whoever reads the database (ASVS 6.5.2).

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::base::id::AccountId;
use crate::base::master_key::Purpose;
use crate::base::random::Random;
use crate::model::outbox::OutboxKey;

/// An account has so many, when they are new.
const RECOVERY_CODES: usize = 10;

/// A recovery code, as its owner writes it down.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; 10]>);

/// The keyed hash of a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryCodeHash(pub [u8; 32]);

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode([redacted])")
    }
}

impl RecoveryCode {
    /// A set of new ones.
    #[must_use]
    pub fn set(random: &Random) -> Vec<Self> {
        (0..RECOVERY_CODES).map(|_| Self(Zeroizing::new(random.bytes()))).collect()
    }

    /// Four groups of four, in lower case: `k3jd-w5ea-77qm-z2nb`.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let text = Zeroizing::new(BASE32_NOPAD.encode(self.0.as_slice()).to_ascii_lowercase());
        let groups: Vec<&str> =
            text.as_bytes().chunks(4).filter_map(|group| str::from_utf8(group).ok()).collect();
        Zeroizing::new(groups.join("-"))
    }

    /// Reads what somebody typed: in any case, with or without hyphens and spaces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(|char| !char.is_whitespace() && *char != '-')
                .take(17)
                .map(|char| char.to_ascii_uppercase())
                .collect(),
        );
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(plain.as_bytes()).ok()?);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// What a store keeps, of a code of this account.
    pub(crate) fn hash(&self, key: &OutboxKey, account: AccountId) -> RecoveryCodeHash {
        let of = Zeroizing::new([account.as_bytes().as_slice(), self.0.as_slice()].concat());
        RecoveryCodeHash(*key.derive(Purpose::RecoveryCode, &of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MF-3
    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let random = Random::insecure_seeded(1);
        let [key, other] = [[1; 32], [2; 32]].map(|secret| OutboxKey::new(&secret).unwrap());
        let [ann, bob] = [(); 2].map(|()| AccountId::random(&random));
        let hash = |code: &RecoveryCode| code.hash(&key, ann);
        let codes = RecoveryCode::set(&random);
        assert_eq!(codes.len(), 10);
        let text = codes[0].to_secret_text();
        assert!(text.len() == 19 && text.matches('-').count() == 3, "{}", text.as_str());
        let written = [
            text.as_str(),
            &text.to_uppercase(),
            &text.replace('-', ""),
            &format!(" {} ", text.replace('-', " ")),
        ]
        .map(|typed| hash(&RecoveryCode::parse(typed).unwrap()));
        assert_eq!(written, [hash(&codes[0]); 4]);
        for another in [hash(&codes[1]), codes[0].hash(&key, bob), codes[0].hash(&other, ann)] {
            assert_ne!(hash(&codes[0]), another);
        }
        for wrong in ["", "123456", &text[..18], &format!("{}a", text.as_str()), "????-????-????-????"] {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{:?}", codes[0]), "RecoveryCode([redacted])");
    }
}
