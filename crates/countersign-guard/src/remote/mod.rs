//! Keys over the network: `source.rs` fetches them, `schedule.rs` (pure) decides when, and `refresher.rs` is
//! the thread that does so. A request never waits for a fetch: it reads the current keys (`keys.rs`).

mod builder;
mod error;
mod feeds;
mod issuer;
pub(crate) mod metadata;
mod refresher;
mod schedule;
pub(crate) mod shared;
mod source;
mod starting;
mod status;

pub use builder::{AtStart, GuardBuilder};
pub use error::{KeysError, StartError};
pub use issuer::Issuer;
pub use refresher::Refresher;
pub use starting::Starting;
pub use status::KeyStatus;
