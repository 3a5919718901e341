//! A bounded queue between the callers and the threads that own database connections. Full means no, at once: memory
//! never grows with the load (LM-11).

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub(in crate::store::sqlite) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    capacity: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// The queue is full or closed.
pub(in crate::store::sqlite) struct Rejected;

impl<T> Queue<T> {
    pub(in crate::store::sqlite) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), closed: false }),
            filled: Condvar::new(),
            capacity,
        }
    }

    /// Adds an item, or refuses at once.
    pub(in crate::store::sqlite) fn push(&self, item: T) -> Result<(), Rejected> {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.capacity {
            return Err(Rejected);
        }
        state.waiting.push_back(item);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for items and moves up to `max` of them to the end of `taken`. `false` once it is closed and empty.
    pub(in crate::store::sqlite) fn take(&self, max: usize, taken: &mut Vec<T>) -> bool {
        let mut state = self
            .filled
            .wait_while(self.lock(), |state| state.waiting.is_empty() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let count = state.waiting.len().min(max);
        taken.extend(state.waiting.drain(..count));
        count > 0
    }

    /// How many wait.
    pub(in crate::store::sqlite) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes no more items; those that wait are still served.
    pub(in crate::store::sqlite) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
