//! The public numbers of an asymmetric key: what they must satisfy, how they are written, their thumbprint.
//!
//! Every public key passes [`PublicNumbers::check`], whatever form it came in, before a backend sees it.

use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::backend::sha256;
use crate::base64url;
use crate::error::KeyError;
use crate::key::hygiene;
use crate::proof::JwkThumbprint;

/// The numbers, in the forms that every backend and every format can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicNumbers {
    /// Big endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// `0x04 ‖ x ‖ y` (SEC 1 §2.3.3); `x` and `y` have the length of the curve's field.
    Ec { curve: Curve, point: Vec<u8> },
    /// RFC 8032 §5.1.5.
    Ed25519([u8; 32]),
    /// The encoded public key of FIPS 204.
    MlDsa(Vec<u8>),
}

impl PublicNumbers {
    /// Whether these are numbers for `algorithm`, and not ones known to be weak.
    pub(crate) fn check(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match (self, algorithm.key_kind()) {
            (Self::Rsa { modulus, exponent }, KeyKind::Rsa) => hygiene::check_rsa(modulus, exponent),
            (Self::Ec { curve, point }, KeyKind::Ec(needed)) if *curve == needed => {
                let uncompressed =
                    point.first() == Some(&4) && point.len() == 1 + 2 * curve.coordinate_bytes();
                if uncompressed { Ok(()) } else { Err(KeyError::InvalidPoint) }
            }
            (Self::Ed25519(point), KeyKind::Ed25519) => hygiene::check_ed25519(point),
            (Self::MlDsa(key), KeyKind::MlDsa { public_key_bytes }) if key.len() == public_key_bytes => {
                Ok(())
            }
            _ => Err(KeyError::AlgorithmMismatch),
        }
    }

    /// The public JWK (RFC 7517), with `use`, `alg` and `kid`.
    pub(crate) fn to_jwk(&self, algorithm: Algorithm, key_id: &str) -> String {
        let mut jwk = format!(
            "{{\"kty\":\"{}\",\"kid\":{},\"use\":\"sig\",\"alg\":\"{algorithm}\"",
            algorithm.key_kind().kty(),
            serde_json::Value::from(key_id),
        );
        for (name, value) in self.members() {
            jwk.extend([",\"", name, "\":\"", value.as_str(), "\""]);
        }
        jwk.push('}');
        jwk
    }

    /// The RFC 7638 thumbprint: SHA-256 over the required members in lexicographic order.
    ///
    /// For `AKP` keys `alg` is among them (RFC 9964 §6).
    pub(crate) fn thumbprint(&self, algorithm: Algorithm) -> JwkThumbprint {
        JwkThumbprint::from_bytes(sha256(self.canonical_jwk(algorithm).as_bytes()))
    }

    /// What the thumbprint is the hash of (RFC 7638 §3.1): the required members alone, in lexicographic order, without spaces.
    pub(crate) fn canonical_jwk(&self, algorithm: Algorithm) -> String {
        let mut members = self.members();
        members.push(("kty", algorithm.key_kind().kty().to_owned()));
        if matches!(self, Self::MlDsa(_)) {
            members.push(("alg", algorithm.name().to_owned()));
        }
        members.sort_unstable();
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        format!("{{{}}}", members.join(","))
    }

    /// The members that are the key itself. The values need no escapes.
    fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Rsa { modulus, exponent } => {
                vec![("n", base64url::encode(modulus)), ("e", base64url::encode(exponent))]
            }
            Self::Ec { curve, point } => {
                let coordinates = point.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at_checked(curve.coordinate_bytes()).unwrap_or_default();
                vec![
                    ("crv", curve.crv().to_owned()),
                    ("x", base64url::encode(x)),
                    ("y", base64url::encode(y)),
                ]
            }
            Self::Ed25519(point) => vec![("crv", "Ed25519".to_owned()), ("x", base64url::encode(point))],
            Self::MlDsa(key) => vec![("pub", base64url::encode(key))],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the backends would refuse as well: neither is relied on for it.
    #[test]
    fn a_point_is_whole_and_of_the_curve_of_its_algorithm() {
        let check = |first: u8, length: usize, algorithm| {
            PublicNumbers::Ec { curve: Curve::P256, point: vec![first; length] }.check(algorithm)
        };
        assert_eq!(check(4, 65, Algorithm::Es256), Ok(()));
        for (first, length) in [(4, 64), (4, 66), (2, 33), (3, 65), (7, 65), (4, 0)] {
            assert_eq!(
                check(first, length, Algorithm::Es256),
                Err(KeyError::InvalidPoint),
                "{first} {length}"
            );
        }
        for algorithm in [Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Rs256] {
            assert_eq!(check(4, 65, algorithm), Err(KeyError::AlgorithmMismatch), "{algorithm}");
        }
    }
}
