//! The private numbers of an asymmetric key, as a JWK has them and a backend takes them.

use zeroize::Zeroizing;

use super::jwk::Jwk;
use super::public::PublicNumbers;
use crate::error::KeyError;

/// The private half of a key in numbers.
pub(crate) enum PrivateNumbers {
    Rsa(Box<RsaPrivateNumbers>),
    /// The scalar of a NIST curve, or the seed of Ed25519 and ML-DSA.
    Bytes(Zeroizing<Vec<u8>>),
}

/// The members of RFC 7518 §6.3.2, all of them required: without the primes the library would have to factor
/// the modulus, and each signature would be slower.
pub(crate) struct RsaPrivateNumbers {
    pub(crate) d: Zeroizing<Vec<u8>>,
    pub(crate) p: Zeroizing<Vec<u8>>,
    pub(crate) q: Zeroizing<Vec<u8>>,
    pub(crate) dp: Zeroizing<Vec<u8>>,
    pub(crate) dq: Zeroizing<Vec<u8>>,
    pub(crate) qi: Zeroizing<Vec<u8>>,
}

impl PrivateNumbers {
    /// Reads the members that belong to `public`.
    pub(super) fn from_jwk(jwk: &Jwk<'_>, public: &PublicNumbers) -> Result<Self, KeyError> {
        Ok(match public {
            PublicNumbers::Rsa { .. } => Self::Rsa(Box::new(RsaPrivateNumbers {
                d: jwk.bytes("d")?,
                p: jwk.bytes("p")?,
                q: jwk.bytes("q")?,
                dp: jwk.bytes("dp")?,
                dq: jwk.bytes("dq")?,
                qi: jwk.bytes("qi")?,
            })),
            PublicNumbers::Ec { curve, .. } => Self::Bytes(jwk.exactly("d", curve.coordinate_bytes())?),
            PublicNumbers::Ed25519(_) => Self::Bytes(jwk.exactly("d", 32)?),
            PublicNumbers::MlDsa(_) => Self::Bytes(jwk.exactly("priv", 32)?),
        })
    }
}
