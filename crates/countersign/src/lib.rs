//! JWT authentication to embed: accounts, passwords, sessions, rotating refresh tokens, signing keys.
//!
//! [`Countersign`] is the whole of it; its methods are the use cases. The `axum` feature (on by default) has the routes
//! and the cookies ([`http`]); `countersign-guard` protects other services' routes with the tokens made here.

pub mod base;
pub mod flows;
pub mod hashing;
#[cfg(feature = "axum")]
pub mod http;
pub mod model;
pub mod options;
pub mod password;
pub mod store;
mod system;
pub mod throttle;
pub mod wire;

pub use countersign_guard as guard;

pub use crate::base::out_of_range::OutOfRange;
pub use crate::flows::open::OpenError;
pub use crate::options::Options;
pub use crate::system::Countersign;
