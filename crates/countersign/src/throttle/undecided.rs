//! Attempts whose outcome is not known yet. Until it is, each is counted as failed (TH-3), so that guesses in
//! parallel cannot outrun the count. An attempt that is refused only because of them can wait for their
//! outcome instead: it holds a [`Turn`], which is over as soon as one of them is decided. Then it asks again.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::record::ThrottleKey;
use crate::base::requester::Network;

/// Where an attempt is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Count {
    Failures(ThrottleKey),
    Network(Network),
    Neighbourhood(Network),
}

/// The undecided attempts of all counts: no more than there are requests in progress.
#[derive(Debug)]
pub(super) struct Undecided {
    attempts: HashMap<Count, Attempts>,
    waiting: usize,
    max_waiting: usize,
}

#[derive(Debug, Default)]
struct Attempts {
    number: u32,
    waiting: usize,
    decided: Arc<Notify>,
}

impl Undecided {
    pub(super) fn new(max_waiting: usize) -> Self {
        Self { attempts: HashMap::new(), waiting: 0, max_waiting }
    }

    pub(super) fn begin(&mut self, count: Count) {
        let attempts = self.attempts.entry(count).or_default();
        attempts.number = attempts.number.saturating_add(1);
    }

    /// One is decided. Whoever waits for it asks again.
    pub(super) fn end(&mut self, count: Count) {
        let Some(attempts) = self.attempts.get_mut(&count) else { return };
        attempts.number = attempts.number.saturating_sub(1);
        attempts.decided.notify_waiters();
        self.forget_if_empty(count);
    }

    pub(super) fn number(&self, count: Count) -> u32 {
        self.attempts.get(&count).map_or(0, |attempts| attempts.number)
    }

    /// A place to wait for the next decision, unless too many wait already: a quarter of all places at one
    /// count (LM-11).
    pub(super) fn wait(&mut self, count: Count) -> Option<OwnedNotified> {
        let attempts = self.attempts.get_mut(&count)?;
        if self.waiting >= self.max_waiting || attempts.waiting >= self.max_waiting / 4 {
            return None;
        }
        self.waiting += 1;
        attempts.waiting += 1;
        // Made under the lock of the counts, so that no decision falls between the refusal and the wait.
        Some(Arc::clone(&attempts.decided).notified_owned())
    }

    pub(super) fn leave(&mut self, count: Count) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Some(attempts) = self.attempts.get_mut(&count) {
            attempts.waiting = attempts.waiting.saturating_sub(1);
        }
        self.forget_if_empty(count);
    }

    fn forget_if_empty(&mut self, count: Count) {
        let is_empty = |attempts: &Attempts| attempts.number == 0 && attempts.waiting == 0;
        if self.attempts.get(&count).is_some_and(is_empty) {
            self.attempts.remove(&count);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.attempts.is_empty() && self.waiting == 0
    }
}
