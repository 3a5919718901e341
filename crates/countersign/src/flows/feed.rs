//! The feed of ended sessions, for the guards of other services: who may follow it, and what goes into it.

use std::net::IpAddr;

use countersign_guard::feed::{Ended, Feed, FeedCaller};

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::digest::entity_tag;
use crate::model::context::Context;
use crate::model::feed_key::{
    AddFeedKeyOutcome, FeedKey, FeedKeyName, FeedSecret, MAX_FEED_KEYS, NewFeedKey,
};
use crate::model::session::EndedSession;
use crate::store::{Store, StoreError};

/// Why a feed key was not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddFeedKeyError {
    /// A live key has this name.
    #[error("there is a feed key with this name")]
    NameTaken,
    /// There are as many as may be.
    #[error("there are {MAX_FEED_KEYS} feed keys, the most that may be")]
    TooMany,
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: Store> Countersign<S> {
    /// The feed of ended sessions: mount it, look at its followers, close it when the server stops.
    #[must_use]
    pub const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Makes a key that allows a service to follow the feed. The secret is given now and never again.
    ///
    /// # Errors
    /// Every variant of [`AddFeedKeyError`].
    pub async fn add_feed_key(
        &self,
        name: FeedKeyName,
        context: &Context,
    ) -> Result<(FeedKey, FeedSecret), AddFeedKeyError> {
        let new = NewFeedKey { name, master_key: self.master_keys.current_id() };
        match self.store.add_feed_key(new, context).await? {
            AddFeedKeyOutcome::Added(key) => {
                self.follow_feed_keys().await?;
                let secret = self.feed_keys.secret(&key);
                Ok((key, secret))
            }
            AddFeedKeyOutcome::NameTaken => Err(AddFeedKeyError::NameTaken),
            AddFeedKeyOutcome::TooMany => Err(AddFeedKeyError::TooMany),
        }
    }

    /// The feed keys, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn list_feed_keys(&self) -> Result<Vec<FeedKey>, StoreError> {
        self.store.feed_keys().await
    }

    /// Removes a feed key and cuts off its followers, here at once and in other processes at their next turn.
    /// Gives whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be stored: the key is still good then.
    pub async fn remove_feed_key(&self, name: FeedKeyName, context: &Context) -> Result<bool, StoreError> {
        let removed = self.store.remove_feed_key(name, context).await?;
        self.follow_feed_keys().await?;
        Ok(removed)
    }

    /// Takes over which feed keys other processes have added and removed.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn follow_feed_keys(&self) -> Result<(), StoreError> {
        if self.feed_keys.replace(self.store.feed_keys().await?) {
            self.feed.wake();
        }
        Ok(())
    }

    /// Who this is, if they may follow the feed.
    #[must_use]
    pub fn feed_caller(&self, presented: &str, address: Option<IpAddr>) -> Option<FeedCaller> {
        self.feed_keys.caller(presented, address)
    }

    /// Tells followers which sessions have ended. `known_at` gives, by its place, when each became known.
    pub(crate) fn feed_record(&self, ended: impl IntoIterator<Item = (EndedSession, Option<Timestamp>)>) {
        let record = |(session, known_at): (EndedSession, Option<Timestamp>)| Ended {
            session_id: session.id.to_string(),
            until: session.last_token_at().as_unix_seconds().saturating_add(1),
            known_at: known_at.map(Timestamp::as_unix_millis),
        };
        self.feed.record(ended.into_iter().map(record));
    }

    /// Tells followers that the store was read at `now`, which keys there are, and which were withdrawn.
    pub(crate) fn feed_synced(&self, now: Timestamp) {
        let withdrawn: Vec<_> = self.known_keys.load().withdrawn.iter().map(|key| key.kid.clone()).collect();
        self.feed.withdraw(&withdrawn);
        let keys = self.jwk_set(now).ok().map(|keys| entity_tag(keys.to_json().as_bytes()));
        self.feed.synced(now.as_unix_millis(), keys);
    }
}
