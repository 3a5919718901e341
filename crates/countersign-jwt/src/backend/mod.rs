//! The one seam to cryptography: verify, sign, hash. Everything above it knows no cryptographic library.
//!
//! A backend is given numbers that `key/` has parsed and checked, and answers yes or no.

mod aws_lc;

pub(crate) use aws_lc::{Signer, Verifier, sha256};

/// The signature does not match. There is deliberately no reason: a reason would be an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadSignature;
