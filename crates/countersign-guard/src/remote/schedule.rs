//! [`Schedule`]: when an issuer's keys are fetched, and how long they may be used. Pure: time and chance are
//! arguments; the time is how long the program has run.
//!
//! ```text
//! success         ── fresh for 1 to 15 min, ± 10 % ──────────────► fetch
//! failure         ── 1 s, 2 s, 4 s … 60 s, half to whole ───────► fetch
//! unknown key ID  ── 12 s after the start of the last fetch ────► fetch
//! news of the feed ── within 2 s ────────────────────────────────► fetch
//! key withdrawn   ── 0.4 to 0.8 s ──────────────────────────────► fetch
//! last success    ── a day ─────────────────────────────────────► forget the keys
//! ```
//!
//! Anyone can send a token with an invented key ID, and without the key its signature cannot be checked. So a
//! key ID causes at most one fetch a minute, and all of them together one in 12 seconds, five a minute. Such
//! a wish is delayed and never dropped: a flood of invented key IDs cannot hide a real new key, which the
//! next fetch finds all the same. While fetches fail, key IDs cause none: the retries are under way.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Schedule {
    stale_for: Duration,
    /// When the next fetch is due by itself.
    due: Duration,
    last_start: Option<Duration>,
    /// There are keys, and they may be used until then.
    usable_until: Option<Duration>,
    failures: u32,
    /// The key IDs that caused a wish in the last minute, and when. They are few: between two there is a
    /// fetch.
    asked: Vec<(Box<str>, Duration)>,
    /// A token had a key ID that is not in the set.
    has_wish: bool,
    /// When to fetch because the issuer's feed said that there are other keys.
    announced: Option<Duration>,
}

/// What is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Fetch, and say how it went.
    Fetch,
    /// The keys are too old to be used.
    Forget,
    /// Nothing, until then.
    WaitUntil(Duration),
}

impl Schedule {
    /// Due at once. Keys may be used for `stale_for` after they were last fetched or confirmed, two minutes
    /// at least.
    pub(super) fn new(now: Duration, stale_for: Duration) -> Self {
        Self {
            stale_for: stale_for.max(2 * SHORTEST),
            due: now,
            last_start: None,
            usable_until: None,
            failures: 0,
            asked: Vec::new(),
            has_wish: false,
            announced: None,
        }
    }

    pub(super) fn step(&mut self, now: Duration) -> Step {
        if self.usable_until.is_some_and(|until| until <= now) {
            self.usable_until = None;
            return Step::Forget;
        }
        let next = self.next_fetch();
        if now < next {
            return Step::WaitUntil(self.usable_until.map_or(next, |until| until.min(next)));
        }
        // A wish that comes while the answer is on its way may be newer than the answer: it counts for the
        // next one.
        self.has_wish = false;
        self.announced = None;
        self.last_start = Some(now);
        Step::Fetch
    }

    /// When the next fetch is due as things are.
    pub(super) fn next_fetch(&self) -> Duration {
        let due = self.announced.map_or(self.due, |announced| announced.min(self.due));
        match self.last_start {
            Some(start) if self.has_wish && self.failures == 0 => due.min(start + BETWEEN_WISHES),
            _ => due,
        }
    }

    /// Whether the next fetch is earlier for it.
    pub(super) fn ask_for_key(&mut self, key_id: &str, now: Duration) -> bool {
        if self.has_wish || self.usable_until.is_none() {
            return false; // a fetch is to come anyhow
        }
        self.asked.retain(|(_, asked)| now.saturating_sub(*asked) < PER_KEY_ID);
        if self.asked.iter().any(|(asked, _)| **asked == *key_id) {
            return false;
        }
        self.asked.push((key_id.into(), now));
        self.has_wish = true;
        true
    }

    /// The issuer has said that it has other keys: all its verifiers fetch them within two seconds, not at once.
    /// `chance` is uniform in 0..1.
    pub(super) fn announce(&mut self, now: Duration, chance: f64) {
        self.fetch_by(now + ANNOUNCED_WITHIN.mul_f64(chance));
    }

