//! Following the feed of ended sessions: `follower.rs` is the thread that reads it, `machine.rs` (pure) decides what its
//! events mean, `sse.rs` and `pause.rs` (pure) how bytes become events and when to come back. Requests read `shared.rs`.
//! While the feed is late, `ask/` can ask the issuer about one session.

mod ask;
#[cfg(test)]
mod cases;
mod error;
mod follower;
mod machine;
mod options;
mod pause;
mod shared;
#[cfg(test)]
mod simulation;
mod sse;
mod status;

pub use ask::AskError;
pub(crate) use ask::{ANSWER_WITHIN, Asker, Endpoint, Outcome, Question};
pub use error::FollowError;
pub(crate) use follower::Follower;
pub use options::{Follow, WhenLate};
pub(crate) use shared::{FeedSubscription, OnChange, Shared};
pub use status::FeedStatus;
