//! JWT authentication to embed: accounts, passwords, sessions, rotating refresh tokens, signing keys.
pub mod clock;
pub mod id;
pub mod random;
