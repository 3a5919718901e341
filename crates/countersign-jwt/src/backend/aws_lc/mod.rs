//! The native backend: AWS-LC. Keys are parsed once, when they are made.

mod digest;
mod parameters;
mod random;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, KeyPair as _};
use zeroize::Zeroizing;

use super::bad_signature::BadSignature;
use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::error::{KeyError, SignError};
use crate::key::{PrivateNumbers, PublicNumbers, RsaPrivateNumbers, rsa_public_from_pkcs1};
pub(crate) use digest::sha256;
use parameters::{ecdsa_signing, hmac_algorithm, ml_dsa_signing, ml_dsa_verification, rsa_verification};
pub(crate) use random::{random_bytes, same_bytes};

/// A parsed key that can check signatures.
pub(crate) enum Verifier {
    Public(sig::ParsedPublicKey),
    Hmac(Box<hmac::Key>),
}

impl Verifier {
    /// `numbers` have passed [`PublicNumbers::check`] for `algorithm`.
    pub(crate) fn public(algorithm: Algorithm, numbers: &PublicNumbers) -> Result<Self, KeyError> {
        let parsed = match numbers {
            PublicNumbers::Rsa { modulus, exponent } => {
                let parameters = rsa_verification(algorithm).ok_or(KeyError::Unsupported)?;
                let components = sig::RsaPublicKeyComponents { n: modulus, e: exponent };
                components.to_parsed_public_key(parameters).map_err(|_| KeyError::Inconsistent)?
            }
            PublicNumbers::Ec { curve, point } => {
                let algorithm = match curve {
                    Curve::P256 => &sig::ECDSA_P256_SHA256_FIXED,
                    Curve::P384 => &sig::ECDSA_P384_SHA384_FIXED,
                    Curve::P521 => &sig::ECDSA_P521_SHA512_FIXED,
                };
                sig::ParsedPublicKey::new(algorithm, point).map_err(|_| KeyError::InvalidPoint)?
            }
            PublicNumbers::Ed25519(point) => {
                sig::ParsedPublicKey::new(&sig::ED25519, point).map_err(|_| KeyError::InvalidPoint)?
            }
            PublicNumbers::MlDsa(key) => {
                let algorithm = ml_dsa_verification(algorithm).ok_or(KeyError::Unsupported)?;
                sig::ParsedPublicKey::new(algorithm, key).map_err(|_| KeyError::Inconsistent)?
            }
        };
        Ok(Self::Public(parsed))
    }

    pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        hmac_algorithm(algorithm).map(|algorithm| Self::Hmac(Box::new(hmac::Key::new(algorithm, secret))))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        match self {
            Self::Public(key) => key.verify_sig(message, signature),
            Self::Hmac(key) => hmac::verify(key, message, signature),
        }
        .map_err(|_| BadSignature)
    }
}

