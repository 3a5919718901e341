//! Proofs that the sender of a request has a private key: DPoP (RFC 9449) and Device Bound Session Credentials.
//!
//! Decides whether a proof is one, by whose key, and for how long it could be shown again. Whether the key is the one
//! that was expected is decided here too; where keys, challenges and proofs that were seen are kept is not.

mod dbsc;
mod dpop;
mod error;
mod header;
#[cfg(feature = "aws-lc-rs")]
mod nonce;
mod seen;
mod target;
mod thumbprint;

pub use dbsc::{DbscProof, dbsc_proof_of_header, verify_dbsc_refresh, verify_dbsc_registration};
pub use dpop::{DpopPolicy, DpopProof, DpopRequest, NonceCheck, verify_dpop_proof};
pub use error::{DbscError, DpopError, SeenError, TargetUriError, ThumbprintError};
#[cfg(feature = "aws-lc-rs")]
pub use nonce::DpopNonces;
pub use seen::SeenProofs;
pub use target::TargetUri;
pub use thumbprint::JwkThumbprint;
