//! JWT authentication to embed: accounts, passwords, sessions, rotating refresh tokens, signing keys.

pub mod account;
pub mod audit;
pub mod clock;
pub mod id;
pub mod master_key;
pub mod password;
pub mod random;
pub mod refresh_token;
pub mod session;
pub mod store;
