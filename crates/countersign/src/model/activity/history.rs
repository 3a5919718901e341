//! Rows of a store as series over the steps of a range.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Activity, ActivityRow, Figure, Range};
use crate::base::clock::Timestamp;

/// What has happened in a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// How far back it looks.
    pub range: Range,
    /// When each step begins, oldest first.
    pub times: Vec<Timestamp>,
    /// Those that have a value, in the order of figures and labels.
    pub series: Vec<Series>,
}

/// One figure over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// What.
    pub figure: Figure,
    /// Which outcome; empty where there is only one.
    pub label: Cow<'static, str>,
    /// One for each step; `None` where a level is not known.
    pub values: Vec<Option<u64>>,
}

impl History {
    /// Of what a store has, and of what this process has not stored yet.
    #[must_use]
    pub fn new(range: Range, now: Timestamp, stored: Vec<ActivityRow>, waiting: &Activity) -> Self {
        let times = range.times(now);
        let mut series = BTreeMap::<_, Vec<Option<u64>>>::new();
        for row in stored.into_iter().chain(waiting.steps(range.step())) {
            let Ok(place) = times.binary_search(&row.at) else { continue };
            let nothing = || vec![row.figure.is_count().then_some(0); times.len()];
            let values = series.entry((row.figure, row.label)).or_insert_with(nothing);
            if let Some(value) = values.get_mut(place) {
                *value = Some(value.map_or(row.value, |before| row.figure.combine(before, row.value)));
            }
        }
        let of = |((figure, label), values)| Series { figure, label, values };
        Self { range, times, series: series.into_iter().map(of).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_700_000_000_120);

    fn back(minutes: u64) -> Timestamp {
        Range::Hour.times(NOW)[59].minus(Duration::from_mins(minutes))
    }

    fn row(at: Timestamp, figure: Figure, value: u64) -> ActivityRow {
        ActivityRow { at, figure, label: "".into(), value }
    }

    /// What is stored and what waits is one number; what is not in the range is left out.
    #[test]
    fn steps_without_a_row_are_zero_or_unknown() {
        let mut waiting = Activity::default();
        waiting.note(NOW, Figure::Logins, "", 2);
        waiting.note(NOW, Figure::Sessions, "", 4);
        let stored = vec![
            row(back(0), Figure::Logins, 3),
            row(back(0), Figure::Sessions, 5),
            row(back(2), Figure::Sessions, 9),
            row(back(60), Figure::Sessions, 70),
        ];
        let history = History::new(Range::Hour, NOW, stored, &waiting);
        let ends: Vec<_> = history.series.iter().map(|series| &series.values[57..]).collect();
        assert_eq!(ends, [[Some(0), Some(0), Some(5)], [Some(9), None, Some(5)]]);
        assert!(history.series.iter().all(|series| series.values.len() == history.times.len()));
        assert_eq!(history.series[1].values[..57], [None; 57]);
    }
}
