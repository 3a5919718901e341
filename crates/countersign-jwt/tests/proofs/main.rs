//! Proofs of a device, each with the one error that it must meet; and the examples of RFC 9449.

#![cfg(feature = "aws-lc-rs")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod clients;
mod dbsc;
mod dpop;
mod fixture;
mod rfc9449;
