//! [`SigningKey`] and [`VerifyingKey`]: a key is parsed once and knows its one algorithm (RFC 8725 §3.1).
//!
//! Decides what a key is and whether it may be used. Where the bytes come from is left to callers, and which
//! key a token needs to `key_set.rs`.

mod der;
mod hygiene;
mod jwk;
mod pem;
#[cfg(feature = "aws-lc-rs")]
mod pkcs8;
#[cfg(feature = "aws-lc-rs")]
mod private;
mod public;
#[cfg(feature = "aws-lc-rs")]
mod signing;
#[cfg(test)]
mod vectors;
mod verifying;
mod x509;

pub(crate) use jwk::PRIVATE_MEMBERS;
#[cfg(feature = "aws-lc-rs")]
pub(crate) use private::{PrivateNumbers, RsaPrivateNumbers};
pub(crate) use public::PublicNumbers;
#[cfg(feature = "aws-lc-rs")]
pub use signing::SigningKey;
pub use verifying::VerifyingKey;
pub(crate) use verifying::{numbers_of_der, numbers_of_pem, secret_of_jwk};
#[cfg(feature = "aws-lc-rs")]
pub(crate) use x509::rsa_public_from_pkcs1;