    /// The issuer has withdrawn a key. Nobody's tokens pass until the key that signs in its place is here: so it is fetched
    /// sooner, but not before every node of the issuer has it.
    pub(super) fn withdrawn(&mut self, now: Duration, chance: f64) {
        self.fetch_by(now + WITHDRAWN_AFTER + WITHDRAWN_AFTER.mul_f64(chance));
    }

    fn fetch_by(&mut self, time: Duration) {
        if self.failures == 0 {
            self.announced = Some(self.announced.map_or(time, |earlier| earlier.min(time)));
        }
    }

    /// The issuer has answered with keys, or said that they are the same. `chance` is uniform in 0..1.
    pub(super) fn succeeded(&mut self, now: Duration, fresh_for: Option<Duration>, chance: f64) {
        let fresh_for = fresh_for.unwrap_or(USUAL).clamp(SHORTEST, LONGEST).min(self.stale_for / 2);
        self.failures = 0;
        self.due = now + fresh_for.mul_f64(0.9 + 0.2 * chance);
        self.usable_until = Some(now + self.stale_for);
    }

    /// There was no answer that can be used. `chance` is uniform in 0..1.
    pub(super) fn failed(&mut self, now: Duration, chance: f64) {
        let pause = (FIRST_RETRY * 2_u32.pow(self.failures.min(6))).min(SLOWEST_RETRY);
        self.failures = self.failures.saturating_add(1);
        self.due = now + pause.mul_f64(0.5 + 0.5 * chance);
    }

    /// Whether there are keys that may be used.
    pub(super) fn has_keys(&self) -> bool {
        self.usable_until.is_some()
    }

    /// How long ago the keys were last fetched or confirmed; `None` without keys.
    pub(super) fn age(&self, now: Duration) -> Option<Duration> {
        self.usable_until.map(|until| (now + self.stale_for).saturating_sub(until))
    }
}

