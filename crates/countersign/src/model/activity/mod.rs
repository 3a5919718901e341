//! What has happened, for an administrator's overview: figures by the minute for a day and by the hour for a month. Counts are
//! added up, over time and over nodes; of a level, such as a queue, the highest is kept, because a peak is what hurts.

mod history;
mod range;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

pub use self::history::{History, Series};
pub use self::range::{ActivityQuery, Range};
use crate::base::clock::Timestamp;
use crate::model::named::named;

named! {
    /// What is recorded.
    #[derive(PartialOrd, Ord)]
    pub enum Figure {
        /// Sign-ins, by how they came out.
        Logins = "logins",
        /// Refresh tokens that were presented, by what they came to.
        Refreshes = "refreshes",
        /// Sessions that are alive, as one of the nodes has counted them.
        Sessions = "sessions",
        /// Passwords that wait for their computation, on the node where most do.
        HashingQueue = "hashing_queue",
        /// For how many milliseconds the slowest follower of the feed has not had everything.
        FeedLag = "feed_lag",
    }
}

impl Figure {
    /// Whether it counts what happens, and is 0 where nothing was recorded. A level is unknown then.
    #[must_use]
    pub const fn is_count(self) -> bool {
        matches!(self, Self::Logins | Self::Refreshes)
    }

    /// The value of both together, of two nodes or of two times.
    #[must_use]
    pub fn combine(self, one: u64, other: u64) -> u64 {
        if self.is_count() { one.saturating_add(other) } else { one.max(other) }
    }
}

named! {
    /// How long what one row says lasted.
    #[derive(PartialOrd, Ord)]
    pub enum Grain {
        /// From one full minute to the next.
        Minute = "minute",
        /// From one full hour to the next.
        Hour = "hour",
    }
}

impl Grain {
    /// How long.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
        }
    }

    /// For how long such rows are kept: a little more than is ever shown.
    #[must_use]
    pub const fn kept(self) -> Duration {
        match self {
            Self::Minute => Duration::from_hours(25),
            Self::Hour => Duration::from_hours(32 * 24),
        }
    }
}

/// One value, as it is stored for one grain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityRow {
    /// When its minute or hour begins, or the step that was asked for.
    pub at: Timestamp,
    /// What.
    pub figure: Figure,
    /// Which outcome; empty where there is only one.
    pub label: Cow<'static, str>,
    /// How many.
    pub value: u64,
}

/// What has happened and is not stored yet, by the minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity(BTreeMap<(Timestamp, Figure, &'static str), u64>);

impl Activity {
    /// Something was so at this instant. A count of 0 says nothing, and a level of 0 is known.
    pub fn note(&mut self, at: Timestamp, figure: Figure, label: &'static str, value: u64) {
        if figure.is_count() && value == 0 {
            return;
        }
        let noted = self.0.entry((start_of(at, Grain::Minute.length()), figure, label)).or_default();
        *noted = figure.combine(*noted, value);
    }

    /// Takes back what could not be stored.
    pub fn add(&mut self, other: Self) {
        for ((at, figure, label), value) in other.0 {
            self.note(at, figure, label, value);
        }
    }

    /// Forgets what no store would keep any more, so that a store that is away for long costs no memory.
    pub fn forget_old(&mut self, now: Timestamp) {
        self.0.retain(|(at, ..), _| *at > now.minus(Grain::Minute.kept()));
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As it is added to a store, for one grain: no two rows have the same place, and all come in one order.
    #[must_use]
    pub fn rows(&self, grain: Grain) -> Vec<ActivityRow> {
        self.steps(grain.length())
    }

    fn steps(&self, length: Duration) -> Vec<ActivityRow> {
        let mut steps = BTreeMap::<_, u64>::new();
        for (&(at, figure, label), &value) in &self.0 {
            let step = steps.entry((start_of(at, length), figure, label)).or_default();
            *step = figure.combine(*step, value);
        }
        let row =
            |((at, figure, label), value)| ActivityRow { at, figure, label: Cow::Borrowed(label), value };
        steps.into_iter().map(row).collect()
    }
}

/// The last full minute, hour or other step of UTC.
fn start_of(at: Timestamp, length: Duration) -> Timestamp {
    let at = at.as_unix_millis();
    Timestamp::from_unix_millis(at.saturating_sub(at.rem_euclid(millis(length).max(1))))
}

/// A length as stores have it.
pub(crate) fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_040_000).plus(Duration::from_mins(minutes)) // 22:14
    }

    fn row(at: Timestamp, figure: Figure, label: &'static str, value: u64) -> ActivityRow {
        ActivityRow { at, figure, label: label.into(), value }
    }

    #[test]
    fn counts_add_up_and_of_a_level_the_highest_stays() {
        let mut noted = Activity::default();
        for (seconds, value) in [(0, 2), (59, 7), (60, 3)] {
            let at = at(0).plus(Duration::from_secs(seconds));
            noted.note(at, Figure::Logins, "ok", value);
            noted.note(at, Figure::HashingQueue, "", value);
        }
        let mut wrong = Activity::default();
        wrong.note(at(0), Figure::Logins, "wrong", 1);
        wrong.note(at(0), Figure::Logins, "throttled", 0);
        noted.add(wrong);
        let minutes = [
            row(at(0), Figure::Logins, "ok", 9),
            row(at(0), Figure::Logins, "wrong", 1),
            row(at(0), Figure::HashingQueue, "", 7),
            row(at(1), Figure::Logins, "ok", 3),
            row(at(1), Figure::HashingQueue, "", 3),
        ];
        assert_eq!(noted.rows(Grain::Minute), minutes);
        let hour = at(0).minus(Duration::from_mins(14));
        let hours = [
            row(hour, Figure::Logins, "ok", 12),
            row(hour, Figure::Logins, "wrong", 1),
            row(hour, Figure::HashingQueue, "", 7),
        ];
        assert_eq!(noted.rows(Grain::Hour), hours);
    }

    #[test]
    fn a_level_of_zero_is_known() {
        let mut noted = Activity::default();
        noted.note(at(0), Figure::Refreshes, "fresh", 0);
        assert!(noted.is_empty());
        noted.note(at(0), Figure::FeedLag, "", 0);
        assert_eq!(noted.rows(Grain::Minute), [row(at(0), Figure::FeedLag, "", 0)]);
    }

    #[test]
    fn what_a_store_would_not_keep_is_forgotten() {
        let mut noted = Activity::default();
        noted.note(at(0), Figure::Logins, "ok", 1);
        noted.note(at(1), Figure::Logins, "ok", 1);
        noted.forget_old(at(0).plus(Grain::Minute.kept()));
        assert_eq!(noted.rows(Grain::Minute), [row(at(1), Figure::Logins, "ok", 1)]);
    }
}
