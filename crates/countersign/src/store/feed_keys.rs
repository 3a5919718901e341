//! The contract for feed keys.

use super::answer::{Answer, Sealed};
use crate::model::context::Context;
use crate::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, NewFeedKey};

/// Keeps who may follow the feed of ended sessions; never the keys themselves.
pub trait FeedKeyStore: Sealed {
    /// The live keys, in the order in which they were added.
    fn feed_keys(&self) -> impl Answer<Vec<FeedKey>>;

    /// Adds a key with a number that none ever had, unless a live one has this name.
    fn add_feed_key(&self, new: NewFeedKey, context: &Context) -> impl Answer<AddFeedKeyOutcome>;

    /// Removes the live key with this name; gives whether there was one.
    fn remove_feed_key(&self, name: FeedKeyName, context: &Context) -> impl Answer<bool>;
}
