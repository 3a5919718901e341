//! Which cost this machine can afford: argon2 parameters for the time that one login may take (PW-7).

use std::time::Duration;

use super::argon2_cost::Argon2Cost;
use super::format::{Argon2Hash, Memory};
use crate::clock::Clock;

/// A cost, and what it takes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The cost.
    pub cost: Argon2Cost,
    /// What one hash takes on one core of this machine, the fastest of three.
    pub takes: Duration,
}

/// The strongest cost that takes at most `target` and needs at most `memory_bytes`: first as much memory as two passes
/// over it allow, which is what costs an attacker most, then more passes. Never below the floor, so it may take longer
/// than `target` on a slow machine; the answer says. Computes some dozen hashes, a second or two.
#[must_use]
pub fn calibrate(target: Duration, memory_bytes: u64, clock: &Clock) -> Proposal {
    let mut memory = Memory::default();
    let mut measure = |cost: Argon2Cost| {
        let times = [(); 3].map(|()| {
            let started = clock.monotonic();
            Argon2Hash::create(b"a password of twenty", cost, [0; 16], &mut memory);
            clock.monotonic().saturating_sub(started)
        });
        Proposal { cost, takes: times.into_iter().min().unwrap_or_default() }
    };
    let fitting = MEMORY_KIB.into_iter().filter(|&kib| u64::from(kib) * 1024 <= memory_bytes);
    for memory_kib in fitting {
        let Ok(two_passes) = Argon2Cost::new(memory_kib, 2, 1) else { continue };
        let two = measure(two_passes);
        let passes = target.as_micros() * 2 / two.takes.as_micros().max(1);
        match u32::try_from(passes.min(MOST_PASSES)) {
            Ok(2) => return two,
            Ok(passes @ 3..) => {
                return Argon2Cost::new(memory_kib, passes, 1).map_or(two, &mut measure);
            }
            _ => {} // too slow: less memory
        }
    }
    measure(Argon2Cost::DEFAULT)
}

const MEMORY_KIB: [u32; 6] = [262_144, 131_072, 65_536, 47_104, 32_768, 19_456];
const MOST_PASSES: u128 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    /// PW-1, PW-7: whatever the target and the memory, the proposal is one that a configuration may use.
    #[test]
    fn a_proposal_keeps_to_the_memory_and_to_the_floor() {
        let clock = Clock::system();
        let hurried = calibrate(Duration::ZERO, 32 << 20, &clock);
        assert_eq!(hurried.cost, Argon2Cost::DEFAULT);
        assert!(!hurried.takes.is_zero());
        let cramped = calibrate(Duration::from_millis(1), 0, &clock);
        assert_eq!(cramped.cost, Argon2Cost::DEFAULT);
    }

    /// On a machine that takes no time at all, everything is affordable, up to the stated limits.
    #[test]
    fn more_time_means_more_memory_first_and_then_more_passes() {
        let clock = Clock::manual(Timestamp::from_unix_millis(0));
        let proposal = calibrate(Duration::from_secs(1), 40 << 20, &clock);
        assert_eq!((proposal.cost.memory_kib(), proposal.cost.iterations()), (32_768, 16));
    }
}
