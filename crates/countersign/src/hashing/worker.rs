//! The threads that compute: each takes the next job from the shared queue, computes it in memory of its own,
//! answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::clock::Clock;
use crate::base::figures::{Histogram, LATENCIES};
use crate::base::random::Random;
use crate::base::requester::Requester;
use crate::hashing::outcome::{HashingError, Verification};
use crate::hashing::queue::{Entry, FairQueue, Place, Pushed};
use crate::password::Password;
use crate::password::PasswordHash;
use crate::password::cost::Argon2Cost;
use crate::password::cost::Work;
use crate::password::format::{Argon2Hash, Memory, Recipe};

/// What the threads and the callers share.
pub(crate) struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    clock: Clock,
    random: Random,
    cost: Argon2Cost,
    threads: u32,
    max_wait: Duration,
    own_memory_bytes: u64,
    pub(crate) computed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) figures: HashingFigures,
}

/// How long hashes took and waited.
#[derive(Debug)]
pub(crate) struct HashingFigures {
    /// Computing one to check a password, a decoy included.
    pub(crate) verifying: Histogram,
    /// Computing one of a new password.
    pub(crate) making: Histogram,
    /// From the request to the start of its computation.
    pub(crate) waiting: Histogram,
}

struct State {
    queue: FairQueue<Job>,
    running: Work,
    large_memory_taken: bool,
    stopped: bool,
    /// What a hash of the default cost takes, as measured lately.
    unit: Duration,
}

/// A hash to compute, and the channel for its result.
pub(crate) struct Job {
    pub(crate) password: Password,
    pub(crate) task: Task,
}

pub(crate) enum Task {
    /// Check a password.
    Verify { check: Check, answer: oneshot::Sender<Result<Verification, HashingError>> },
    /// Make a new hash.
    Hash { answer: oneshot::Sender<Result<PasswordHash, HashingError>> },
}

/// What to compute for a check.
pub(crate) struct Check {
    pub(crate) recipe: Recipe,
    /// False for a decoy, whose result is always "no".
    pub(crate) counts: bool,
    /// Outdated for a reason that the recipe does not know.
    pub(crate) renew: bool,
}

pub(crate) struct PoolPlan {
    pub(crate) cost: Argon2Cost,
    pub(crate) threads: u32,
    pub(crate) max_wait: Duration,
}

impl Shared {
    pub(crate) fn new(plan: &PoolPlan, clock: Clock, random: Random) -> Self {
        let state = State {
            queue: FairQueue::new(),
            running: 0,
            large_memory_taken: false,
            stopped: false,
            unit: FIRST_GUESS,
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            clock,
            random,
            cost: plan.cost,
            threads: plan.threads,
            max_wait: plan.max_wait,
            own_memory_bytes: u64::from(plan.cost.memory_kib()) * 1024,
            computed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            figures: HashingFigures {
                verifying: Histogram::new(&LATENCIES),
                making: Histogram::new(&LATENCIES),
                waiting: Histogram::new(&LATENCIES),
            },
        }
    }

    /// Queues a job, or refuses it at once when it cannot be done in time. Displaced jobs are refused as
    /// well.
    pub(crate) fn submit(self: &Arc<Self>, job: Job, requester: Requester) -> Result<Waiting, HashingError> {
        let deadline = self.clock.monotonic().saturating_add(self.max_wait);
        let (work, memory) = match &job.task {
            Task::Verify { check, .. } => (check.recipe.work(), check.recipe.memory_bytes()),
            Task::Hash { .. } => (self.cost.work(), self.own_memory_bytes),
        };
        let entry = Entry { item: job, requester, work, deadline, large: memory > self.own_memory_bytes };
        let mut state = self.lock();
        if state.stopped {
            return Err(HashingError::Stopped);
        }
        let capacity = self.capacity(&state);
        let pushed = state.queue.push(entry, capacity);
        let overloaded = HashingError::Overloaded { retry_after: self.retry_after(&state) };
        drop(state);
        let place = match pushed {
            Pushed::Queued(place, displaced) => {
                for job in displaced {
                    self.refuse(job, overloaded);
                }
                place
            }
            Pushed::Refused(job) => {
                self.refuse(job, overloaded);
                return Err(overloaded);
            }
        };
        self.wake.notify_one();
        Ok(Waiting { shared: Arc::clone(self), place })
    }

    /// Says whether a job of the default cost would be queued now.
    pub(crate) fn admit(&self, requester: &Requester) -> Result<(), HashingError> {
        let state = self.lock();
        if state.stopped {
            return Err(HashingError::Stopped);
        }
        if state.queue.would_take(requester, self.cost.work(), self.capacity(&state)) {
            return Ok(());
        }
        drop(state);
        Err(self.overloaded())
    }

    /// What a request gets that cannot be served in time.
    pub(crate) fn overloaded(&self) -> HashingError {
        self.refused.fetch_add(1, Ordering::Relaxed);
        HashingError::Overloaded { retry_after: self.retry_after(&self.lock()) }
    }

