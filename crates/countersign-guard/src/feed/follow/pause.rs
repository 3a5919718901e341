//! [`Pause`]: how long to wait before connecting again. Pure.
//!
//! The longest wait doubles with each failure, from 0.1 s or what the server says (`retry`) up to 5 s, and the wait is
//! anything from nothing to that: the followers of a server that restarts come back one after another.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Pause {
    base: Duration,
    failures: u32,
}

impl Default for Pause {
    fn default() -> Self {
        Self { base: SHORTEST, failures: 0 }
    }
}

impl Pause {
    /// The server says how long to wait.
    pub(super) fn set_base(&mut self, base: Duration) {
        self.base = base.clamp(SHORTEST, LONGEST);
    }

    /// The connection works.
    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The wait before the next try. `retry_after` is what the server demands, a minute at most; `chance` is uniform
    /// in 0..1.
    pub(super) fn next(&mut self, retry_after: Option<Duration>, chance: f64) -> Duration {
        let longest = (self.base * 2_u32.pow(self.failures.min(8))).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        retry_after.unwrap_or_default().min(LONGEST_DEMANDED) + longest.mul_f64(chance)
    }
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
const LONGEST_DEMANDED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn waits_double_up_to_five_seconds_with_full_jitter() {
        let mut pause = Pause::default();
        for longest in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            assert_eq!(pause.next(None, 1.0), ms(longest));
        }
        assert_eq!(pause.next(None, 0.0), ms(0));
        assert_eq!(pause.next(None, 0.5), ms(2500));
        pause.failures = u32::MAX;
        assert_eq!(pause.next(None, 1.0), ms(5000));
        pause.succeeded();
        assert_eq!(pause.next(None, 1.0), ms(100));
    }

    #[test]
    fn the_server_may_ask_for_more_within_bounds() {
        let mut pause = Pause::default();
        assert_eq!(pause.next(Some(ms(7_000)), 0.0), ms(7_000));
        assert_eq!(pause.next(Some(ms(7_000)), 1.0), ms(7_200), "not all at the same moment");
        assert_eq!(pause.next(Some(Duration::MAX), 0.0), ms(60_000));
        for (said, base) in [(500, 500), (0, 100), (60_000, 5_000)] {
            let mut pause = Pause::default();
            pause.set_base(ms(said));
            assert_eq!(pause.next(None, 1.0), ms(base));
        }
    }
}
