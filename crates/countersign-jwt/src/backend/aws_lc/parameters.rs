//! Algorithm → the constant that AWS-LC knows it by.

use aws_lc_rs::{hmac, signature as sig};

use crate::algorithm::{Algorithm, Curve};
use crate::error::KeyError;

pub(super) fn hmac_algorithm(algorithm: Algorithm) -> Result<hmac::Algorithm, KeyError> {
    match algorithm {
        Algorithm::Hs256 => Ok(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Ok(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Ok(hmac::HMAC_SHA512),
        _ => Err(KeyError::AlgorithmMismatch),
    }
}

pub(super) fn rsa_verification(algorithm: Algorithm) -> Option<&'static sig::RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &sig::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &sig::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &sig::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &sig::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &sig::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &sig::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

pub(super) fn ecdsa_signing(curve: Curve) -> &'static sig::EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &sig::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &sig::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &sig::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

pub(super) fn ml_dsa_signing(algorithm: Algorithm) -> Option<&'static sig::PqdsaSigningAlgorithm> {
    match algorithm {
        Algorithm::MlDsa44 if cfg!(feature = "ml-dsa") => Some(&sig::ML_DSA_44_SIGNING),
        Algorithm::MlDsa65 if cfg!(feature = "ml-dsa") => Some(&sig::ML_DSA_65_SIGNING),
        Algorithm::MlDsa87 if cfg!(feature = "ml-dsa") => Some(&sig::ML_DSA_87_SIGNING),
        _ => None,
    }
}

pub(super) fn ml_dsa_verification(algorithm: Algorithm) -> Option<&'static sig::PqdsaVerificationAlgorithm> {
    match algorithm {
        Algorithm::MlDsa44 if cfg!(feature = "ml-dsa") => Some(&sig::ML_DSA_44),
        Algorithm::MlDsa65 if cfg!(feature = "ml-dsa") => Some(&sig::ML_DSA_65),
        Algorithm::MlDsa87 if cfg!(feature = "ml-dsa") => Some(&sig::ML_DSA_87),
        _ => None,
    }
}
