//! What can be looked at: the last hour, day or month, in so many steps that a picture shows each.

use std::time::Duration;

use super::{Grain, start_of};
use crate::base::clock::Timestamp;
use crate::model::named::named;

named! {
    /// How far back an overview looks.
    pub enum Range {
        /// 60 minutes.
        Hour = "hour",
        /// 24 hours, in steps of a quarter of an hour.
        Day = "day",
        /// 30 days, in steps of six hours of UTC.
        Month = "month",
    }
}

/// What to read from a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityQuery {
    /// Which rows.
    pub grain: Grain,
    /// From when on.
    pub since: Timestamp,
    /// Rows of the same step are combined into one.
    pub step: Duration,
}

impl Range {
    /// How long a step is.
    #[must_use]
    pub const fn step(self) -> Duration {
        match self {
            Self::Hour => Duration::from_mins(1),
            Self::Day => Duration::from_mins(15),
            Self::Month => Duration::from_hours(6),
        }
    }

    const fn steps(self) -> u32 {
        match self {
            Self::Hour => 60,
            Self::Day => 96,
            Self::Month => 120,
        }
    }

    /// When each step begins; `now` is in the last.
    #[must_use]
    pub fn times(self, now: Timestamp) -> Vec<Timestamp> {
        let last = start_of(now, self.step());
        (0..self.steps()).rev().map(|back| last.minus(self.step() * back)).collect()
    }

    /// What it takes from a store.
    #[must_use]
    pub fn query(self, now: Timestamp) -> ActivityQuery {
        let grain = match self {
            Self::Hour | Self::Day => Grain::Minute,
            Self::Month => Grain::Hour,
        };
        let since = start_of(now, self.step()).minus(self.step() * (self.steps() - 1));
        ActivityQuery { grain, since, step: self.step() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_now_and_is_kept_to_its_beginning() {
        let now = Timestamp::from_unix_millis(1_700_000_000_120); // 22:13:20.120
        for (range, last, length) in [
            (Range::Hour, "2023-11-14T22:13:00.000Z", Duration::from_hours(1)),
            (Range::Day, "2023-11-14T22:00:00.000Z", Duration::from_hours(24)),
            (Range::Month, "2023-11-14T18:00:00.000Z", Duration::from_hours(30 * 24)),
        ] {
            let (times, query) = (range.times(now), range.query(now));
            let (first, end) = (times[0], times[times.len() - 1]);
            assert_eq!((end.to_string().as_str(), end.since(first) + range.step()), (last, length));
            assert_eq!((query.since, query.step), (first, range.step()));
            assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) == range.step()));
            assert!(first > now.minus(query.grain.kept()), "{range:?} is swept before it was shown");
            assert_eq!(range.step().as_secs() % query.grain.length().as_secs(), 0);
        }
    }
}
