//! [`Question`]: whether the session of one token goes on. All requests with that token wait for the same question.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Active,
    /// The session has ended.
    Inactive,
    /// The token alone is not good any longer.
    Expired,
    /// There is no answer.
    Failed,
}

pub(crate) struct Question {
    pub(crate) session_id: Box<str>,
    pub(crate) token: Box<str>,
    /// The token's expiry in Unix seconds.
    pub(crate) expires_at: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    waiting: Vec<Waker>,
}

impl Question {
    pub(crate) fn new(session_id: &str, token: &str, expires_at: i64) -> Self {
        Self { session_id: session_id.into(), token: token.into(), expires_at, state: Mutex::default() }
    }

    /// The outcome; while there is none, `waker` is woken when there is. `place` is the caller's among those who wait.
    pub(crate) fn outcome(&self, waker: &Waker, place: &mut Option<usize>) -> Option<Outcome> {
        let mut state = self.lock();
        if state.outcome.is_none() {
            let place = *place.get_or_insert(state.waiting.len());
            match state.waiting.get_mut(place) {
                Some(known) => known.clone_from(waker),
                None => state.waiting.push(waker.clone()),
            }
        }
        state.outcome
    }

    pub(crate) fn resolve(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.outcome = Some(outcome);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state); // a waker may run anything
        waiting.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
