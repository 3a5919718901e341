//! A follower of the feed of ended sessions.

use std::net::IpAddr;

use countersign_guard::feed::FollowerStatus;

use crate::base::clock::Timestamp;
use crate::wire::Instant;
use crate::wire::field::view;

view! {
    /// A service that follows the feed of ended sessions at this moment.
    FollowerView {
        /// The name of its feed key; `null` where the feed is public.
        name: Option<&'a str>,
        address: Option<IpAddr>,
        /// Since when it is connected.
        since: Instant,
        /// Whether it has a stream; otherwise it asks again and again.
        stream: bool,
        /// How many events it has not been given yet.
        behind: u64,
        /// For how long it has not had everything, in milliseconds.
        lag: u64,
    }
}

impl<'a> From<&'a FollowerStatus> for FollowerView<'a> {
    fn from(follower: &'a FollowerStatus) -> Self {
        Self {
            name: follower.name.as_deref(),
            address: follower.address,
            since: Instant(Timestamp::from_unix_millis(follower.since)),
            stream: follower.is_stream,
            behind: follower.behind,
            lag: u64::try_from(follower.lag.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
