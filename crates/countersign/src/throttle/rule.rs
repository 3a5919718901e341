//! The wait after consecutive failures. Pure arithmetic that saturates (TH-10).

use std::cmp::Ordering;
use std::time::Duration;

use super::options::{DAY, ThrottleOptions, WhenStopped};
use super::record::{Pardon, ThrottleDelta, ThrottleKey, ThrottleRecord};
use crate::base::clock::Timestamp;

/// Consecutive failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) count: u32,
    pub(super) last_at: Timestamp,
    /// What happened before is forgiven, also if it is heard of later.
    pub(super) forgiven_at: Option<Timestamp>,
}

impl Failures {
    pub(super) const NONE: Self =
        Self { count: 0, last_at: Timestamp::from_unix_millis(0), forgiven_at: None };

    pub(super) const fn into_record(self, key: ThrottleKey) -> ThrottleRecord {
        let Self { count: failures, last_at: last_failure_at, forgiven_at } = self;
        ThrottleRecord { key, failures, last_failure_at, forgiven_at }
    }

    /// These, and what a process has counted beside them.
    pub(super) fn with(mut self, delta: &ThrottleDelta, now: Timestamp, options: &ThrottleOptions) -> Self {
        self.forgiven_at = self.pardon_believed(now);
        if self.are_forgotten(now, options) {
            self.count = 0;
        }
        if let Some(Pardon { at, leaves }) = delta.pardon {
            self.forgive(Pardon { at: at.min(now), leaves });
        }
        delta.failed_at.iter().for_each(|&at| self.add(at.min(now), now));
        self
    }

    /// One more, at this instant. A clock that is a little behind does not shorten a wait.
    pub(super) fn add(&mut self, at: Timestamp, now: Timestamp) {
        if self.forgiven_at.is_some_and(|forgiven| at < forgiven) {
            return;
        }
        self.count = self.count.saturating_add(1);
        self.last_at = if self.is_ahead_of(now) { at } else { self.last_at.max(at) };
    }

    /// Those until now are forgiven, all but so many. A later pardon has taken everything with it already.
    pub(super) fn forgive(&mut self, pardon: Pardon) {
        if self.forgiven_at.is_some_and(|forgiven| pardon.at < forgiven) {
            return;
        }
        self.count = self.count.min(pardon.leaves);
        self.forgiven_at = Some(pardon.at);
        if self.count == 0 {
            self.last_at = self.last_at.max(pardon.at); // kept for as long as others have to learn of it
        }
    }

    /// Whether the last one was counted by a clock that was set back since. When it was, nobody knows any
    /// more.
    pub(super) fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.last_at > now.plus(CLOCK_SKEW)
    }

    /// The last pardon, unless it is one of a clock that was ahead: that would forgive what is still to come.
    fn pardon_believed(&self, now: Timestamp) -> Option<Timestamp> {
        self.forgiven_at.filter(|forgiven| *forgiven <= now.plus(CLOCK_SKEW))
    }

    /// Whether these totals are from before those: until the next pardon they only grow.
    pub(super) fn are_older_than(&self, known: &Self, now: Timestamp, options: &ThrottleOptions) -> bool {
        let pardons = [self.pardon_believed(now), known.pardon_believed(now)];
        match pardons[0].cmp(&pardons[1]) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal if known.is_ahead_of(now) && !self.is_ahead_of(now) => false,
            Ordering::Equal => self.count < known.count && !known.are_forgotten(now, options),
        }
    }

    /// How long an unknown device still has to wait.
    pub(super) fn wait(&self, now: Timestamp, options: &ThrottleOptions) -> Duration {
        match delay_after(self.count, options) {
            Duration::ZERO => Duration::ZERO,
            Duration::MAX => Duration::MAX,
            // A mistake of the clock must not shut anybody out for as long as it was large: the next failure
            // counts again.
            _ if self.is_ahead_of(now) => Duration::ZERO,
            delay => self.last_at.plus(delay).since(now),
        }
    }

    /// Whether they are so long ago that they no longer count. Those that made somebody wait count longer:
    /// else a guesser would pause for a day before each stop. By the letter of NIST SP 800-63B-4 §3.2.2 only
    /// a success ends a row.
    pub(super) fn are_forgotten(&self, now: Timestamp, options: &ThrottleOptions) -> bool {
        let keep = match options.when_stopped {
            _ if self.count == 0 => return true,
            WhenStopped::Strict => return false,
            WhenStopped::OneADay if self.count < options.delay_from => options.forget_after,
            WhenStopped::OneADay => options.forget_after.saturating_mul(30),
        };
        self.last_at.plus(keep) <= now
    }
}

