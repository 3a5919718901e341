//! What one argon2id hash of ours costs, and the floor below which no configuration can take it (PW-1).

use argon2::Params;

/// How much work a hash is, in thousandths of a hash of our own default cost.
pub(crate) type Work = u64;

/// The cost of a new hash (argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl Argon2Cost {
    /// OWASP's recommendation: 19 MiB, two passes, one lane.
    pub const DEFAULT: Self = Self { memory_kib: 19_456, iterations: 2, lanes: 1 };

    /// The equally strong pairs (KiB, passes) of the OWASP Password Storage Cheat Sheet. A cost must reach one of them
    /// in both.
    pub const FLOOR: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

    /// A cost of `memory_kib` KiB, `iterations` passes and `lanes` lanes (computed one after the other).
    ///
    /// # Errors
    /// [`UnsafeCost::TooWeak`] when it is below all pairs of [`Argon2Cost::FLOOR`]; [`UnsafeCost::OutOfRange`] over
    /// 4 GiB, 256 passes, or with lanes other than 1 to 16.
    pub fn new(memory_kib: u32, iterations: u32, lanes: u32) -> Result<Self, UnsafeCost> {
        if !(1..=16).contains(&lanes) || iterations > 256 || memory_kib > 4 << 20 {
            return Err(UnsafeCost::OutOfRange);
        }
        let strong = |(kib, passes)| memory_kib >= kib && iterations >= passes;
        if !Self::FLOOR.into_iter().any(strong) {
            return Err(UnsafeCost::TooWeak);
        }
        Ok(Self { memory_kib, iterations, lanes })
    }

    /// Memory of one hash, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn iterations(self) -> u32 {
        self.iterations
    }

    /// Lanes.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    /// What computing it costs, in thousandths of [`Argon2Cost::DEFAULT`].
    pub(crate) fn work(self) -> Work {
        work(self.memory_kib, self.iterations)
    }

    /// The same for the argon2 crate, with a tag of 256 bits.
    pub(crate) fn params(self) -> Params {
        #[expect(clippy::expect_used, reason = "`new` keeps every field well within argon2's ranges")]
        Params::new(self.memory_kib, self.iterations, self.lanes, Some(32)).expect("checked by new")
    }
}

/// Time goes with memory times passes.
pub(crate) fn work(memory_kib: u32, iterations: u32) -> Work {
    let default = u64::from(Argon2Cost::DEFAULT.memory_kib) * u64::from(Argon2Cost::DEFAULT.iterations);
    u64::from(memory_kib) * u64::from(iterations) * 1000 / default
}

/// Why a cost is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsafeCost {
    /// Weaker than OWASP's minimum.
    #[error(
        "weaker than the minimum: choose at least 47104 KiB x 1, 19456 x 2, 12288 x 3, 9216 x 4 or 7168 x 5"
    )]
    TooWeak,
    /// More than a server can want: a slip of the unit.
    #[error("at most 4 GiB, 256 iterations and 16 lanes")]
    OutOfRange,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PW-1: each OWASP pair is taken, and one step below each is refused.
    #[test]
    fn nothing_below_the_floor_is_taken() {
        for (kib, passes) in Argon2Cost::FLOOR {
            assert!(Argon2Cost::new(kib, passes, 1).is_ok(), "{kib} {passes}");
            assert_eq!(Argon2Cost::new(kib - 1, passes, 1), Err(UnsafeCost::TooWeak), "{kib} {passes}");
            assert_eq!(Argon2Cost::new(kib, passes - 1, 1), Err(UnsafeCost::TooWeak), "{kib} {passes}");
        }
        assert_eq!(Argon2Cost::new(8_192, 1, 1), Err(UnsafeCost::TooWeak));
        assert_eq!(Argon2Cost::new(19_456, 2, 0), Err(UnsafeCost::OutOfRange));
        assert_eq!(Argon2Cost::new(u32::MAX, u32::MAX, 1), Err(UnsafeCost::OutOfRange));
    }
}
