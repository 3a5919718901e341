//! The one place that computes password hashes ([`PasswordHasher`]): a pool of its own threads with bounded
//! memory and a bounded queue, so that a flood of logins can neither exhaust the machine nor slow down
//! anything else (LM-1, LM-2).
//!
//! ```text
//! verify(Attempt) ── format: what must be computed? ──► queue (fair, bounded, by deadline) ──► worker thread
//!                    unknown or unreadable: a decoy              │ full: Overloaded at once        one hash
//!                                                                └ caller gone: entry removed
//! ```
//! This module knows no account, no store and no HTTP. The throttle decides how often a password may be
//! tried.

mod calibrate;
mod decoy;
mod hasher;
mod memory_limit;
mod options;
mod outcome;
mod queue;
mod worker;

pub use calibrate::{Proposal, Target, calibrate, measure};
pub use hasher::{Attempt, HashingStats, PasswordHasher};
pub use memory_limit::available_bytes;
pub use options::{HashingOptions, HashingOptionsError};
pub use outcome::{HashingError, Verification};
