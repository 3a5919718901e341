//! Rules about the feed of ended sessions, as far as the running server tells.

use std::time::Duration;

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::FeedSeen;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "feed.followers",
        why: "A follower for whom there is no place hears of no log-out, and asks the server about every token, or refuses all.",
        mend: "set feed.max_followers to more, then restart the server",
        judge: |seen| seen.feed.as_ref().map(followers),
    },
    Rule {
        id: "feed.lag",
        why: "A follower that is late accepts tokens of sessions that have ended; after five seconds it goes by its own rule for that.",
        mend: "look for the follower that is behind, at /api/admin/followers or on the page /admin, and at the network to it",
        judge: |seen| seen.feed.as_ref().map(lag),
    },
];

fn followers(feed: &FeedSeen) -> Verdict {
    let seen = format!("followers: {}; there are places for {}", feed.followers, feed.most);
    Verdict::warning_if(feed.followers * 10 >= feed.most * 9, seen)
}

fn lag(feed: &FeedSeen) -> Verdict {
    let seen = format!("the worst follower is {} ms behind", feed.worst_lag.as_millis());
    Verdict::warning_if(feed.worst_lag > MOST_LAG, seen)
}

/// From here on guards take what they know for old.
const MOST_LAG: Duration = Duration::from_secs(5);

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let seen = |followers, worst_lag| Seen {
            feed: Some(FeedSeen { followers, most: 10, worst_lag }),
            ..Seen::default()
        };
        let late = MOST_LAG + Duration::from_millis(1);
        vec![
            Fixture { id: "feed.followers", red: seen(9, MOST_LAG), green: seen(8, MOST_LAG) },
            Fixture { id: "feed.lag", red: seen(1, late), green: seen(1, MOST_LAG) },
        ]
    }
}