    /// What a thread of the pool does until the pool is stopped.
    pub(crate) fn work(&self) {
        let mut memory = Memory::default();
        while let Some(next) = self.next(&mut memory) {
            let (work, large) = (next.work, next.large);
            let durations = match &next.item.task {
                Task::Verify { .. } => &self.figures.verifying,
                Task::Hash { .. } => &self.figures.making,
            };
            let started = self.clock.monotonic();
            let queued = next.deadline.saturating_sub(self.max_wait);
            self.figures.waiting.observe(started.saturating_sub(queued));
            // A panic in a hash function must cost one answer, and not a thread for good (PW-6).
            let run = catch_unwind(AssertUnwindSafe(|| self.run(next.item, &mut memory)));
            let took = self.clock.monotonic().saturating_sub(started);
            if run.is_err() {
                tracing::error!("a hash function panicked; the request gets no answer");
            }
            if large {
                memory.release();
            }
            let mut state = self.lock();
            state.running = state.running.saturating_sub(work);
            state.large_memory_taken &= !large;
            if matches!(run, Ok(true)) {
                durations.observe(took);
                state.measure(took, work);
            }
            drop(state);
            if large {
                self.wake.notify_all(); // a large one may run now, on any thread
            }
        }
    }

    /// Waits for the next entry; `None` when the pool is stopped. A thread that has nothing to do gives its
    /// memory back.
    fn next(&self, memory: &mut Memory) -> Option<Entry<Job>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let large_allowed = !state.large_memory_taken;
            let popped = state.queue.pop(self.clock.monotonic(), large_allowed);
            let overloaded = HashingError::Overloaded { retry_after: self.retry_after(&state) };
            for late in popped.expired {
                self.refuse(late, overloaded);
            }
            if let Some(entry) = popped.next {
                state.running = state.running.saturating_add(entry.work);
                state.large_memory_taken |= entry.large;
                return Some(entry);
            }
            let waited = self.wake.wait_timeout(state, IDLE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() {
                memory.release();
            }
        }
    }

    /// Computes one hash, or none if its caller has gone away; says which.
    fn run(&self, job: Job, memory: &mut Memory) -> bool {
        let Job { password, task } = job;
        if task.is_abandoned() {
            return false;
        }
        self.computed.fetch_add(1, Ordering::Relaxed);
        // An answer that nobody takes any more is no error: the caller has gone away.
        match task {
            Task::Verify { check, answer } => {
                let matches = check.recipe.matches(&password, memory) & check.counts;
                let outdated = check.recipe.should_be_renewed(&password, self.cost, check.renew);
                let _ = answer.send(Ok(match (matches, outdated) {
                    (false, _) => Verification::Mismatch,
                    (true, true) => Verification::MatchOutdated,
                    (true, false) => Verification::Match,
                }));
            }
            Task::Hash { answer } => {
                let salt = self.random.bytes();
                let hash = Argon2Hash::create(password.nfc().as_bytes(), self.cost, salt, memory);
                let _ = answer.send(Ok(PasswordHash::from_stored(hash.to_phc())));
            }
        }
        true
    }

    /// Ends the pool: waiting jobs are refused, and each thread ends after its current hash.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let left = state.queue.drain();
        drop(state);
        for job in left {
            job.task.fail(HashingError::Stopped);
        }
        self.wake.notify_all();
    }

    /// Entries that wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    fn refuse(&self, job: Job, overloaded: HashingError) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        job.task.fail(overloaded);
    }

    /// The work that can wait and is still done within `max_wait`.
    fn capacity(&self, state: &State) -> Work {
        let micros = self.max_wait.as_micros() * u128::from(self.threads);
        let work = micros * 1000 / state.unit.as_micros().max(1);
        Work::try_from(work).unwrap_or(Work::MAX).saturating_sub(state.running)
    }

    /// When what waits now will be done, in whole seconds, at least one: what `Retry-After` can express.
    fn retry_after(&self, state: &State) -> Duration {
        let work = u128::from(state.queue.work().saturating_add(state.running));
        let micros = work * state.unit.as_micros() / 1000 / u128::from(self.threads.max(1));
        let seconds = u64::try_from(micros.div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Duration::from_secs(seconds.clamp(1, 60))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A moving average, within bounds that keep a measuring mistake from closing or flooding the queue.
    fn measure(&mut self, took: Duration, work: Work) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).saturating_mul(1000) / work.max(1);
        let unit = (self.unit * 7 + Duration::from_micros(micros)) / 8;
        self.unit = unit.clamp(Duration::from_millis(1), Duration::from_secs(1));
    }
}

impl Task {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Verify { answer, .. } => answer.is_closed(),
            Self::Hash { answer } => answer.is_closed(),
        }
    }

    fn fail(self, error: HashingError) {
        match self {
            Self::Verify { answer, .. } => drop(answer.send(Err(error))),
            Self::Hash { answer } => drop(answer.send(Err(error))),
        }
    }
}

/// Held by a caller while it waits. Dropped with the caller's future, it takes the entry out of the queue
/// (CC-6).
pub(crate) struct Waiting {
    shared: Arc<Shared>,
    place: Place,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.shared.lock().queue.cancel(self.place));
    }
}

/// Before anything was measured.
const FIRST_GUESS: Duration = Duration::from_millis(20);
/// The idle time after which a thread gives its memory back to the system.
const IDLE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// LM-1: what waits behind a long hash that has just begun is not done in time.
    #[test]
    fn a_hash_that_is_being_computed_takes_room_in_the_queue() {
        let plan = PoolPlan { cost: Argon2Cost::DEFAULT, threads: 2, max_wait: Duration::from_secs(1) };
        let shared = Shared::new(&plan, Clock::system(), Random::insecure_seeded(1));
        let mut state = shared.lock();
        let units = |state: &State| shared.capacity(state) / 1_000;
        assert_eq!(units(&state), 100, "of 20 ms each");
        state.running = 12_000;
        assert_eq!(units(&state), 88);
        state.running = Work::MAX;
        assert_eq!(units(&state), 0);
    }
}
