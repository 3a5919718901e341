//! How much of the machine password hashing may take.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::base::master_key::MasterKeys;
use crate::base::out_of_range::{Broken, OutOfRange};
use crate::hashing::memory_limit;
use crate::password::cost::Argon2Cost;

/// The share of the machine that password hashing may take. The defaults fit the machine (or its cgroup).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HashingOptions {
    /// Threads that compute hashes; fewer are started if the memory is not enough for all. Default: all cores
    /// but one, which stays free for everything else (LM-2).
    pub threads: NonZeroUsize,
    /// The most memory that all hashes together use, in bytes (LM-1). Default: half of what this process may
    /// use.
    pub memory_budget_bytes: u64,
    /// The longest that a request waits for its turn; a request that would wait longer is refused at once. 1
    /// ms to 60 s. Default: one second.
    pub max_wait: Duration,
    /// What a new hash costs. A stored one that costs less is outdated (PW-3).
    pub argon2: Argon2Cost,
    /// Keys, not in the database, under which stored hashes are encrypted: a stolen database alone is then
    /// not even worth guessing at (PW-4). Default: none. If the keys are lost, so are all passwords.
    pub pepper: Option<MasterKeys>,
}

impl Default for HashingOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            threads: NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN),
            memory_budget_bytes: memory_limit::available_bytes().map_or(FALLBACK_BUDGET, |bytes| bytes / 2),
            max_wait: Duration::from_secs(1),
            argon2: Argon2Cost::DEFAULT,
            pepper: None,
        }
    }
}

impl HashingOptions {
    /// Whether the pool can work with these options.
    ///
    /// # Errors
    /// [`OutOfRange`] with the first field that is out of its range, or does not fit the others.
    pub fn check(&self) -> Result<(), OutOfRange> {
        self.broken().into_result()
    }

    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        let one_fits = self.memory_budget_bytes >= self.bytes_per_hash();
        let rule = "is less than the memory of `argon2`: not one hash fits (LM-1)";
        broken.unless(one_fits, "memory_budget_bytes", rule);
        let max_wait = Duration::from_millis(1)..=Duration::from_mins(1);
        broken.unless(max_wait.contains(&self.max_wait), "max_wait", "is not between 1 ms and 60 s (LM-1)");
        broken
    }

    /// How many threads the budget feeds, at least one: each keeps the memory of one hash of ours for itself.
    pub(crate) fn affordable_threads(&self) -> usize {
        let affordable = usize::try_from(self.memory_budget_bytes / self.bytes_per_hash());
        affordable.unwrap_or(usize::MAX).clamp(1, self.threads.get())
    }

    /// What one hash of ours takes.
    pub(crate) fn bytes_per_hash(&self) -> u64 {
        u64::from(self.argon2.memory_kib()) * 1024
    }

    /// What is left of the budget. The one hash at a time that needs more than a thread's own memory may have
    /// it on top.
    pub(crate) fn spare_bytes(&self, threads: usize) -> u64 {
        let own = self.bytes_per_hash() * threads as u64;
        self.memory_budget_bytes.saturating_sub(own)
    }
}

const FALLBACK_BUDGET: u64 = 256 << 20;

/// Why a pool cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingOptionsError {
    /// The options are out of range.
    #[error(transparent)]
    Options(#[from] OutOfRange),
    /// The operating system gives no thread.
    #[error("a thread for password hashes cannot be started")]
    Thread(#[from] std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LM-1: the memory budget wins over the number of threads asked for.
    #[test]
    fn no_more_threads_than_the_budget_feeds() {
        let mut options = HashingOptions {
            threads: NonZeroUsize::new(8).unwrap(),
            memory_budget_bytes: 50 << 20,
            ..HashingOptions::default()
        };
        assert_eq!((options.check(), options.affordable_threads()), (Ok(()), 2));
        assert_eq!(options.spare_bytes(2), 12 << 20);
        options.memory_budget_bytes = 19 << 20;
        assert_eq!((options.check(), options.affordable_threads()), (Ok(()), 1));
        options.memory_budget_bytes -= 1;
        assert_eq!(options.check().unwrap_err().field, "memory_budget_bytes");
    }

    /// LM-1: everybody in the queue is answered in bounded time.
    #[test]
    fn the_longest_wait_is_bounded() {
        let fine = |max_wait| HashingOptions { max_wait, ..HashingOptions::default() }.check().is_ok();
        let (least, most) = (Duration::from_millis(1), Duration::from_mins(1));
        assert_eq!([Duration::ZERO, least, most, most + least].map(fine), [false, true, true, false]);
    }
}
