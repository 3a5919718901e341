//! The nouns, their legal transitions, and every decision about them. Pure: no `async`, no store, no HTTP.

pub mod account;
pub mod audit;
pub mod device_cookie;
pub mod key_ring;
pub mod session;
