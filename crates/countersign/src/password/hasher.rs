//! The door to the pool: check a password against what is stored, or make a new hash.
//!
//! Exactly one hash is computed for each check, whatever is stored: for an unknown name, an account without a password
//! and a hash that nobody can read it is a dummy of the default cost, so that time tells nothing (EN-2).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::format::{Argon2Hash, Recipe};
use super::options::{HashingOptions, HashingOptionsError};
use super::plain::Password;
use super::requester::Requester;
use super::stored::PasswordHash;
use super::worker::{Job, PoolPlan, Shared, Task};
use crate::clock::Clock;
use crate::random::Random;

/// Computes password hashes on threads of its own. Clones share the pool; when the last one is dropped the threads are
/// stopped and joined, which takes as long as the hash they are at.
#[derive(Clone)]
pub struct PasswordHasher {
    pool: Arc<Pool>,
    dummy: Recipe,
    memory_limit_bytes: u64,
}

/// A password to check.
#[derive(Debug)]
pub struct Attempt {
    /// What was typed.
    pub password: Password,
    /// What the store has: `None` for an unknown name as well as for an account without a password.
    pub stored: Option<PasswordHash>,
    /// On whose behalf.
    pub requester: Requester,
}

/// What came of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// It is right.
    Match,
    /// It is right, and its hash should be replaced by a new one of the same password (PW-3).
    MatchOutdated,
    /// It is wrong, or there was nothing it could be right for.
    Mismatch,
}

/// Why nothing was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// Too many are waiting (LM-1). Asking again makes sense after this time.
    #[error("too many passwords are being checked")]
    Overloaded {
        /// Whole seconds, at least one.
        retry_after: Duration,
    },
    /// The pool was stopped, or the computation failed.
    #[error("the password could not be processed")]
    Stopped,
}

/// Figures for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingStats {
    /// Hashes computed so far.
    pub computed: u64,
    /// Requests refused so far because of overload.
    pub refused: u64,
    /// Requests that wait now.
    pub waiting: usize,
    /// Threads of the pool.
    pub threads: usize,
}

impl PasswordHasher {
    /// Starts the pool.
    ///
    /// # Errors
    /// [`HashingOptionsError::BudgetTooSmall`] when the memory budget is less than one hash needs, and
    /// [`HashingOptionsError::Thread`] when the system gives no thread.
    pub fn new(options: &HashingOptions, clock: Clock, random: Random) -> Result<Self, HashingOptionsError> {
        let threads = options.affordable_threads()?;
        let plan = PoolPlan {
            cost: options.argon2,
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
            max_wait: options.max_wait,
        };
        let own = u64::from(options.argon2.memory_kib()) * 1024;
        let dummy = Argon2Hash::dummy(options.argon2, random.bytes(), random.bytes());
        let mut pool = Pool {
            shared: Arc::new(Shared::new(&plan, clock, random)),
            threads: Vec::with_capacity(threads),
        };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let thread = std::thread::Builder::new().name(format!("password-{number}"));
            pool.threads.push(thread.spawn(move || shared.work())?);
        }
        Ok(Self {
            pool: Arc::new(pool),
            dummy: Recipe::dummy(dummy),
            memory_limit_bytes: own + options.spare_bytes(threads),
        })
    }

    /// Checks a password: one hash computation, no more and no less, whatever is stored.
    ///
    /// Dropping the future takes the request out of the queue (CC-6).
    ///
    /// # Errors
    /// [`HashingError::Overloaded`] when it cannot be done in time, [`HashingError::Stopped`] when the pool has ended.
    pub async fn verify(&self, attempt: Attempt) -> Result<Verification, HashingError> {
        let (answer, answered) = oneshot::channel();
        let (recipe, counts) = self.recipe(attempt.stored.as_ref());
        let task = Task::Verify { recipe, counts, answer };
        let _waiting =
            self.pool.shared.submit(Job { password: attempt.password, task }, attempt.requester)?;
        answered.await.unwrap_or(Err(HashingError::Stopped))
    }

    /// Makes a new hash: argon2id at the configured cost, with a random salt of 128 bits (PW-1, PW-2).
    ///
    /// # Errors
    /// As [`PasswordHasher::verify`].
    pub async fn hash(&self, password: Password, requester: Requester) -> Result<PasswordHash, HashingError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { password, task: Task::Hash { answer } };
        let _waiting = self.pool.shared.submit(job, requester)?;
        answered.await.unwrap_or(Err(HashingError::Stopped))
    }

    /// Figures for metrics.
    #[must_use]
    pub fn stats(&self) -> HashingStats {
        let shared = &self.pool.shared;
        HashingStats {
            computed: shared.computed.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            waiting: shared.waiting(),
            threads: self.pool.threads.len(),
        }
    }

    /// What to compute, and whether its result counts. The reason why a hash is unreadable goes to the log without the
    /// hash itself.
    fn recipe(&self, stored: Option<&PasswordHash>) -> (Recipe, bool) {
        let Some(stored) = stored else {
            return (self.dummy.clone(), false);
        };
        match Recipe::parse(stored.as_str(), self.memory_limit_bytes) {
            Ok(recipe) => (recipe, true),
            Err(reason) => {
                tracing::warn!(%reason, "a stored password hash cannot be checked; the sign-in fails");
                (self.dummy.clone(), false)
            }
        }
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a password thread had panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
