//! [`Asker`]: puts questions to one issuer, on a few threads of its own, since a request of the application must not block
//! on the network.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::endpoint::Endpoint;
use super::error::AskError;
use super::question::{Outcome, Question};
use super::table::Table;
use crate::clock::{Clock, Timer};
use crate::revocation::Revocations;

/// The guard's end of it. The threads end when it is dropped.
pub(crate) struct Asker(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    timer: Timer,
    clock: Clock,
    /// Where a session goes that is not active.
    revocations: Revocations,
    /// By how much this guard accepts a token longer than it says, in seconds.
    leeway: i64,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    table: Table,
    failure: Option<Arc<AskError>>,
    swept_at: Duration,
    has_threads: bool,
    is_over: bool,
}

impl Asker {
    pub(crate) fn new(
        endpoint: Endpoint,
        (timer, clock): (Timer, Clock),
        revocations: Revocations,
        leeway: i64,
    ) -> Self {
        let (state, bell) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Inner { endpoint, timer, clock, revocations, leeway, state, bell }))
    }

    /// Starts the threads. Without them every question fails at once.
    ///
    /// # Errors
    /// The system starts no thread.
    pub(crate) fn spawn(&self) -> io::Result<()> {
        for _ in 0..THREADS {
            let inner = Arc::clone(&self.0);
            let thread = thread::Builder::new().name("countersign-ask".into());
            thread.spawn(move || while inner.turn() {})?;
        }
        self.0.lock().has_threads = true;
        Ok(())
    }

    /// Whether the session was said to go on, a moment ago.
    pub(crate) fn is_active(&self, session_id: &str) -> bool {
        let now = (self.0.timer)();
        self.0.lock().table.is_active(session_id, now)
    }

    /// Asks, unless the same question is open; `None` if that is not possible now.
    pub(crate) fn ask(&self, question: Question) -> Option<Arc<Question>> {
        let now = (self.0.timer)();
        let mut state = self.0.lock();
        let asked = if state.has_threads { state.table.ask(question, now) } else { None };
        self.0.bell.notify_one();
        asked
    }

    /// Why the last question has no answer; `None` after one that has.
    pub(crate) fn failure(&self) -> Option<Arc<AskError>> {
        self.0.lock().failure.clone()
    }
}

impl Inner {
    /// One question; false at the end.
    fn turn(&self) -> bool {
        let mut state = self.lock();
        if state.is_over {
            return false;
        }
        let Some(question) = state.table.next() else {
            drop(self.bell.wait(state));
            return true;
        };
        drop(state);
        self.answer(&question);
        true
    }

    fn answer(&self, question: &Question) {
        let asked_at = (self.timer)();
        let said = self.endpoint.is_active(&question.token);
        self.settle(question, asked_at, said);
    }

    /// The issuer, asked at `asked_at`, has said whether the token is active, or nothing.
    fn settle(&self, question: &Question, asked_at: Duration, said: Result<bool, AskError>) {
        match said {
            Ok(true) => {
                let mut state = self.lock();
                state.table.is_said_active(question, asked_at);
                state.failure = None;
                drop(state);
                question.resolve(Outcome::Active);
            }
            Ok(false) => {
                let outcome = self.inactive(question);
                let mut state = self.lock();
                state.table.close(question);
                state.failure = None;
                drop(state);
                question.resolve(outcome);
            }
            Err(failure) => {
                let mut state = self.lock();
                let dropped = state.table.failed(question, (self.timer)());
                state.failure = Some(Arc::new(failure));
                drop(state);
                question.resolve(Outcome::Failed);
                for question in dropped {
                    question.resolve(Outcome::Failed);
                }
            }
        }
    }

    /// The issuer does not give a token its leeway, and its clock may be ahead: that a token which is about to expire is not
    /// active says nothing about its session.
    fn inactive(&self, question: &Question) -> Outcome {
        if question.expires_at <= (self.clock)().saturating_add(self.leeway) {
            return Outcome::Expired;
        }
        let until = question.expires_at.saturating_add(self.leeway);
        self.forget_expired();
        self.revocations.revoke(&question.session_id, until);
        Outcome::Inactive
    }

    /// Once a minute. The follower does it otherwise, but its feed is late.
    fn forget_expired(&self) {
        let now = (self.timer)();
        let mut state = self.lock();
        let is_due = now.saturating_sub(state.swept_at) >= SWEEP_EVERY;
        if is_due {
            state.swept_at = now;
        }
        drop(state);
        if is_due {
            self.revocations.forget_expired((self.clock)());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.bell.notify_all();
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("issuer", &self.0.endpoint.issuer).finish_non_exhaustive()
    }
}

/// The test takes the turns of the threads.
#[cfg(test)]
impl Asker {
    pub(super) fn spawn_none(&self) {
        self.0.lock().has_threads = true;
    }

    pub(super) fn next(&self) -> Option<Arc<Question>> {
        self.0.lock().table.next()
    }

    pub(super) fn settle(&self, question: &Question, asked_at: Duration, said: Result<bool, AskError>) {
        self.0.settle(question, asked_at, said);
    }
}

/// So many questions at a time.
pub(super) const THREADS: usize = 4;
const SWEEP_EVERY: Duration = Duration::from_secs(60);