impl From<&ThrottleRecord> for Failures {
    fn from(record: &ThrottleRecord) -> Self {
        let &ThrottleRecord { failures: count, last_failure_at: last_at, forgiven_at, .. } = record;
        Self { count, last_at, forgiven_at }
    }
}

/// The wait after the `count`-th consecutive failure.
fn delay_after(count: u32, options: &ThrottleOptions) -> Duration {
    if count < options.delay_from {
        return Duration::ZERO;
    }
    if count >= options.stop_unknown_after() {
        return match options.when_stopped {
            WhenStopped::OneADay => DAY,
            WhenStopped::Strict => Duration::MAX,
        };
    }
    let doubled = 2_u32.checked_pow(count - options.delay_from).unwrap_or(u32::MAX);
    options.first_delay.saturating_mul(doubled).min(options.longest_delay)
}

/// What clocks of nodes differ by, and what one is set by to correct it: an instant that is further ahead was
/// taken from a clock that was wrong.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1000)
    }

    /// TH-1: nothing before the fifth, then 1 s doubling to 15 minutes, then a day.
    #[test]
    fn the_wait_doubles_from_the_fifth_failure() {
        let options = ThrottleOptions::default();
        let seconds = |count| delay_after(count, &options).as_secs();
        let waits: Vec<u64> = (0..17).map(seconds).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!((seconds(79), seconds(80), seconds(u32::MAX)), (900, 86_400, 86_400));
        let strict = ThrottleOptions { when_stopped: WhenStopped::Strict, ..options };
        assert_eq!(delay_after(100, &strict), Duration::MAX);
    }

    /// The boundary: at the very end of the wait it is over.
    #[test]
    fn the_wait_ends_at_its_exact_millisecond() {
        let options = ThrottleOptions::default();
        let failures = Failures { count: 6, last_at: at(100), ..Failures::NONE };
        let millis = |now| failures.wait(Timestamp::from_unix_millis(now), &options).as_millis();
        assert_eq!((millis(101_999), millis(102_000), millis(102_001)), (1, 0, 0));
    }

    /// TH-10, OP-9: neither a clock set back nor the end of the range turns a wait into none.
    #[test]
    fn a_wait_survives_odd_clocks() {
        let options = ThrottleOptions { when_stopped: WhenStopped::Strict, ..ThrottleOptions::default() };
        let mut failures = Failures { count: 99, last_at: at(1_000), ..Failures::NONE };
        failures.add(at(960), at(960));
        assert_eq!(failures, Failures { count: 100, last_at: at(1_000), ..Failures::NONE });
        assert!(failures.wait(at(i64::from(u32::MAX)), &options) > DAY);
        assert!(!failures.are_forgotten(at(i64::from(u32::MAX)), &options));
    }

    #[test]
    fn few_failures_are_forgotten_after_a_day_and_more_after_thirty_or_never() {
        let options = ThrottleOptions::default();
        let [few, more] = [4, 5].map(|count| Failures { count, last_at: at(0), ..Failures::NONE });
        assert!(!few.are_forgotten(at(86_399), &options) && few.are_forgotten(at(86_400), &options));
        assert!(!more.are_forgotten(at(86_400 * 30 - 1), &options));
        assert!(more.are_forgotten(at(86_400 * 30), &options));
        let strict = ThrottleOptions { when_stopped: WhenStopped::Strict, ..options };
        assert!(!few.are_forgotten(at(i64::from(u32::MAX)), &strict));
        for options in [options, strict] {
            assert!(Failures::NONE.are_forgotten(at(0), &options));
        }
    }
}
