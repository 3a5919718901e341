//! [`FeedStatus`]: how a followed feed is, for metrics, readiness checks and logs.

use std::sync::Arc;
use std::time::Duration;

use super::ask::AskError;
use super::error::FollowError;

/// How the feed of one issuer is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FeedStatus {
    /// The issuer.
    pub issuer: Arc<str>,
    /// Whether the guard knows of every session that ended until five seconds ago. While it does not, it does what
    /// [`WhenLate`](super::WhenLate) says.
    pub is_fresh: bool,
    /// For how long sessions may have ended that the guard does not know of; it rises from about the time on the network
    /// to two seconds and falls again. `None` before the guard has heard everything once.
    pub lag: Option<Duration>,
    /// How many ended sessions are known.
    pub entries: usize,
    /// Why the last connection failed; `None` while one works.
    pub failure: Option<Arc<FollowError>>,
    /// Why the last question has no answer, with [`WhenLate::Ask`](super::WhenLate::Ask); `None` after one that has, and in
    /// what [`on_feed_change`](crate::GuardBuilder::on_feed_change) is told.
    pub ask_failure: Option<Arc<AskError>>,
}
