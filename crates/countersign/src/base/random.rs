//! The only file that asks the operating system for randomness. Everything else takes a [`Random`] as an
//! argument, so that a simulation can be replayed from its seed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use rand_core::{Rng, SeedableRng};

/// Where unpredictable bytes come from.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<ChaCha20Rng>>),
    Counted(Arc<Counted>),
}

struct Counted {
    seed: [u8; 32],
    next: AtomicU64,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Seeded(_) => "Seeded",
            Self::Counted(_) => "Counted",
        })
    }
}

impl Random {
    /// The cryptographic generator of the crypto library, seeded by the operating system.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes for the same seed, for simulations and tests. Whoever knows the seed knows every secret
    /// made with it.
    #[must_use]
    pub fn insecure_seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))))
    }

    /// A generator forked from this one, for values that must be unique but not secret: every request needs
    /// some. Callers on all threads share one counter and no lock; each value is the start of a key stream of
    /// its own, so none comes twice and none tells the next.
    #[must_use]
    pub(crate) fn non_secret(&self) -> Self {
        Self(Source::Counted(Arc::new(Counted { seed: self.bytes(), next: AtomicU64::new(0) })))
    }

    /// 32 hexadecimal digits, fresh and unpredictable: for names of temporary files.
    #[must_use]
    pub(crate) fn hex_name(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.bytes()))
    }

    /// `N` fresh unpredictable bytes.
    ///
    /// # Panics
    /// When the operating system cannot give randomness: nothing safe can be done then.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            #[expect(clippy::expect_used, reason = "without randomness every secret would be guessable")]
            Source::System => aws_lc_rs::rand::fill(&mut bytes).expect("the system gives randomness"),
            Source::Seeded(generator) => {
                generator.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
            }
            Source::Counted(counted) => {
                let mut generator = ChaCha8Rng::from_seed(counted.seed);
                generator.set_stream(counted.next.fetch_add(1, Ordering::Relaxed));
                generator.fill_bytes(&mut bytes);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_sequence_again_and_the_system_never_does() {
        let (a, b) = (Random::insecure_seeded(7), Random::insecure_seeded(7));
        let first: [u8; 16] = a.bytes();
        assert_eq!(first, b.bytes::<16>());
        assert_ne!(first, a.bytes::<16>());
        assert_ne!(Random::system().bytes::<16>(), Random::system().bytes::<16>());
    }

    /// LG-4: request IDs are unique across threads and starts, and look like any other random ID.
    #[test]
    fn values_that_are_not_secret_are_unique_on_all_threads() {
        let random = Random::insecure_seeded(7);
        let (first, second) = (random.non_secret(), random.non_secret());
        let mut values: Vec<[u8; 16]> = std::thread::scope(|scope| {
            let take = |random: &Random| (0..1_000).map(|_| random.bytes()).collect::<Vec<_>>();
            let threads: Vec<_> =
                [&first, &first, &second].map(|random| scope.spawn(move || take(random))).into();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), 3_000);
        let ones: u32 = values.iter().flatten().map(|byte| byte.count_ones()).sum();
        assert!((190_000..194_000).contains(&ones), "{ones} of 384,000 bits");
        assert_eq!(random.hex_name().len(), 32);
    }
}
