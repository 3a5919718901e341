//! What a guard that fetches its keys does about feeds of ended sessions.

use std::sync::Arc;

use countersign_fetch::FetchOptions;

use super::builder::GuardBuilder;
use super::error::StartError;
use super::issuer::Issuer;
use super::shared::Shared;
use crate::feed::follow::{
    ANSWER_WITHIN, Asker, Endpoint, FeedStatus, FeedSubscription, Follow, Follower, Shared as FeedShared,
    WhenLate,
};
use crate::guard::Guard;

impl GuardBuilder {
    pub(super) fn follower(
        &self,
        issuer: &Issuer,
        feed: &Follow,
        keys: Arc<Shared>,
        options: FetchOptions,
    ) -> Result<Follower, StartError> {
        let (timer, on_change) = (Arc::clone(&self.timer), self.feeds.on_change.clone());
        Ok(Follower {
            shared: Arc::new(FeedShared::new(issuer.name(), timer, on_change)),
            keys,
            location: issuer.feed_place(feed)?,
            feed_key: feed.key.clone(),
            options,
            clock: Arc::clone(&self.clock),
            chance: Arc::clone(&self.chance),
            #[cfg(feature = "feed-server")]
            pass_on: feed.pass_on.clone(),
            leeway: i64::try_from(issuer.policy.leeway().as_secs()).unwrap_or(i64::MAX),
        })
    }

    /// What asks this issuer about sessions, with [`WhenLate::Ask`].
    pub(super) fn asker(
        &self,
        issuer: &Issuer,
        feed: &Follow,
        follower: &Follower,
    ) -> Result<Option<Asker>, StartError> {
        if self.feeds.when_late != WhenLate::Ask {
            return Ok(None);
        }
        let name = issuer.name().to_owned();
        let client = feed.client.clone().ok_or_else(|| StartError::NoClient(name.clone()))?;
        let place = issuer.introspection_place(feed)?;
        let options = follower.options.clone().timeout(ANSWER_WITHIN.min(self.timeout));
        let endpoint = Endpoint::new(name, place, options, client);
        let clocks = (Arc::clone(&self.timer), Arc::clone(&self.clock));
        let revocations = follower.shared.revocations.clone();
        Ok(Some(Asker::new(endpoint, clocks, revocations, follower.leeway)))
    }
}

impl Guard {
    /// How the feed of each issuer is; empty for a guard that follows none. Metrics read it as often as they like.
    #[must_use]
    pub fn feed_status(&self) -> Vec<FeedStatus> {
        self.realms().iter().filter_map(|realm| realm.feed.as_deref()).map(FeedSubscription::status).collect()
    }
}
