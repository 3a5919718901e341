//! The figures of the throttle, checked when it is built: a mistake in the configuration must not turn it off
//! (TH-10).

use std::time::Duration;

use crate::base::out_of_range::{Broken, OutOfRange};

/// How guessing is slowed down.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ThrottleOptions {
    /// Consecutive failures on an account after which further attempts must wait. 1 to the unknown devices'
    /// share of `stop_after`. Default 5.
    pub delay_from: u32,
    /// The first wait; it doubles with every further failure. Default 1 s.
    pub first_delay: Duration,
    /// The longest wait. Default 15 minutes.
    pub longest_delay: Duration,
    /// Consecutive failures after which an account is stopped: default, and at most, 100 (NIST SP 800-63B-4
    /// §3.2.2). A fifth of them is for its known devices together, the rest for unknown ones; each have one
    /// at least.
    pub stop_after: u32,
    /// The effect of the stop on unknown devices. Default: one attempt a day.
    pub when_stopped: WhenStopped,
    /// Consecutive failures of one known device after which it counts as unknown, within the share of all
    /// known devices. 1 to 100. Default 10.
    pub device_budget: u32,
    /// The time without a failure after which earlier ones are forgotten if they are too few for a wait; more
    /// of them after thirty times as long, and with [`WhenStopped::Strict`] none ever. Default 24 hours.
    pub forget_after: Duration,
    /// Failures of one address (IPv6: of one /64). Default: 60 at once, then 10 a minute.
    pub per_network: Rate,
    /// Failures of one neighbourhood (IPv4 /24, IPv6 /48). Default: 600 at once, then 100 a minute.
    pub per_neighbourhood: Rate,
    /// Accounts with a first failure, over all: more than this look like spraying. Default: 300 at once, then
    /// 30 a minute.
    pub spray: Rate,
    /// The most accounts and devices whose failures are remembered; the least interesting go first. Default
    /// 65,536.
    pub max_records: usize,
    /// The most attempts that wait at once for the outcome of others on the same account or from the same
    /// network, instead of being refused; a quarter of them at one account. 0: none waits. Default 1,024, at
    /// most 65,536.
    pub max_waiting: usize,
}

/// What happens to unknown devices after their share of [`ThrottleOptions::stop_after`] consecutive failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenStopped {
    /// One attempt a day. An owner who has lost every known device gets in at last. A guesser has 365 tries a
    /// year, or by default four a day with a pause of [`ThrottleOptions::forget_after`] before each
    /// [`ThrottleOptions::delay_from`]th failure.
    OneADay,
    /// None until the password is reset, however long the failures before took: the letter of NIST SP
    /// 800-63B-4 §3.2.2, and a lock-out that a stranger can impose on an owner without a known device.
    Strict,
}

/// A burst, then one in every `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number allowed at once. At least 1.
    pub burst: u32,
    /// The time until one more is free. 1 ms to 24 h.
    pub interval: Duration,
}

impl Default for ThrottleOptions {
    fn default() -> Self {
        Self {
            delay_from: 5,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(15),
            stop_after: 100,
            when_stopped: WhenStopped::OneADay,
            device_budget: 10,
            forget_after: DAY,
            per_network: Rate { burst: 60, interval: Duration::from_secs(6) },
            per_neighbourhood: Rate { burst: 600, interval: Duration::from_millis(600) },
            spray: Rate { burst: 300, interval: Duration::from_secs(2) },
            max_records: 65_536,
            max_waiting: 1_024,
        }
    }
}

impl ThrottleOptions {
    /// [`ThrottleOptions::max_records`] as a store counts; checked to fit.
    pub(crate) fn max_records_u32(&self) -> u32 {
        u32::try_from(self.max_records).unwrap_or(u32::MAX)
    }

    /// Consecutive failures that all known devices of an account have together (TH-1).
    pub(super) const fn known_devices_budget(&self) -> u32 {
        if self.stop_after < 10 { 1 } else { self.stop_after / 5 }
    }

    /// Consecutive failures after which unknown devices are stopped.
    pub(super) const fn stop_unknown_after(&self) -> u32 {
        if self.stop_after < 3 { 1 } else { self.stop_after - self.known_devices_budget() }
    }

