//! Sign and verify JSON Web Tokens: strict, small and fast.
//!
//! This crate decides whether a token can be trusted. It has no clock, no network and no files: keys, policy
//! and the time are arguments.
//!
//! ```
//! # #[cfg(feature = "aws-lc-rs")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign, verify_access_token};
//!
//! // The issuer: a key, claims, a token.
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let now = 1_800_000_000; // seconds since 1970, from the caller's clock
//! let claims = serde_json::json!({
//!     "iss": "https://auth.example", "aud": "api", "sub": "alice", "jti": "1", "iat": now, "exp": now + 900,
//! });
//! let token = sign(&claims, &key, "at+jwt")?;
//! let published = JwkSet::new(vec![key.verifying_key()])?.to_json();
//!
//! // The verifier: keys from the issuer's JWK Set, and what a token must say.
//! let (keys, skipped) = JwkSet::parse_foreign(&published, &[Algorithm::Es256])?;
//! assert!(skipped.is_empty());
//! let leeway = Duration::from_secs(30);
//! let policy = ClaimsPolicy::new("https://auth.example", "api", TokenType::AccessToken, leeway);
//! let claims = verify_access_token(&token, &keys, &policy, now)?;
//! assert_eq!(claims.subject(), "alice");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "aws-lc-rs"))]
//! # fn main() {}
//! ```
//!
//! # One way through
//!
//! ```text
//!  text ── UnverifiedJws::parse ──► UnverifiedJws ── verify(key) ──► VerifiedJws ── validate(policy, now) ──► AccessClaims
//!          length, three parts,      shows its         algorithm of      shows its       typ, iss, aud, exp,
//!          base64url, header         header only       the key, then     payload         nbf, iat, sub, jti
//!                                                      the signature
//! ```
//!
//! Each type is the proof of the step before it and the only way to the next. Nothing of the payload can be
//! read before the signature has been checked; [`dangerous`] is for tools that must show it anyway.
//!
//! Some verifiers accept the following, and this one does not: unknown `crit`, duplicate names at any level,
//! a claim of the wrong type treated as absent, a token without `exp`, `aud` or `typ`, HMAC secrets that are
//! short, empty or a public key, RSA keys that are short, have `e = 1` or come from the generator of
//! CVE-2017-15361, points of small order. [`VerifyError`] has one variant for each rule, and [`inspect`]
//! tells people which one failed and what would make it pass.
//!
//! Tokens of issuers that do not follow RFC 9068 (no `typ`, `aud` or `iat`, several names, scopes in `scp`) need
//! a [`ClaimsPolicy`] that says so; each of its methods documents the attack that it opens.
//!
//! # Algorithms
//!
//! A key has exactly one algorithm; the header's `alg` is compared with it and has no other say. Sizes are
//! those of signatures in bytes, times are microseconds for a token of ten claims, on one core of a server of
//! 2024 with `aws-lc-rs`, JSON and policy included (`cargo run --release -p countersign-bench-jwt`); for
//! signatures of ML-DSA, which are drawn until one fits, the mean.
//!
//! | `alg` | key | signature | sign | verify | |
//! |---|---|---|---|---|---|
//! | `HS256` `HS384` `HS512` | secret of 32, 48, 64 bytes or more | 32, 48, 64 | 1 to 2 | 2 to 3 | every verifier can also sign |
//! | `RS256` `RS384` `RS512` | RSA, 2048 to 8192 bits (here 2048) | 256 | 232 | 17 to 18 | every consumer can read it |
//! | `PS256` `PS384` `PS512` | RSA, as above | 256 | 232 to 234 | 18 to 19 | |
//! | `ES256` | P-256 | 64 | 17 | 51 | a good default |
//! | `ES384` | P-384 | 96 | 82 | 191 | |
//! | `ES512` | P-521 | 132 | 162 | 329 | |
//! | `EdDSA` | Ed25519 | 64 | 11 | 38 | the fastest to sign; `Ed25519` is read as a second name |
//! | `ML-DSA-44` | 1312 bytes | 2420 | 88 | 25 | withstands quantum computers; feature `ml-dsa` |
//! | `ML-DSA-65` | 1952 bytes | 3309 | 124 | 39 | as above |
//! | `ML-DSA-87` | 2592 bytes | 4627 | 154 | 61 | as above; long claims need [`Limits::ML_DSA`] |
//!
//! # What is implemented
//!
//! - RFC 7515: §2 base64url, §4.1 header (`crit` is refused, keys in headers are ignored), §5.2 and §7.1
//!   compact form
//! - RFC 7517: §4 keys (`use`, `key_ops`, `alg`, `kid`), §5 sets; RFC 7638 thumbprints
//! - RFC 7518: §3.2 to §3.5 algorithms, §6 key members; RFC 8037 and RFC 9864 (Ed25519); RFC 9964 (ML-DSA)
//! - RFC 7519: §4.1 claims, §7.2 validation; RFC 9068: §2.1, §2.2, §4 access tokens; RFC 8725: everything for
//!   verifiers
//! - RFC 7468 PEM of RFC 5280, 8410 and 9881 public keys, PKCS#8, PKCS#1 and SEC 1 private keys
//!
//! - RFC 9449: §4.3 proofs ([`verify_dpop_proof`]), §8 nonces, §11.1 proofs that were seen; proofs of Device Bound
//!   Session Credentials ([`verify_dbsc_registration`], [`verify_dbsc_refresh`])
//!
//! Not implemented, on purpose: encryption (JWE), the JSON serialisations, detached and unencoded payloads,
//! `none`.
//!
//! # Features
//!
//! - `aws-lc-rs` (default): signs and verifies.
//! - `rust-crypto`: verifies without a C library, for `wasm32-unknown-unknown`; has no effect beside
//!   `aws-lc-rs`.
//! - `ml-dsa`: keys of ML-DSA.
//!
//! Below it are 17 crates (`cargo tree -p countersign-jwt -e normal`), six of which are macros and leave no
//! code in the binary.
#![deny(clippy::indexing_slicing)]

pub mod dangerous;
pub mod inspect;
pub mod secret;

mod algorithm;
mod backend;
mod base64url;
mod claims;
mod compact;
mod error;
mod explain;
mod json;
mod key;
mod key_set;
mod policy;
mod proof;
mod registered;
mod rules;
#[cfg(feature = "aws-lc-rs")]
mod sign;
mod validate;
mod verify;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use backend::sha256;
pub use claims::AccessClaims;
pub use compact::{Limits, ProtectedHeader, UnverifiedJws};
#[cfg(feature = "aws-lc-rs")]
pub use error::SignError;
pub use error::{JsonError, KeyError, KeySetError, VerifyError};
#[cfg(feature = "aws-lc-rs")]
pub use key::SigningKey;
pub use key::VerifyingKey;
pub use key_set::{JwkSet, SkipReason, SkippedKey};
pub use policy::{ClaimsPolicy, TokenType};
#[cfg(feature = "aws-lc-rs")]
pub use proof::DpopNonces;
pub use proof::{
    DbscError, DbscProof, DpopError, DpopPolicy, DpopProof, DpopRequest, JwkThumbprint, NonceCheck,
    SeenError, SeenProofs, TargetUri, TargetUriError, ThumbprintError, dbsc_proof_of_header,
    verify_dbsc_refresh, verify_dbsc_registration, verify_dpop_proof,
};
#[cfg(feature = "aws-lc-rs")]
pub use sign::sign;
pub use validate::verify_access_token;
pub use verify::VerifiedJws;
