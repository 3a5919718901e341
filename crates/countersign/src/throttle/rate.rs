//! "So many at once, then one in every interval", for one key and for bounded many (the generic cell rate
//! algorithm: one instant a key, at which all that it has used will be free again).

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::options::Rate;
use super::rule::CLOCK_SKEW;
use crate::base::clock::Timestamp;

/// What one key has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    free_at: Timestamp,
}

impl Used {
    pub(super) const NOTHING: Self = Self { free_at: Timestamp::from_unix_millis(0) };

    /// The same, or nothing where it is more than can be used up: the clock was set back since, and a mistake
    /// of the clock must not close a door for as long as it was large.
    fn believed(self, now: Timestamp, rate: Rate) -> Self {
        if self.free_at > most(now, rate).plus(CLOCK_SKEW) { Self::NOTHING } else { self }
    }

    /// How long until one more is allowed.
    pub(super) fn wait(self, now: Timestamp, rate: Rate) -> Duration {
        let room = rate.interval.saturating_mul(rate.burst.saturating_sub(1));
        self.free_at.since(now.plus(room))
    }

    /// How much of the burst is used up, in units.
    pub(super) fn level(self, now: Timestamp, rate: Rate) -> u32 {
        let used = self.believed(now, rate).free_at.since(now);
        let units = used.as_millis().div_ceil(rate.interval.as_millis().max(1));
        u32::try_from(units).unwrap_or(u32::MAX)
    }

    pub(super) fn take(&mut self, now: Timestamp, rate: Rate) {
        let free_at = self.believed(now, rate).free_at.max(now).plus(rate.interval);
        self.free_at = free_at.min(most(now, rate));
    }

    pub(super) fn give_back(&mut self, rate: Rate) {
        self.free_at = self.free_at.minus(rate.interval);
    }
}

/// Until when everything is used up at most.
fn most(now: Timestamp, rate: Rate) -> Timestamp {
    now.plus(rate.interval.saturating_mul(rate.burst.saturating_add(1)))
}

/// What many keys have used; bounded (LM-11).
#[derive(Debug)]
pub(super) struct UsedBy<K> {
    used: HashMap<K, Used>,
    rate: Rate,
    max: usize,
}

impl<K: Hash + Eq + Copy> UsedBy<K> {
    pub(super) fn new(rate: Rate, max: usize) -> Self {
        Self { used: HashMap::new(), rate, max }
    }

    pub(super) const fn set_limits(&mut self, rate: Rate, max: usize) {
        (self.rate, self.max) = (rate, max);
    }

    /// The wait at `rate`, which may be a tighter one than what is counted at, when so many are given back.
    pub(super) fn wait(&self, key: &K, now: Timestamp, rate: Rate, given_back: u32) -> Duration {
        let Some(used) = self.used.get(key) else { return Duration::ZERO };
        let mut used = used.believed(now, self.rate);
        used.free_at = used.free_at.minus(self.rate.interval.saturating_mul(given_back));
        used.wait(now, rate)
    }

    pub(super) fn take(&mut self, key: K, now: Timestamp) {
        if self.used.len() >= self.max && !self.used.contains_key(&key) {
            self.make_room(now);
        }
        self.used.entry(key).or_insert(Used::NOTHING).take(now, self.rate);
    }

    pub(super) fn give_back(&mut self, key: &K) {
        if let Some(used) = self.used.get_mut(key) {
            used.give_back(self.rate);
        }
    }

    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Who has used nothing lately goes first, then who has used least.
    fn make_room(&mut self, now: Timestamp) {
        let mut least = Duration::ZERO;
        while self.used.len() > self.max / 4 * 3 {
            self.used.retain(|_, used| used.free_at.since(now) > least);
            least = (least * 2).max(self.rate.interval);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, interval: Duration::from_secs(10) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_000_000_000 + seconds * 1000)
    }

    #[test]
    fn a_burst_and_then_one_an_interval() {
        let mut used = Used::NOTHING;
        for _ in 0..3 {
            assert_eq!(used.wait(at(0), RATE), Duration::ZERO);
            used.take(at(0), RATE);
        }
        assert_eq!((used.wait(at(0), RATE).as_secs(), used.level(at(0), RATE)), (10, 3));
        assert_eq!(used.wait(at(10), RATE), Duration::ZERO);
        used.take(at(10), RATE);
        assert_eq!(used.wait(at(10), RATE).as_secs(), 10);
        used.give_back(RATE);
        assert_eq!(used.wait(at(10), RATE), Duration::ZERO);
        assert_eq!(used.level(at(1_000), RATE), 0);
    }

    /// LM-11, TH-7: ten million sources need no more memory than some thousands, and the busiest stay
    /// remembered.
    #[test]
    fn the_number_of_keys_is_bounded_and_the_busiest_stay() {
        let mut used = UsedBy::new(RATE, 100);
        for _ in 0..4 {
            used.take(u32::MAX, at(0));
        }
        for key in 0..10_000_u32 {
            used.take(key, at(0));
            assert!(used.used.len() <= 100);
        }
        assert_eq!(used.wait(&u32::MAX, at(0), RATE, 0).as_secs(), 20);
    }
}
