//! The feed of ended sessions: `wire.rs` is what it says.

pub mod wire;
