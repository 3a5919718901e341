//! How many may follow the feed of ended sessions, and who.

use crate::base::out_of_range::Broken;

/// The feed of ended sessions that other services follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedOptions {
    /// The most followers at once; further ones get 503. 1 to 100,000, default 1,000.
    pub max_followers: usize,
    /// Whether anybody may follow, without a feed key. Session IDs are no credentials, but how many people sign
    /// out, and when, is for everybody to see then. Default: no.
    pub public: bool,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self { max_followers: 1_000, public: false }
    }
}

impl FeedOptions {
    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let followers = (1..=100_000).contains(&self.max_followers);
        broken.unless(followers, "max_followers", "is not between 1 and 100,000");
        broken
    }
}