const SHORTEST: Duration = Duration::from_secs(60);
const USUAL: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(15 * 60);
const FIRST_RETRY: Duration = Duration::from_secs(1);
const SLOWEST_RETRY: Duration = Duration::from_secs(60);
const BETWEEN_WISHES: Duration = Duration::from_secs(12);
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(2);
const WITHDRAWN_AFTER: Duration = Duration::from_millis(400);
const PER_KEY_ID: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// The chance that leaves a pause as it is, for a success.
    const EVEN: f64 = 0.5;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn just_before(time: Duration) -> Duration {
        time.saturating_sub(ms(1))
    }

    /// Keys fetched at 100 s, to be renewed at 400 s.
    fn with_keys() -> Schedule {
        let mut schedule = Schedule::new(s(100), DAY);
        assert_eq!(schedule.step(s(100)), Step::Fetch);
        schedule.succeeded(s(100), None, EVEN);
        assert_eq!(schedule.step(s(100)), Step::WaitUntil(s(400)));
        schedule
    }

    #[test]
    fn keys_are_renewed_when_their_time_is_over_within_bounds() {
        for (fresh_for, chance, due) in [
            (None, EVEN, s(300)),
            (Some(s(120)), EVEN, s(120)),
            (Some(s(0)), EVEN, s(60)),
            (Some(s(59)), EVEN, s(60)),
            (Some(s(901)), EVEN, s(900)),
            (Some(s(86_400)), EVEN, s(900)),
            (Some(s(100)), 0.0, s(90)),
            (Some(s(100)), 1.0, s(110)),
        ] {
            let mut schedule = Schedule::new(s(0), DAY);
            assert_eq!(schedule.step(s(0)), Step::Fetch);
            schedule.succeeded(s(0), fresh_for, chance);
            assert_eq!(schedule.step(just_before(due)), Step::WaitUntil(due), "{fresh_for:?} {chance}");
            assert_eq!(schedule.step(due), Step::Fetch);
        }
    }

    /// KM-3: sooner than for other news, whichever comes first.
    #[test]
    fn the_keys_are_fetched_soon_after_a_withdrawal() {
        for (chance, due) in [(0.0, ms(400)), (1.0, ms(800))] {
            let mut schedule = with_keys();
            schedule.withdrawn(s(200), chance);
            schedule.announce(s(200), 1.0);
            assert_eq!(schedule.step(s(200)), Step::WaitUntil(s(200) + due));
            assert_eq!(schedule.step(s(200) + due), Step::Fetch);
        }
    }

    #[test]
    fn failures_are_tried_again_ever_more_slowly_and_for_ever() {
        let mut schedule = Schedule::new(s(0), DAY);
        let mut now = s(0);
        for pause in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(schedule.step(now), Step::Fetch);
            schedule.failed(now, 1.0);
            assert_eq!(schedule.step(now), Step::WaitUntil(now + s(pause)));
            now += s(pause);
        }
        schedule.failures = u32::MAX;
        schedule.failed(now, 0.0);
        assert_eq!(schedule.step(now), Step::WaitUntil(now + s(30)), "at least half of it");
        schedule.succeeded(now, None, EVEN);
        schedule.failed(now, 1.0);
        assert_eq!(schedule.step(now), Step::WaitUntil(now + s(1)), "it begins anew");
    }

    #[test]
    fn old_keys_are_used_for_a_day_and_no_longer() {
        let mut schedule = with_keys();
        let mut now = s(100);
        while now + s(60) < s(100) + DAY {
            now += s(60);
            if schedule.step(now) == Step::Fetch {
                schedule.failed(now, 1.0);
            }
            assert!(schedule.has_keys(), "{now:?}");
            assert_eq!(schedule.age(now), Some(now.saturating_sub(s(100))));
        }
        let end = s(100) + DAY;
        assert_ne!(schedule.step(just_before(end)), Step::Forget);
        assert_eq!(schedule.step(end), Step::Forget);
        assert_eq!((schedule.has_keys(), schedule.age(end)), (false, None));
        assert_ne!(schedule.step(end), Step::Forget, "once");
        assert!(schedule.step(end + s(60)) == Step::Fetch, "they are still asked for");
        schedule.succeeded(end + s(60), None, EVEN);
        assert!(schedule.has_keys());
    }

    #[test]
    fn keys_that_end_between_two_tries_are_forgotten_in_time() {
        let mut schedule = Schedule::new(s(0), s(200));
        assert_eq!(schedule.step(s(0)), Step::Fetch);
        schedule.succeeded(s(0), None, EVEN);
        assert_eq!(schedule.step(s(0)), Step::WaitUntil(s(100)), "renewed in time");
        (0..6).for_each(|_| schedule.failed(s(100), 1.0));
        for now in [s(132), s(192)] {
            assert_eq!(schedule.step(now), Step::Fetch);
            schedule.failed(now, 1.0);
        }
        assert_eq!(schedule.step(s(192)), Step::WaitUntil(s(200)));
        assert_eq!(schedule.step(s(200)), Step::Forget);
    }

    #[test]
    fn no_key_is_forgotten_before_two_minutes_or_asked_for_without_a_pause() {
        let mut schedule = Schedule::new(s(0), s(0));
        assert_eq!(schedule.step(s(0)), Step::Fetch);
        schedule.succeeded(s(0), Some(s(0)), EVEN);
        assert_eq!(schedule.step(s(0)), Step::WaitUntil(s(60)));
        assert_eq!(schedule.step(s(120)), Step::Forget);
    }

    #[test]
    fn an_unknown_key_id_brings_the_next_fetch_forward_to_12_s_after_the_last() {
        let mut schedule = with_keys();
        assert!(schedule.ask_for_key("new", s(101)));
        assert_eq!(schedule.step(just_before(s(112))), Step::WaitUntil(s(112)));
        assert_eq!(schedule.step(s(112)), Step::Fetch);
        schedule.succeeded(s(112), None, EVEN);

        let mut schedule = with_keys();
        assert!(schedule.ask_for_key("new", s(200)));
        assert_eq!(schedule.step(s(200)), Step::Fetch, "the last is long ago");
    }

    #[test]
    fn one_key_id_causes_one_fetch_a_minute() {
        let mut schedule = with_keys();
        assert!(schedule.ask_for_key("new", s(200)));
        assert_eq!(schedule.step(s(200)), Step::Fetch);
        schedule.succeeded(s(200), Some(s(900)), EVEN);
        assert!(!schedule.ask_for_key("new", just_before(s(260))));
        assert_eq!(schedule.step(just_before(s(260))), Step::WaitUntil(s(1100)));
        assert!(schedule.ask_for_key("new", s(260)));
        assert_eq!(schedule.step(s(260)), Step::Fetch);
    }

    #[test]
    fn a_key_id_that_comes_during_a_fetch_causes_another() {
        let mut schedule = with_keys();
        assert_eq!(schedule.step(s(400)), Step::Fetch);
        assert!(schedule.ask_for_key("new", s(401)));
        schedule.succeeded(s(402), None, EVEN);
        assert_eq!(schedule.step(s(402)), Step::WaitUntil(s(412)));
    }

    /// VF-9: a new key ID every 10 ms for an hour.
    #[test]
    fn a_flood_of_unknown_key_ids_causes_at_most_five_fetches_a_minute() {
        let mut schedule = with_keys();
        let mut fetches = Vec::new();
        for tick in 10_000..370_000_u64 {
            let now = ms(tick * 10);
            schedule.ask_for_key(&format!("k{tick}"), now);
            if schedule.step(now) == Step::Fetch {
                fetches.push(now);
                schedule.succeeded(now, None, EVEN);
            }
            assert!(schedule.asked.len() <= 6);
        }
        assert_eq!(fetches.len(), 299, "every 12 s");
        assert!(fetches.windows(6).all(|six| six[5] >= six[0] + s(60)));
    }

    #[test]
    fn announced_keys_are_fetched_within_two_seconds_unless_a_retry_is_under_way() {
        for (chance, due) in [(0.0, s(200)), (0.5, s(201)), (1.0, s(202))] {
            let mut schedule = with_keys();
            schedule.announce(s(200), chance);
            assert_eq!(schedule.next_fetch(), due);
        }
        let mut schedule = with_keys();
        schedule.announce(s(399), 1.0);
        assert_eq!(schedule.next_fetch(), s(400), "never later for it");
        assert_eq!(schedule.step(s(400)), Step::Fetch);
        schedule.announce(s(401), 1.0);
        schedule.succeeded(s(402), None, EVEN);
        assert_eq!(schedule.next_fetch(), s(403), "the answer may be older than the news");
        assert_eq!(schedule.step(s(403)), Step::Fetch);
        schedule.succeeded(s(403), None, EVEN);
        assert_eq!(schedule.step(s(403)), Step::WaitUntil(s(703)), "once");
        assert_eq!(schedule.step(s(703)), Step::Fetch);
        (0..6).for_each(|_| schedule.failed(s(703), 1.0));
        schedule.announce(s(710), 0.0);
        assert_eq!(schedule.next_fetch(), s(735));
    }

    #[test]
    fn key_ids_cause_no_fetch_while_fetches_fail_or_before_there_are_keys() {
        let mut schedule = Schedule::new(s(0), DAY);
        assert!(!schedule.ask_for_key("new", s(0)));

        let mut schedule = with_keys();
        assert_eq!(schedule.step(s(400)), Step::Fetch);
        (0..6).for_each(|_| schedule.failed(s(400), 1.0));
        schedule.ask_for_key("new", s(415));
        assert_eq!(schedule.step(s(431)), Step::WaitUntil(s(432)));
    }
}
