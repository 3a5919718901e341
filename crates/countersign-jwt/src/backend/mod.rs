//! The one seam to cryptography: verify, sign, hash. Everything above it knows no cryptographic library.
//!
//! A backend is given numbers that `key/` has parsed and checked, and answers yes or no. `aws_lc` signs too;
//! `rust_crypto` only verifies, and runs where there is no C library: in a browser.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod bad_signature;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust_crypto;

#[cfg(feature = "aws-lc-rs")]
use aws_lc::sha256 as digest;
#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::{Signer, Verifier, random_bytes, same_bytes};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(crate) use rust_crypto::Verifier;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
use rust_crypto::sha256 as digest;

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
compile_error!("countersign-jwt needs one of the features `aws-lc-rs` (the default) and `rust-crypto`");

/// SHA-256, by the same cryptographic library as the signatures.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(bytes)
}
