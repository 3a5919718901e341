//! One table: algorithm → name, key type, curve, signature length (RFC 7518 §3.1, RFC 8037, RFC 9864, RFC
//! 9964).
//!
//! Everything this crate knows about an algorithm that is not cryptography is here. `none` is not in the
//! table, so it cannot be named, parsed or selected anywhere.

use std::fmt;
use std::str::FromStr;

/// A signature algorithm of JSON Web Signature.
///
/// A key has exactly one; the header's `alg` is only ever *compared* with it (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 §3.2).
    Hs256,
    /// HMAC with SHA-384 (RFC 7518 §3.2).
    Hs384,
    /// HMAC with SHA-512 (RFC 7518 §3.2).
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 §3.3).
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 §3.3).
    Rs512,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5).
    Ps256,
    /// RSASSA-PSS with SHA-384 (RFC 7518 §3.5).
    Ps384,
    /// RSASSA-PSS with SHA-512 (RFC 7518 §3.5).
    Ps512,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    Es384,
    /// ECDSA on P-521 with SHA-512 (RFC 7518 §3.4).
    Es512,
    /// Ed25519, under its old name `EdDSA` (RFC 8037 §3.1); `Ed25519` (RFC 9864 §2.2) is read as the same.
    EdDsa,
    /// ML-DSA-44 (RFC 9964); keys of it need the feature `ml-dsa`.
    MlDsa44,
    /// ML-DSA-65 (RFC 9964); keys of it need the feature `ml-dsa`.
    MlDsa65,
    /// ML-DSA-87 (RFC 9964); keys of it need the feature `ml-dsa`.
    MlDsa87,
}

impl Algorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: [Self; 16] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    /// The name that goes into `alg`, for example `"ES256"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The algorithm of this exact, case-sensitive name; `Ed25519` (RFC 9864) is a second name of `EdDSA`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether signing and verifying use the same secret (HS256, HS384, HS512).
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self.key_kind(), KeyKind::Hmac { .. })
    }

    /// Whether it is meant to withstand a quantum computer (ML-DSA); its signatures take 2.4 to 4.6 KB.
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.key_kind(), KeyKind::MlDsa { .. })
    }

    pub(crate) const fn key_kind(self) -> KeyKind {
        self.row().1
    }

    /// THE table: name and what a key of the algorithm looks like.
    const fn row(self) -> (&'static str, KeyKind) {
        match self {
            Self::Hs256 => ("HS256", KeyKind::Hmac { min_secret_bytes: 32 }),
            Self::Hs384 => ("HS384", KeyKind::Hmac { min_secret_bytes: 48 }),
            Self::Hs512 => ("HS512", KeyKind::Hmac { min_secret_bytes: 64 }),
            Self::Rs256 => ("RS256", KeyKind::Rsa),
            Self::Rs384 => ("RS384", KeyKind::Rsa),
            Self::Rs512 => ("RS512", KeyKind::Rsa),
            Self::Ps256 => ("PS256", KeyKind::Rsa),
            Self::Ps384 => ("PS384", KeyKind::Rsa),
            Self::Ps512 => ("PS512", KeyKind::Rsa),
            Self::Es256 => ("ES256", KeyKind::Ec(Curve::P256)),
            Self::Es384 => ("ES384", KeyKind::Ec(Curve::P384)),
            Self::Es512 => ("ES512", KeyKind::Ec(Curve::P521)),
            Self::EdDsa => ("EdDSA", KeyKind::Ed25519),
            Self::MlDsa44 => ("ML-DSA-44", KeyKind::MlDsa { public_key_bytes: 1312 }),
            Self::MlDsa65 => ("ML-DSA-65", KeyKind::MlDsa { public_key_bytes: 1952 }),
            Self::MlDsa87 => ("ML-DSA-87", KeyKind::MlDsa { public_key_bytes: 2592 }),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::from_name(name).ok_or(UnknownAlgorithm)
    }
}

/// The name is not that of a supported algorithm; names are case-sensitive and `none` is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a supported signature algorithm")]
#[non_exhaustive]
pub struct UnknownAlgorithm;

/// What kind of key an algorithm needs: `kty` and, where it has one, `crv` (RFC 7518 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Hmac { min_secret_bytes: usize },
    Rsa,
    Ec(Curve),
    Ed25519,
    MlDsa { public_key_bytes: usize },
}

impl KeyKind {
    pub(crate) const fn kty(self) -> &'static str {
        match self {
            Self::Hmac { .. } => "oct",
            Self::Rsa => "RSA",
            Self::Ec(_) => "EC",
            Self::Ed25519 => "OKP",
            Self::MlDsa { .. } => "AKP",
        }
    }
}

/// A NIST curve of RFC 7518 §6.2.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const fn crv(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The length of one coordinate: JWK demands exactly this many bytes (RFC 7518 §6.2.1.2).
    pub(crate) const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn no_other_spelling_is_a_name() {
        for name in [
            "none", "None", "NONE", "", "es256", "ES256 ", "HS1", "ES256K", "RS1", "Ed448", "ed25519",
            "A256GCM",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    }
}