/// A parsed key that can sign.
pub(crate) enum Signer {
    Rsa(Box<sig::RsaKeyPair>, &'static dyn sig::RsaEncoding),
    Ecdsa(Box<sig::EcdsaKeyPair>, Curve),
    Ed25519(Box<sig::Ed25519KeyPair>),
    MlDsa(Box<sig::PqdsaKeyPair>),
    Hmac(Box<hmac::Key>),
}

impl Signer {
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let unlucky = |_| KeyError::Inconsistent;
        match algorithm.key_kind() {
            KeyKind::Hmac { .. } => Err(KeyError::Symmetric),
            KeyKind::Rsa => {
                Self::rsa(algorithm, sig::RsaKeyPair::generate(KeySize::Rsa3072).map_err(unlucky)?)
            }
            KeyKind::Ec(curve) => {
                let pair = sig::EcdsaKeyPair::generate(ecdsa_signing(curve)).map_err(unlucky)?;
                Ok(Self::Ecdsa(Box::new(pair), curve))
            }
            KeyKind::Ed25519 => {
                Ok(Self::Ed25519(Box::new(sig::Ed25519KeyPair::generate().map_err(unlucky)?)))
            }
            KeyKind::MlDsa { .. } => {
                let signing = ml_dsa_signing(algorithm).ok_or(KeyError::Unsupported)?;
                Ok(Self::MlDsa(Box::new(sig::PqdsaKeyPair::generate(signing).map_err(unlucky)?)))
            }
        }
    }

    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let refused = |_| KeyError::Inconsistent;
        match algorithm.key_kind() {
            KeyKind::Hmac { .. } => Err(KeyError::Symmetric),
            KeyKind::Rsa => Self::rsa(algorithm, sig::RsaKeyPair::from_pkcs8(der).map_err(refused)?),
            KeyKind::Ec(curve) => {
                let pair = sig::EcdsaKeyPair::from_pkcs8(ecdsa_signing(curve), der).map_err(refused)?;
                Ok(Self::Ecdsa(Box::new(pair), curve))
            }
            KeyKind::Ed25519 => {
                let pair = sig::Ed25519KeyPair::from_pkcs8(der).map_err(refused)?;
                Ok(Self::Ed25519(Box::new(pair)))
            }
            KeyKind::MlDsa { .. } => {
                let signing = ml_dsa_signing(algorithm).ok_or(KeyError::Unsupported)?;
                Ok(Self::MlDsa(Box::new(sig::PqdsaKeyPair::from_pkcs8(signing, der).map_err(refused)?)))
            }
        }
    }

    /// PKCS#1 (RFC 8017 A.1.2) for RSA, SEC 1 (RFC 5915) for the NIST curves.
    pub(crate) fn from_traditional_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        match algorithm.key_kind() {
            KeyKind::Rsa => {
                Self::rsa(algorithm, sig::RsaKeyPair::from_der(der).map_err(|_| KeyError::Inconsistent)?)
            }
            KeyKind::Ec(curve) => {
                let pair = sig::EcdsaKeyPair::from_private_key_der(ecdsa_signing(curve), der);
                Ok(Self::Ecdsa(Box::new(pair.map_err(|_| KeyError::Inconsistent)?), curve))
            }
            _ => Err(KeyError::AlgorithmMismatch),
        }
    }

    /// `public` has passed [`PublicNumbers::check`]; that it belongs to `private` is checked here.
    pub(crate) fn from_numbers(
        algorithm: Algorithm,
        public: &PublicNumbers,
        private: &PrivateNumbers,
    ) -> Result<Self, KeyError> {
        let refused = |_| KeyError::Inconsistent;
        match (public, private) {
            (PublicNumbers::Rsa { modulus, exponent }, PrivateNumbers::Rsa(private)) => {
                Self::rsa(algorithm, rsa_key_pair(modulus, exponent, private)?)
            }
            (PublicNumbers::Ec { curve, point }, PrivateNumbers::Bytes(d)) => {
                let pair =
                    sig::EcdsaKeyPair::from_private_key_and_public_key(ecdsa_signing(*curve), d, point);
                Ok(Self::Ecdsa(Box::new(pair.map_err(refused)?), *curve))
            }
            (PublicNumbers::Ed25519(point), PrivateNumbers::Bytes(seed)) => {
                let pair = sig::Ed25519KeyPair::from_seed_and_public_key(seed, point).map_err(refused)?;
                Ok(Self::Ed25519(Box::new(pair)))
            }
            (PublicNumbers::MlDsa(key), PrivateNumbers::Bytes(seed)) => {
                let signing = ml_dsa_signing(algorithm).ok_or(KeyError::Unsupported)?;
                let pair = sig::PqdsaKeyPair::from_seed(signing, seed).map_err(refused)?;
                let is_pair = pair.public_key().as_ref() == key.as_slice();
                if is_pair { Ok(Self::MlDsa(Box::new(pair))) } else { Err(KeyError::Inconsistent) }
            }
            _ => Err(KeyError::AlgorithmMismatch),
        }
    }

    pub(crate) fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        hmac_algorithm(algorithm).map(|algorithm| Self::Hmac(Box::new(hmac::Key::new(algorithm, secret))))
    }

    pub(crate) fn public_numbers(&self) -> Result<PublicNumbers, KeyError> {
        match self {
            Self::Rsa(pair, _) => rsa_public_from_pkcs1(pair.public_key().as_ref()),
            Self::Ecdsa(pair, curve) => {
                Ok(PublicNumbers::Ec { curve: *curve, point: pair.public_key().as_ref().to_vec() })
            }
            Self::Ed25519(pair) => {
                let point = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Inconsistent)?;
                Ok(PublicNumbers::Ed25519(point))
            }
            Self::MlDsa(pair) => Ok(PublicNumbers::MlDsa(pair.public_key().as_ref().to_vec())),
            Self::Hmac(_) => Err(KeyError::Symmetric),
        }
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let document = match self {
            Self::Rsa(pair, _) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Inconsistent)?;
                return Ok(Zeroizing::new(der.as_ref().to_vec()));
            }
            Self::Ecdsa(pair, _) => pair.to_pkcs8v1(),
            Self::Ed25519(pair) => pair.to_pkcs8v1(),
            Self::MlDsa(pair) => pair.to_pkcs8v1(),
            Self::Hmac(_) => return Err(KeyError::Symmetric),
        };
        Ok(Zeroizing::new(document.map_err(|_| KeyError::Inconsistent)?.as_ref().to_vec()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(|_| SignError::Crypto)?;
                Ok(signature)
            }
            Self::Ecdsa(pair, _) => {
                let signature = pair.sign(&random, message).map_err(|_| SignError::Crypto)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => {
                Ok(pair.try_sign(message).map_err(|_| SignError::Crypto)?.as_ref().to_vec())
            }
            Self::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                pair.sign(message, &mut signature).map_err(|_| SignError::Crypto)?;
                Ok(signature)
            }
            Self::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }

    fn rsa(algorithm: Algorithm, pair: sig::RsaKeyPair) -> Result<Self, KeyError> {
        let encoding: &'static dyn sig::RsaEncoding = match algorithm {
            Algorithm::Rs256 => &sig::RSA_PKCS1_SHA256,
            Algorithm::Rs384 => &sig::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &sig::RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &sig::RSA_PSS_SHA256,
            Algorithm::Ps384 => &sig::RSA_PSS_SHA384,
            Algorithm::Ps512 => &sig::RSA_PSS_SHA512,
            _ => return Err(KeyError::Unsupported),
        };
        Ok(Self::Rsa(Box::new(pair), encoding))
    }
}

fn rsa_key_pair(
    modulus: &[u8],
    exponent: &[u8],
    private: &RsaPrivateNumbers,
) -> Result<sig::RsaKeyPair, KeyError> {
    let components = aws_lc_rs::rsa::KeyPairComponents {
        public_key: sig::RsaPublicKeyComponents { n: modulus, e: exponent },
        d: private.d.as_slice(),
        p: private.p.as_slice(),
        q: private.q.as_slice(),
        dP: private.dp.as_slice(),
        dQ: private.dq.as_slice(),
        qInv: private.qi.as_slice(),
    };
    sig::RsaKeyPair::from_components(&components).map_err(|_| KeyError::Inconsistent)
}
