//! The feed of ended sessions: `wire.rs` is what it says, `server/` gives it out, `follow/` listens to it.

#[cfg(feature = "remote")]
pub(crate) mod follow;
#[cfg(feature = "feed-server")]
pub(crate) mod server;
pub mod wire;

#[cfg(feature = "feed-server")]
pub use server::{
    Ended, Feed, FeedAccess, FeedCaller, FeedError, FeedOptions, FeedRequest, FeedService, FollowerStatus,
};
