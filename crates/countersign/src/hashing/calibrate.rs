//! The cost that this machine can afford: argon2 parameters for the time that one login may take (PW-7).

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::base::clock::Clock;
use crate::hashing::options::HashingOptions;
use crate::password::cost::Argon2Cost;
use crate::password::format::{Argon2Hash, Memory};

/// A cost, and the time it takes on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// The cost.
    pub cost: Argon2Cost,
    /// The threads that compute hashes: those of the options, or fewer if the memory budget feeds fewer.
    pub threads: NonZeroUsize,
    /// The time of one hash while all threads compute one: the slowest thread, at its best of three.
    pub takes: Duration,
}

/// The time that one hash may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The longest.
    pub longest: Duration,
    /// Hashes that all threads together must be able to compute in a second: a high rate shortens `longest`.
    pub logins_per_second: Option<NonZeroU32>,
}

/// The strongest cost that takes no longer than `target` with the threads and the memory of `options`: first
/// as much memory as two passes over it allow, which is what costs an attacker most, then more passes. Never
/// below the floor, so it may take longer on a slow machine; the answer says. Computes hashes for a few times
/// as long as one may take.
#[must_use]
pub fn calibrate(target: Target, options: &HashingOptions, clock: &Clock) -> Proposal {
    let affordable = options.memory_budget_bytes / memory_bytes(Argon2Cost::DEFAULT);
    let affordable = usize::try_from(affordable).ok().and_then(NonZeroUsize::new);
    let threads = affordable.unwrap_or(NonZeroUsize::MIN).min(options.threads);
    let most = target.per_hash(threads);
    let mut memories: Vec<_> = std::iter::repeat_with(Memory::default).take(threads.get()).collect();
    let mut measure = |cost| Proposal { cost, threads, takes: slowest(cost, &mut memories, clock) };

    let floor = measure(Argon2Cost::DEFAULT);
    for memory_kib in MEMORY_KIB {
        let Ok(two_passes) = Argon2Cost::new(memory_kib, 2, 1) else { continue };
        let fits = memory_bytes(two_passes) * threads.get() as u64 <= options.memory_budget_bytes;
        // Time goes with memory, roughly: what is far off is not worth measuring.
        let expected = floor.takes * memory_kib / Argon2Cost::DEFAULT.memory_kib();
        if !fits || expected > most * 3 / 2 {
            continue;
        }
        let two = measure(two_passes);
        if two.takes > most {
            continue;
        }
        let passes = most.as_micros() * 2 / two.takes.as_micros().max(1);
        let passes = u32::try_from(passes).unwrap_or(u32::MAX).min(MOST_PASSES);
        // Time goes with passes, roughly: what turns out to be too much is taken back.
        let more = (3..=passes).rev().filter_map(|passes| Argon2Cost::new(memory_kib, passes, 1).ok());
        return more.map(&mut measure).find(|more| more.takes <= most).unwrap_or(two);
    }
    floor
}

/// How long one hash of these options takes while all threads compute one: the slowest thread, at its best of three.
#[must_use]
pub fn measure(options: &HashingOptions, clock: &Clock) -> Duration {
    let mut memories: Vec<_> =
        std::iter::repeat_with(Memory::default).take(options.affordable_threads()).collect();
    slowest(options.argon2, &mut memories, clock)
}

impl Target {
    /// The time budget per hash: the longest allowed, or less for the requested rate.
    fn per_hash(self, threads: NonZeroUsize) -> Duration {
        let threads = u32::try_from(threads.get()).unwrap_or(u32::MAX);
        let for_the_rate =
            self.logins_per_second.map(|wanted| Duration::from_secs(1) * threads / wanted.get());
        for_the_rate.map_or(self.longest, |time| time.min(self.longest))
    }
}

fn memory_bytes(cost: Argon2Cost) -> u64 {
    u64::from(cost.memory_kib()) * 1024
}

/// All at once, as under load: they share caches and memory channels, and perhaps cores.
fn slowest(cost: Argon2Cost, memories: &mut [Memory], clock: &Clock) -> Duration {
    let best_of_three = |memory: &mut Memory| {
        let times = [(); 3].map(|()| {
            let started = clock.monotonic();
            Argon2Hash::create(b"a password of twenty", cost, [0; 16], memory);
            clock.monotonic().saturating_sub(started)
        });
        times.into_iter().min().unwrap_or_default()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            memories.iter_mut().map(|memory| scope.spawn(|| best_of_three(memory))).collect();
        let times = threads.into_iter().map(|thread| thread.join().unwrap_or(Duration::MAX));
        times.max().unwrap_or_default()
    })
}

const MEMORY_KIB: [u32; 6] = [262_144, 131_072, 65_536, 47_104, 32_768, 19_456];
const MOST_PASSES: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;

    fn options(threads: usize, memory_budget_bytes: u64) -> HashingOptions {
        let threads = NonZeroUsize::new(threads).unwrap();
        HashingOptions { threads, memory_budget_bytes, ..HashingOptions::default() }
    }

    fn within(millis: u64) -> Target {
        Target { longest: Duration::from_millis(millis), logins_per_second: None }
    }

    /// PW-1, PW-7: whatever the target and the memory, the proposal is one that a configuration may use.
    #[test]
    fn a_proposal_keeps_to_the_memory_and_to_the_floor() {
        let clock = Clock::system();
        let hurried = calibrate(within(0), &options(1, 32 << 20), &clock);
        assert_eq!(hurried.cost, Argon2Cost::DEFAULT);
        assert!(!hurried.takes.is_zero());
        let cramped = calibrate(within(1), &options(8, 40 << 20), &clock);
        assert_eq!((cramped.cost, cramped.threads.get()), (Argon2Cost::DEFAULT, 2));
        assert_eq!(calibrate(within(0), &options(8, 0), &clock).threads.get(), 1);
    }

    /// PW-7: time does not quite go with the passes, so what was estimated is measured, and taken back if it
    /// is too much.
    #[test]
    fn a_proposal_takes_no_longer_than_was_asked_for_unless_it_is_the_floor() {
        for millis in [30, 45, 60, 75, 90] {
            let proposal = calibrate(within(millis), &options(1, 20 << 20), &Clock::system());
            let fine = proposal.takes <= Duration::from_millis(millis);
            assert!(fine || proposal.cost == Argon2Cost::DEFAULT, "{millis}: {proposal:?}");
        }
    }

    /// On a machine that takes no time at all, everything is affordable, up to the stated limits.
    #[test]
    fn more_time_means_more_memory_first_and_then_more_passes() {
        let clock = Clock::manual(Timestamp::from_unix_millis(0));
        let cost = |threads| calibrate(within(1_000), &options(threads, 40 << 20), &clock).cost;
        assert_eq!(Argon2Cost::new(32_768, 16, 1), Ok(cost(1)));
        assert_eq!(Argon2Cost::new(19_456, 16, 1), Ok(cost(2)), "each has its half");
    }
}
