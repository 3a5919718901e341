//! Asking the issuer about one session while its feed is late (`WhenLate::Ask`; RFC 7662). `table.rs` (pure) knows which
//! questions are open and which were answered, `asker.rs` has the threads that ask, and `endpoint.rs` is the one request.

mod asker;
#[cfg(test)]
mod cases;
mod endpoint;
mod error;
mod question;
mod table;

use std::time::Duration;

pub(crate) use asker::Asker;
pub(crate) use endpoint::Endpoint;
pub use error::AskError;
pub(crate) use question::{Outcome, Question};

/// How long a request of the application waits for an answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
