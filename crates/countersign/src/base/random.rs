//! The only file that asks the operating system for randomness. Everything else takes a [`Random`] as an argument, so
//! that a simulation can be replayed from its seed.

use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Where unpredictable bytes come from.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<ChaCha20Rng>>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Seeded(_) => "Seeded",
        })
    }
}

impl Random {
    /// The cryptographic generator of the crypto library, seeded by the operating system.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes for the same seed, for simulations and tests. Whoever knows the seed knows every secret made
    /// with it.
    #[must_use]
    pub fn insecure_seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))))
    }

    /// A cheaper generator, seeded by this one: for names that every request needs and that are no secrets.
    #[must_use]
    pub(crate) fn for_names(&self) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(ChaCha20Rng::from_seed(self.bytes())))))
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
}
