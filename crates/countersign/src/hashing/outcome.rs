//! The outcomes of a job for the pool.

use std::time::Duration;

/// What came of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// It is right.
    Match,
    /// It is right, and its hash should be replaced by a new one of the same password (PW-3).
    MatchOutdated,
    /// It is wrong, or there was nothing it could be right for.
    Mismatch,
}

/// Why nothing was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// Too many are waiting (LM-1). Asking again makes sense after this time.
    #[error("too many passwords are being checked")]
    Overloaded {
        /// Whole seconds, at least one.
        retry_after: Duration,
    },
    /// The pool was stopped, or the computation failed.
    #[error("the password could not be processed")]
    Stopped,
}
