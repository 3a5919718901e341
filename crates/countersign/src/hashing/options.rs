//! How much of the machine password hashing may take.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::base::master_key::MasterKeys;
use crate::hashing::memory_limit;
use crate::password::cost::{Argon2Cost, UnsafeCost};

/// How much of the machine password hashing may take. The defaults fit the machine (or its cgroup).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HashingOptions {
    /// Threads that compute hashes; fewer are started if the memory is not enough for all. Default: all cores but one,
    /// which stays free for everything else (LM-2).
    pub threads: NonZeroUsize,
    /// The most memory that all hashes together use, in bytes (LM-1). Default: half of what this process may use.
    pub memory_budget_bytes: u64,
    /// The longest that a request waits for its turn; who would wait longer is refused at once. Default: one second.
    pub max_wait: Duration,
    /// What a new hash costs. A stored one that costs less is outdated (PW-3).
    pub argon2: Argon2Cost,
    /// With these keys, which are not in the database, stored hashes are encrypted: a stolen database alone is then not
    /// even worth guessing at (PW-4). Default: none. Whoever loses the keys loses all passwords.
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
    /// How many threads the budget feeds: each keeps the memory of one hash of ours for itself.
    pub(crate) fn affordable_threads(&self) -> Result<usize, HashingOptionsError> {
        let one = u64::from(self.argon2.memory_kib()) * 1024;
        let affordable = usize::try_from(self.memory_budget_bytes / one).unwrap_or(usize::MAX);
        match affordable.min(self.threads.get()) {
            0 => Err(HashingOptionsError::BudgetTooSmall { needed_bytes: one }),
            threads => Ok(threads),
        }
    }

    /// What is left of the budget. The one hash at a time that needs more than a thread's own memory may have it on top.
    pub(crate) fn spare_bytes(&self, threads: usize) -> u64 {
        let own = u64::from(self.argon2.memory_kib()) * 1024 * threads as u64;
        self.memory_budget_bytes.saturating_sub(own)
    }
}

const FALLBACK_BUDGET: u64 = 256 << 20;

/// Why a pool cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingOptionsError {
    /// The argon2 cost is not taken.
    #[error("the argon2 cost is not acceptable")]
    Cost(#[from] UnsafeCost),
    /// Not even one hash fits into the memory budget.
    #[error("the memory budget for password hashes is too small: one hash needs {needed_bytes} bytes")]
    BudgetTooSmall {
        /// What one hash needs.
        needed_bytes: u64,
    },
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
        assert_eq!(options.affordable_threads().unwrap(), 2);
        assert_eq!(options.spare_bytes(2), 12 << 20);
        options.memory_budget_bytes = 18 << 20;
        assert!(matches!(
            options.affordable_threads(),
            Err(HashingOptionsError::BudgetTooSmall { needed_bytes: 19_922_944 })
        ));
    }
}
