//! Every way to be refused and its one response: status, `WWW-Authenticate` and JSON body.

mod challenge;
mod reason;
mod response;
mod scheme;
mod step_up;

pub use reason::Refusal;
pub(crate) use scheme::{Offer, Scheme};
pub use step_up::StepUp;
