//! Sign and verify JSON Web Tokens, strictly.
//!
//! This crate decides whether a token is to be believed. It has no clock, no network and no files: keys, policy
//! and the time are arguments.
//!
//! ```
//! use std::time::Duration;
//! use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, SigningKey, TokenType, sign, verify_access_token};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let now = 1_800_000_000;
//! let claims = serde_json::json!({
//!     "iss": "https://auth.example", "aud": "api", "sub": "alice", "jti": "1", "iat": now, "exp": now + 900,
//! });
//! let token = sign(&claims, &key, "at+jwt")?;
//!
//! let keys = JwkSet::new(vec![key.verifying_key()])?;
//! let policy = ClaimsPolicy::new("https://auth.example", "api", TokenType::AccessToken, Duration::from_secs(30));
//! let claims = verify_access_token(&token, &keys, &policy, now)?;
//! assert_eq!(claims.subject(), "alice");
//! # Ok(())
//! # }
//! ```
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
#[cfg(feature = "aws-lc-rs")]
mod sign;
mod verify;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{AccessClaims, ClaimsPolicy, TokenType};
pub use compact::{Limits, ProtectedHeader, UnverifiedJws};
#[cfg(feature = "aws-lc-rs")]
pub use error::SignError;
pub use error::{JsonError, KeyError, KeySetError, VerifyError};
#[cfg(feature = "aws-lc-rs")]
pub use key::SigningKey;
pub use key::VerifyingKey;
pub use key_set::{JwkSet, SkipReason, SkippedKey};
#[cfg(feature = "aws-lc-rs")]
pub use sign::sign;
pub use verify::{VerifiedJws, verify_access_token};
