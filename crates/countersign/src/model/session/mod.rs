//! A session: one login on one device, and one row for its whole life.

pub mod refresh_token;
mod rotation;

pub use rotation::*;
