//! Asking the issuer about one session while its feed is late (`WhenLate::Ask`; RFC 7662). `table.rs` (pure) knows which
//! questions are open and which were answered, `asker.rs` has the threads that ask, `endpoint.rs` is the one request, and
//! `asking.rs` is the wait of a request of the application.

mod asker;
mod asking;
mod endpoint;
mod error;
mod question;
mod table;

pub(crate) use asker::Asker;
pub(crate) use asking::{ANSWER_WITHIN, Asking};
pub(crate) use endpoint::Endpoint;
pub use error::AskError;
