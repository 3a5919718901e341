//! The only file that asks the operating system what time it is. Everything else takes a [`Timestamp`] as an argument,
//! so that every time rule can be tested at its exact millisecond.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::following::{Following, Sample};
pub use super::timestamp::Timestamp;
use super::timestamp::millis;

/// Where the time comes from: the operating system, a database that several nodes share, or a hand that a test turns.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual { now: Arc<AtomicI64> },
    Following { local: Box<Clock>, following: Arc<Following> },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn system() -> Self {
        Self(Source::System { started: Instant::now() })
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it. Clones share the same hand.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual { now: Arc::new(AtomicI64::new(start.as_unix_millis())) })
    }

    /// A clock that follows another one, by what was heard of it, and goes by this one in between. Clones follow
    /// together.
    #[must_use]
    pub(crate) fn following(local: Self, sample: Sample) -> Self {
        Self(Source::Following { local: Box::new(local), following: Arc::new(Following::new(sample)) })
    }

    /// Something new was heard of the clock that this one follows. Another one follows nothing: nothing happens.
    pub(crate) fn follow(&self, sample: Sample) {
        if let Source::Following { following, .. } = &self.0 {
            following.follow(sample);
        }
    }

    /// The clock of this machine, whatever this one follows.
    pub(crate) fn local(&self) -> &Self {
        match &self.0 {
            Source::Following { local, .. } => local,
            Source::System { .. } | Source::Manual { .. } => self,
        }
    }

    /// Whether only a hand moves it.
    pub(crate) const fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual { .. })
    }

    /// The time of day.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => {
                let since_epoch =
                    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_unix_millis(millis(since_epoch))
            }
            Source::Manual { now } => Timestamp::from_unix_millis(now.load(Ordering::SeqCst)),
            Source::Following { local, following } => following.now(local.monotonic()),
        }
    }

    /// Time that never jumps, counted from an arbitrary start: for measuring how long something waits.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual { now } => {
                Duration::from_millis(u64::try_from(now.load(Ordering::SeqCst)).unwrap_or_default())
            }
            Source::Following { local, .. } => local.monotonic(),
        }
    }

    /// Turns the hand of a manual clock forward. No other clock can be turned: nothing happens.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual { now } = &self.0 {
            now.fetch_add(millis(by), Ordering::SeqCst);
        }
    }

    /// Sets the hand of a manual clock, also backwards. No other clock can be set: nothing happens.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual { now } = &self.0 {
            now.store(to.as_unix_millis(), Ordering::SeqCst);
        }
    }
}

/// Measures how long something of this machine took, for metrics alone: nothing is decided by it, so it needs no clock that a
/// test turns.
#[derive(Debug)]
pub(crate) struct Stopwatch(Clock);

impl Stopwatch {
    /// Starts.
    pub(crate) fn start() -> Self {
        Self(Clock::system())
    }

    /// The time since then.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.monotonic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn clones_of_a_manual_clock_share_its_hand() {
        let clock = Clock::manual(Timestamp::from_unix_millis(1_000));
        clock.clone().advance(Duration::from_millis(1));
        assert_eq!(clock.now(), Timestamp::from_unix_millis(1_001));
    }

    const START: i64 = 1_800_000_000_000;

    fn sample(asked: u64, answered: u64, remote: i64) -> Sample {
        let remote = Timestamp::from_unix_millis(remote);
        Sample { asked: Duration::from_millis(asked), answered: Duration::from_millis(answered), remote }
    }

    /// Its monotonic time is `since`.
    fn machine(since: i64) -> Clock {
        Clock::manual(Timestamp::from_unix_millis(since))
    }

    #[test]
    fn the_fastest_answer_counts() {
        let samples = [sample(0, 9, 50), sample(20, 24, 60), sample(40, 44, 70), sample(60, 90, 80)];
        assert_eq!(Sample::fastest(&samples), Some(samples[1]));
        assert_eq!(Sample::fastest(&[]), None);
        assert_eq!(samples[1].middle(), Duration::from_millis(22));
        assert_eq!(
            sample(7, 5, 0).middle(),
            Duration::from_millis(7),
            "a clock that goes back has no half of a round trip"
        );
    }

    /// It is not set back, and stands for no longer than it was ahead.
    #[test]
    fn it_stands_still_while_it_is_ahead() {
        let local = machine(1_000);
        let clock = Clock::following(local.clone(), sample(1_000, 1_000, START));
        assert_eq!(clock.now(), Timestamp::from_unix_millis(START));
        local.advance(Duration::from_millis(500));
        assert_eq!(clock.now(), Timestamp::from_unix_millis(START + 500));
        clock.follow(sample(1_500, 1_500, START + 400));
        for (wait, ahead) in [(0, 500), (99, 500), (1, 500), (1, 501), (1, 502)] {
            local.advance(Duration::from_millis(wait));
            assert_eq!(clock.now(), Timestamp::from_unix_millis(START + ahead));
        }
        clock.follow(sample(1_602, 1_602, START + 9_000));
        assert_eq!(
            (clock.now(), clock.monotonic()),
            (Timestamp::from_unix_millis(START + 9_000), Duration::from_millis(1_602))
        );
        let clone = clock.clone();
        clone.follow(sample(1_602, 1_602, START + 9_500));
        assert_eq!(clock.now(), clone.now(), "clones follow together");
    }

    /// Whatever the network does with each question and however the two clocks drift apart and are set: it never goes
    /// back, and is within half a round trip of the other one as soon as that has come up to it.
    #[test]
    fn it_never_goes_back_and_comes_as_near_as_the_network_allows() {
        for seed in 0..300 {
            let dice = Random::insecure_seeded(seed);
            let below = |count: u64| u64::from_le_bytes(dice.bytes()) % count;
            let local = machine(i64::try_from(below(1_000_000)).unwrap());
            // What the other clock has beyond ours: it drifts, and is set now and then.
            let mut ahead = START;
            let ask = |ahead: i64| {
                let asked = local.monotonic();
                local.advance(Duration::from_millis(below(40)));
                let remote = Timestamp::from_unix_millis(local.now().as_unix_millis() + ahead);
                local.advance(Duration::from_millis(below(40)));
                Sample { asked, answered: local.monotonic(), remote }
            };
            let fastest = |ahead| Sample::fastest(&[(); 8].map(|()| ask(ahead))).unwrap();
            let mut heard = fastest(ahead);
            let clock = Clock::following(local.clone(), heard);
            let mut latest = clock.now();
            for round in 0..100 {
                if below(20) == 0 {
                    ahead += i64::try_from(below(4_000)).unwrap() - 2_000;
                }
                ahead += i64::try_from(below(21)).unwrap() - 10;
                heard = fastest(ahead);
                clock.follow(heard);
                let there = local.now().as_unix_millis() + ahead;
                let here = clock.now();
                assert!(here >= latest, "seed {seed}, round {round}");
                let doubt = i64::try_from((heard.round_trip() / 2).as_millis()).unwrap() + 1;
                let wrong = here.as_unix_millis() - there;
                assert!(
                    wrong.abs() <= doubt || here == latest && wrong > 0,
                    "seed {seed}, round {round}: {wrong}"
                );
                local.advance(Duration::from_millis(below(10_000)));
                latest = clock.now();
                assert!(latest >= here, "seed {seed}, round {round}");
            }
        }
    }
}
