//! Keys over the network: where they are (`source.rs`), when they are asked for (`schedule.rs`, which is
//! pure), and the thread that does so (`refresher.rs`). A request never waits for any of it: it reads what is
//! there (`shared.rs`).

mod builder;
mod error;
mod issuer;
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
