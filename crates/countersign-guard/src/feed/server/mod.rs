//! The feed of ended sessions, given out. `log.rs` (pure) decides what a follower gets; `stream.rs` and
//! `document.rs` give it as server-sent events and as JSON; `followers.rs` counts them; `feed.rs` is the whole.

mod cursor;
mod document;
mod event;
mod feed;
mod followers;
mod log;
#[cfg(feature = "remote")]
mod pass_on;
mod request;
mod service;
mod shared;
mod starts;
mod stream;

pub use self::feed::{Ended, Feed};
pub use self::followers::{FeedAccess, FeedCaller, FollowerStatus};
pub use self::request::{FeedError, FeedRequest};
pub use self::service::FeedService;
pub use self::shared::FeedOptions;

#[cfg(test)]
mod tests;
