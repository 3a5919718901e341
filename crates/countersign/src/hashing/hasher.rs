//! The entrance to the pool: check a password against a stored hash, or make a new hash.
//!
//! Exactly one hash is computed for each check, whatever is stored: for an unknown name, an account without a
//! password and an unreadable hash it is a decoy, so that time tells nothing (EN-2).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::base::clock::Clock;
use crate::base::random::Random;
use crate::base::requester::{AccountKey, Requester};
use crate::hashing::decoy::DecoyHashes;
use crate::hashing::options::{HashingOptions, HashingOptionsError};
use crate::hashing::outcome::{HashingError, Verification};
use crate::hashing::worker::{Check, HashingFigures, Job, PoolPlan, Shared, Task};
use crate::password::Password;
use crate::password::PasswordHash;
use crate::password::format::{Argon2Hash, Recipe, UnreadableHash};
use crate::password::pepper::{Pepper, WrongPepper};

/// Computes password hashes on threads of its own. Clones share the pool; when the last one is dropped the
/// threads are stopped and joined, which takes as long as the hash they are at.
#[derive(Clone)]
pub struct PasswordHasher {
    pool: Arc<Pool>,
    decoys: Arc<DecoyHashes>,
    pepper: Option<Pepper>,
    memory_limit_bytes: u64,
}

/// A password to check.
#[derive(Debug)]
pub struct Attempt {
    /// The typed password.
    pub password: Password,
    /// The stored hash; `None` for an unknown name as well as for an account without a password.
    pub stored: Option<PasswordHash>,
    /// The requester, for the fairness of the queue.
    pub requester: Requester,
}

