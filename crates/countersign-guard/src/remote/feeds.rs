//! What a guard that fetches its keys does about feeds of ended sessions.

use std::time::Duration;

use crate::feed::follow::{FeedStatus, FeedSubscription, OnChange, WhenLate};
use crate::guard::Guard;

/// What the feeds of all issuers have in common.
pub(super) struct Feeds {
    pub(super) when_late: WhenLate,
    pub(super) wait: Duration,
    pub(super) on_change: Option<OnChange>,
}

impl Default for Feeds {
    fn default() -> Self {
        Self { when_late: WhenLate::Accept, wait: Duration::from_secs(5), on_change: None }
    }
}

impl Guard {
    /// How the feed of each issuer is; empty for a guard that follows none. Metrics read it as often as they like.
    #[must_use]
    pub fn feed_status(&self) -> Vec<FeedStatus> {
        self.realms().iter().filter_map(|realm| realm.feed.as_deref()).map(FeedSubscription::status).collect()
    }
}
