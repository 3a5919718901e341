//! The backend without a C library, for WebAssembly: it verifies and has no private keys at all.
//!
//! Everything here works on public values, so nothing needs to run in constant time but the comparison of
//! HMAC tags. RSA is our own few lines (`rsa.rs`): the crate `rsa` carries a timing leak in its private-key
//! operations that has no fix (RUSTSEC-2023-0071).

mod digest;
mod rsa;

use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature;
use sha2::{Sha256, Sha384, Sha512};

use super::bad_signature::BadSignature;
use crate::algorithm::{Algorithm, Curve};
use crate::error::KeyError;
use crate::key::PublicNumbers;
use digest::Hash;
pub(crate) use digest::sha256;

/// A parsed key that can check signatures.
pub(crate) enum Verifier {
    Rsa(Box<rsa::PublicKey>, rsa::Padding, Hash),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(Box<ml_dsa::VerifyingKey<ml_dsa::MlDsa44>>),
    #[cfg(feature = "ml-dsa")]
    MlDsa65(Box<ml_dsa::VerifyingKey<ml_dsa::MlDsa65>>),
    #[cfg(feature = "ml-dsa")]
    MlDsa87(Box<ml_dsa::VerifyingKey<ml_dsa::MlDsa87>>),
    Hmac256(Box<Hmac<Sha256>>),
    Hmac384(Box<Hmac<Sha384>>),
    Hmac512(Box<Hmac<Sha512>>),
}

impl Verifier {
    /// `numbers` have passed [`PublicNumbers::check`] for `algorithm`.
    pub(crate) fn public(algorithm: Algorithm, numbers: &PublicNumbers) -> Result<Self, KeyError> {
        let off_curve = |_| KeyError::InvalidPoint;
        Ok(match numbers {
            PublicNumbers::Rsa { modulus, exponent } => {
                let (padding, hash) = rsa_parameters(algorithm).ok_or(KeyError::Unsupported)?;
                Self::Rsa(Box::new(rsa::PublicKey::new(modulus, exponent)?), padding, hash)
            }
            PublicNumbers::Ec { curve: Curve::P256, point } => {
                Self::P256(Box::new(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(off_curve)?))
            }
            PublicNumbers::Ec { curve: Curve::P384, point } => {
                Self::P384(Box::new(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(off_curve)?))
            }
            PublicNumbers::Ec { curve: Curve::P521, point } => {
                Self::P521(Box::new(p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(off_curve)?))
            }
            PublicNumbers::Ed25519(point) => {
                Self::Ed25519(Box::new(ed25519_dalek::VerifyingKey::from_bytes(point).map_err(off_curve)?))
            }
            PublicNumbers::MlDsa(key) => Self::ml_dsa(algorithm, key)?,
        })
    }

    #[cfg(feature = "ml-dsa")]
    fn ml_dsa(algorithm: Algorithm, key: &[u8]) -> Result<Self, KeyError> {
        fn decode<P: ml_dsa::MlDsaParams>(key: &[u8]) -> Result<Box<ml_dsa::VerifyingKey<P>>, KeyError> {
            let encoded = key.try_into().map_err(|_| KeyError::Inconsistent)?;
            Ok(Box::new(ml_dsa::VerifyingKey::decode(&encoded)))
        }
        match algorithm {
            Algorithm::MlDsa44 => Ok(Self::MlDsa44(decode(key)?)),
            Algorithm::MlDsa65 => Ok(Self::MlDsa65(decode(key)?)),
            Algorithm::MlDsa87 => Ok(Self::MlDsa87(decode(key)?)),
            _ => Err(KeyError::Unsupported),
        }
    }

    #[cfg(not(feature = "ml-dsa"))]
    fn ml_dsa(_: Algorithm, _: &[u8]) -> Result<Self, KeyError> {
        Err(KeyError::Unsupported)
    }

    pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let refused = |_| KeyError::Inconsistent;
        match algorithm {
            Algorithm::Hs256 => Ok(Self::Hmac256(Box::new(Hmac::new_from_slice(secret).map_err(refused)?))),
            Algorithm::Hs384 => Ok(Self::Hmac384(Box::new(Hmac::new_from_slice(secret).map_err(refused)?))),
            Algorithm::Hs512 => Ok(Self::Hmac512(Box::new(Hmac::new_from_slice(secret).map_err(refused)?))),
            _ => Err(KeyError::AlgorithmMismatch),
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match self {
            Self::Rsa(key, padding, hash) => key.verify(*padding, *hash, message, signature),
            Self::P256(key) => check::<p256::ecdsa::Signature>(key.as_ref(), message, signature),
            Self::P384(key) => check::<p384::ecdsa::Signature>(key.as_ref(), message, signature),
            Self::P521(key) => check::<p521::ecdsa::Signature>(key.as_ref(), message, signature),
            Self::Ed25519(key) => check::<ed25519_dalek::Signature>(key.as_ref(), message, signature),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44(key) => {
                check::<ml_dsa::Signature<ml_dsa::MlDsa44>>(key.as_ref(), message, signature)
            }
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa65(key) => {
                check::<ml_dsa::Signature<ml_dsa::MlDsa65>>(key.as_ref(), message, signature)
            }
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa87(key) => {
                check::<ml_dsa::Signature<ml_dsa::MlDsa87>>(key.as_ref(), message, signature)
            }
            Self::Hmac256(key) => verify_tag(key.as_ref().clone(), message, signature),
            Self::Hmac384(key) => verify_tag(key.as_ref().clone(), message, signature),
            Self::Hmac512(key) => verify_tag(key.as_ref().clone(), message, signature),
        }
    }
}

/// Reads a signature of fixed length, each number of it in its range, and checks it.
fn check<'a, S: TryFrom<&'a [u8]>>(
    key: &impl signature::Verifier<S>,
    message: &[u8],
    signature: &'a [u8],
) -> Result<(), BadSignature> {
    let signature = S::try_from(signature).map_err(|_| BadSignature)?;
    key.verify(message, &signature).map_err(|_| BadSignature)
}

fn verify_tag(mut mac: impl Mac, message: &[u8], tag: &[u8]) -> Result<(), BadSignature> {
    mac.update(message);
    mac.verify_slice(tag).map_err(|_| BadSignature)
}

fn rsa_parameters(algorithm: Algorithm) -> Option<(rsa::Padding, Hash)> {
    Some(match algorithm {
        Algorithm::Rs256 => (rsa::Padding::Pkcs1v15, Hash::Sha256),
        Algorithm::Rs384 => (rsa::Padding::Pkcs1v15, Hash::Sha384),
        Algorithm::Rs512 => (rsa::Padding::Pkcs1v15, Hash::Sha512),
        Algorithm::Ps256 => (rsa::Padding::Pss, Hash::Sha256),
        Algorithm::Ps384 => (rsa::Padding::Pss, Hash::Sha384),
        Algorithm::Ps512 => (rsa::Padding::Pss, Hash::Sha512),
        _ => return None,
    })
}