/// Figures for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// `HashingOptionsError::Options` as [`HashingOptions::check`], and `HashingOptionsError::Thread`
    /// when the system gives no thread.
    pub fn new(options: &HashingOptions, clock: Clock, random: Random) -> Result<Self, HashingOptionsError> {
        options.check()?;
        let threads = options.affordable_threads();
        let plan = PoolPlan {
            cost: options.argon2,
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
            max_wait: options.max_wait,
        };
        let dummy = Argon2Hash::dummy(options.argon2, random.bytes(), random.bytes());
        let pepper = options.pepper.clone().map(|keys| Pepper::new(keys, random.clone()));
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
            decoys: Arc::new(DecoyHashes::new(Recipe::dummy(dummy))),
            pepper,
            memory_limit_bytes: options.bytes_per_hash() + options.spare_bytes(threads),
        })
    }

    /// Checks a password: one hash computation, no more and no less, whatever is stored.
    ///
    /// Dropping the future takes the request out of the queue (CC-6).
    ///
    /// # Errors
    /// [`HashingError::Overloaded`] when it cannot be done in time, [`HashingError::Stopped`] when the pool
    /// has ended.
    pub async fn verify(&self, attempt: Attempt) -> Result<Verification, HashingError> {
        let (answer, answered) = oneshot::channel();
        let check = self.check(attempt.stored.as_ref(), attempt.requester.account);
        let task = Task::Verify { check, answer };
        let _waiting =
            self.pool.shared.submit(Job { password: attempt.password, task }, attempt.requester)?;
        answered.await.unwrap_or(Err(HashingError::Stopped))
    }

    /// Whether there is room for one more check on this requester's behalf, as far as can be told before it
    /// is known what there is to check: asked first, a flood costs next to nothing.
    ///
    /// # Errors
    /// As [`PasswordHasher::verify`].
    pub fn admit(&self, requester: &Requester) -> Result<(), HashingError> {
        self.pool.shared.admit(requester)
    }

    /// Refuses a request that has waited elsewhere for as long as one may wait here.
    pub(crate) fn refuse(&self) -> HashingError {
        self.pool.shared.overloaded()
    }

    /// Makes a new hash: argon2id at the configured cost, with a random salt of 128 bits (PW-1, PW-2).
    ///
    /// # Errors
    /// As [`PasswordHasher::verify`].
    pub async fn hash(&self, password: Password, requester: Requester) -> Result<PasswordHash, HashingError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { password, task: Task::Hash { answer } };
        let _waiting = self.pool.shared.submit(job, requester)?;
        let hash = answered.await.unwrap_or(Err(HashingError::Stopped))?;
        match &self.pepper {
            Some(pepper) => pepper.seal(hash.as_str()).ok_or(HashingError::Stopped),
            None => Ok(hash),
        }
    }

    /// The same hash, encrypted under the newest pepper, if it is not that already: for going through all
    /// rows after the pepper was introduced or changed, which needs nobody's password (PW-4). `None` when
    /// there is nothing to do, and for a hash that cannot be decrypted.
    #[must_use]
    pub fn with_newest_pepper(&self, stored: &PasswordHash) -> Option<PasswordHash> {
        let pepper = self.pepper.as_ref().filter(|pepper| !pepper.is_newest(stored.as_str()))?;
        pepper.seal(&Pepper::open(self.pepper.as_ref(), stored.as_str()).ok()?)
    }

    /// The hash without its pepper, as another server with other keys can use it; as it is if it has none, or
    /// if it cannot be decrypted.
    #[must_use]
    pub fn without_pepper(&self, stored: &PasswordHash) -> PasswordHash {
        let opened = Pepper::open(self.pepper.as_ref(), stored.as_str());
        opened.map_or_else(|_| stored.clone(), |text| PasswordHash::from_stored(text.as_str().to_owned()))
    }

    /// Whether this hash is encrypted under a key that is not here.
    pub(crate) fn is_sealed_away(&self, stored: &PasswordHash) -> bool {
        self.can_check(stored) == Err(UnreadableHash::Sealed)
    }

    /// Whether the pepper is the one that these hashes were encrypted under, as far as they are encrypted.
    pub(crate) fn check_pepper(&self, stored: &[PasswordHash]) -> Result<(), WrongPepper> {
        Pepper::check(self.pepper.as_ref(), stored)
    }

    /// Makes unknown names take the time that known ones take: some accounts may have hashes of other
    /// systems, which cost more or less than ours, and a name that takes longer than its decoy would be a
    /// name that exists (EN-2). Pass the hashes of all accounts, or of a fair sample, and again from time to
    /// time while hashes are renewed.
    pub fn learn_hash_mix<'a>(&self, stored: impl IntoIterator<Item = &'a PasswordHash>) {
        let recipes = stored.into_iter().filter_map(|stored| self.read(stored).ok());
        self.decoys.learn_mix(recipes);
    }

    /// Whether a hash of a kind unknown to [`PasswordHasher::learn_hash_mix`] was checked since the last
    /// call: then it is time to pass a sample again.
    #[must_use]
    pub fn take_new_hash_kind(&self) -> bool {
        self.decoys.take_new_kind()
    }

    /// Reads a stored hash without computing anything: whether this server can check it.
    ///
    /// # Errors
    /// Every variant of [`UnreadableHash`].
    pub fn can_check(&self, stored: &PasswordHash) -> Result<(), UnreadableHash> {
        self.read(stored).map(drop)
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

    /// How long hashes took and waited.
    pub(crate) fn figures(&self) -> &HashingFigures {
        &self.pool.shared.figures
    }

    /// What to compute. The reason why a hash is unreadable goes to the log without the hash itself.
    fn check(&self, stored: Option<&PasswordHash>, account: AccountKey) -> Check {
        let Some(stored) = stored else {
            return Check { recipe: self.decoys.for_account(account), counts: false, renew: false };
        };
        match self.read(stored) {
            Ok(recipe) => {
                self.decoys.observe(&recipe);
                let renew = self.pepper.as_ref().is_some_and(|pepper| !pepper.is_newest(stored.as_str()));
                Check { recipe, counts: true, renew }
            }
            Err(reason) => {
                tracing::warn!(%reason, "a stored password hash cannot be checked; the sign-in fails");
                Check { recipe: self.decoys.for_account(account), counts: false, renew: false }
            }
        }
    }

    fn read(&self, stored: &PasswordHash) -> Result<Recipe, UnreadableHash> {
        let text = Pepper::open(self.pepper.as_ref(), stored.as_str())?;
        Recipe::parse(&text, self.memory_limit_bytes)
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