    /// Whether these figures slow guessing down, each and together (TH-10).
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is out of its range, or does not fit the others.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(crate) fn broken(&self) -> Broken {
        let duration = |value: Duration, most: Duration| value >= Duration::from_millis(1) && value <= most;
        let mut broken = Broken::default();
        let stop_after = (1..=100).contains(&self.stop_after);
        broken.unless(stop_after, "stop_after", "is not between 1 and 100 (NIST SP 800-63B-4 §3.2.2)");
        broken.unless(self.delay_from >= 1, "delay_from", "is 0");
        broken.unless(
            self.delay_from <= self.stop_unknown_after(),
            "delay_from",
            "is more than what `stop_after` leaves to unknown devices",
        );
        let longest = duration(self.longest_delay, DAY);
        broken.unless(longest, "longest_delay", "is not between 1 ms and 24 h");
        let forget = duration(self.forget_after, 365 * DAY);
        broken.unless(forget, "forget_after", "is not between 1 ms and 365 d");
        let remembered = self.longest_delay <= self.forget_after;
        broken.unless(!longest || remembered, "longest_delay", "is more than `forget_after`");
        let first = self.first_delay >= Duration::from_millis(1);
        broken.unless(first, "first_delay", "is less than 1 ms");
        broken.unless(self.first_delay <= self.longest_delay, "first_delay", "is more than `longest_delay`");
        let device = (1..=100).contains(&self.device_budget);
        broken.unless(device, "device_budget", "is not between 1 and 100");
        for (field, rate) in [
            ("per_network", self.per_network),
            ("per_neighbourhood", self.per_neighbourhood),
            ("spray", self.spray),
        ] {
            broken.unless(rate.burst >= 1, field, "has a burst of 0");
            let interval = duration(rate.interval, DAY);
            broken.unless(interval, field, "has an interval that is not between 1 ms and 24 h");
        }
        let records = (1_024..=16_777_216).contains(&self.max_records);
        broken.unless(records, "max_records", "is not between 1,024 and 16,777,216");
        broken.unless(self.max_waiting <= 65_536, "max_waiting", "is more than 65,536");
        broken
    }
}

pub(super) const DAY: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    /// TH-10: no figure turns the throttle off or overflows.
    #[test]
    fn figures_out_of_range_are_refused_by_name() {
        assert_eq!(ThrottleOptions::default().check(), Ok(()));
        let refused = |change: fn(&mut ThrottleOptions)| {
            let mut options = ThrottleOptions::default();
            change(&mut options);
            options.check().unwrap_err().field
        };
        assert_eq!(refused(|o| o.stop_after = 101), "stop_after");
        assert_eq!(refused(|o| o.stop_after = 0), "stop_after");
        assert_eq!(refused(|o| o.delay_from = 0), "delay_from");
        assert_eq!(refused(|o| o.delay_from = 81), "delay_from");
        assert_eq!(refused(|o| o.longest_delay = 21_900 * DAY), "longest_delay");
        assert_eq!(refused(|o| o.first_delay = Duration::ZERO), "first_delay");
        assert_eq!(refused(|o| o.forget_after = Duration::MAX), "forget_after");
        assert_eq!(refused(|o| o.per_network.burst = 0), "per_network");
        assert_eq!(refused(|o| o.spray.interval = Duration::ZERO), "spray");
        assert_eq!(refused(|o| o.max_records = 1), "max_records");
        assert_eq!(refused(|o| o.max_waiting = 65_537), "max_waiting");
        assert_eq!(refused(|o| o.longest_delay = DAY + o.first_delay), "longest_delay");
        assert_eq!(refused(|o| o.forget_after = Duration::from_millis(899_999)), "longest_delay");
        assert_eq!(refused(|o| o.first_delay = o.longest_delay + o.first_delay), "first_delay");
        assert_eq!(refused(|o| o.device_budget = 101), "device_budget");
        assert_eq!(refused(|o| o.per_neighbourhood.interval = DAY + o.first_delay), "per_neighbourhood");
    }

    /// TH-1: known devices have a fifth of the failures, unknown ones the rest, and each at least one.
    #[test]
    fn the_failures_are_shared_between_known_and_unknown_devices() {
        let shares = |stop_after| {
            let options = ThrottleOptions { stop_after, ..ThrottleOptions::default() };
            (options.known_devices_budget(), options.stop_unknown_after())
        };
        let expected = [(1, 1), (1, 1), (1, 2), (1, 8), (2, 8), (20, 80)];
        assert_eq!([1, 2, 3, 9, 10, 100].map(shares), expected);
        let last = ThrottleOptions { delay_from: 80, ..ThrottleOptions::default() };
        assert_eq!(last.check(), Ok(()));
    }
}
