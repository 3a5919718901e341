//! Passwords: what is typed ([`Password`]), what is kept ([`PasswordHash`]), what is allowed ([`PasswordPolicy`]), and
//! the one place that computes hashes ([`PasswordHasher`]), a pool of its own threads with bounded memory and a bounded
//! queue, so that a flood of logins can neither exhaust the machine nor slow down anything else (LM-1, LM-2).
//!
//! ```text
//! verify(Attempt) ── format: what must be computed? ──► queue (fair, bounded, by deadline) ──► worker thread
//!                    unknown or unreadable: the dummy            │ full: Overloaded at once        one hash
//!                                                                └ caller gone: entry removed
//! ```
//! This module knows no account, no store and no HTTP. How often somebody may try is the throttle's business.

mod argon2_cost;
mod block_list;
mod calibrate;
mod format;
mod hasher;
mod likeness;
mod memory_limit;
mod options;
mod pepper;
mod plain;
mod policy;
mod queue;
mod requester;
mod stored;
mod worker;

pub use argon2_cost::{Argon2Cost, UnsafeCost};
pub use calibrate::{Proposal, Target, calibrate};
pub use format::UnreadableHash;
pub(crate) use format::{NFKC_TAG, TYPED_TAG};
pub use hasher::{Attempt, HashingError, HashingStats, PasswordHasher, Verification};
pub use options::{HashingOptions, HashingOptionsError};
pub use pepper::WrongPepper;
pub use plain::{InvalidPassword, Password};
pub use policy::{PasswordPolicy, PolicyViolation};
pub(crate) use requester::Network;
pub use requester::{AccountKey, Requester};
pub use stored::PasswordHash;
