//! How far this machine's clock is from the database's, and what is said of it: nothing, a line in the log, or that a
//! node does not start.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::base::clock::Timestamp;

/// What two clocks said at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffset {
    /// The clock of this machine.
    pub here: Timestamp,
    /// That of the database.
    pub database: Timestamp,
}

impl ClockOffset {
    /// Whole milliseconds by which the database is ahead.
    pub(crate) const fn ahead(self) -> i64 {
        self.database.as_unix_millis().saturating_sub(self.here.as_unix_millis())
    }

    /// Far enough apart that one of the two must be wrong.
    pub(crate) fn is_refused(self) -> bool {
        Duration::from_millis(self.ahead().unsigned_abs()) > REFUSED
    }
}

/// What was last said in the log about the two clocks: once for each change, and not every ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Notice {
    /// By how many milliseconds the database was ahead; 0 while they agree.
    said: AtomicI64,
    /// By how many milliseconds the database was ahead when it was last asked.
    measured: AtomicI64,
}

impl Notice {
    pub(crate) fn say(&self, offset: ClockOffset) {
        self.measured.store(offset.ahead(), Ordering::Relaxed);
        let Some(ahead) = news(self.said.load(Ordering::Relaxed), offset.ahead()) else { return };
        self.said.store(ahead, Ordering::Relaxed);
        let ClockOffset { here, database } = offset;
        if ahead == 0 {
            tracing::info!("the clock of this machine agrees with that of the database again");
        } else {
            tracing::warn!(
                %here, %database, "the clock of this machine is not that of the database, which is used instead"
            );
        }
    }

    /// By how many milliseconds the database was ahead when it was last asked; 0 where nothing is asked.
    pub(crate) fn measured(&self) -> i64 {
        self.measured.load(Ordering::Relaxed)
    }
}

/// What is to be said when the database is ahead by this, if anything; 0: that they agree.
fn news(said: i64, ahead: i64) -> Option<i64> {
    let apart = |limit: Duration, ahead: i64| Duration::from_millis(ahead.unsigned_abs()) > limit;
    match said {
        0 => apart(WARNED, ahead).then_some(ahead),
        _ if !apart(WARNED / 2, ahead) => Some(0),
        said => apart(WARNED, ahead.saturating_sub(said)).then_some(ahead),
    }
}

/// No network keeps two clocks so far apart: one of them is not set.
const WARNED: Duration = Duration::from_secs(2);
/// A node that is so wrong at its start logs nonsense, and its certificates may seem to be over.
const REFUSED: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    /// Once for each change: neither every ten seconds, nor each time that the network is slow around the limit.
    #[test]
    fn the_log_says_once_that_the_clocks_are_apart() {
        let offsets =
            [0, 2_000, -2_000, 2_001, 2_500, 1_500, 2_100, 4_002, 4_000, 1_000, 1_900, -2_001, 5_000];
        let mut said = 0;
        let news = offsets.map(|ahead| {
            let news = news(said, ahead);
            said = news.unwrap_or(said);
            news
        });
        let expected = [None, None, None, Some(2_001), None, None, None, Some(4_002), None, Some(0), None];
        assert_eq!(news[..11], expected);
        assert_eq!(news[11..], [Some(-2_001), Some(5_000)]);
    }

    /// The boundary, either way.
    #[test]
    fn half_a_minute_is_too_much() {
        let apart = |millis| {
            let (here, database) = (Timestamp::from_unix_millis(0), Timestamp::from_unix_millis(millis));
            ClockOffset { here, database }.is_refused()
        };
        assert_eq!([-30_001, -30_000, 30_000, 30_001].map(apart), [true, false, false, true]);
    }
}
