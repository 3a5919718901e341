//! Access tokens that are bound to a key (RFC 9449): what a guard needs to accept them.

mod check;
mod options;

pub(crate) use check::{Dpop, Shown};
pub use options::{DpopOptions, DpopOptionsError};
