//! [`Alarms`]: wakes futures at set times, on one thread that is started when the first is set. So the guard needs no
//! async runtime.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crate::clock::Timer;

/// Dropped, it ends its thread; what is still set never rings.
pub(crate) struct Alarms(Arc<Shared>);

struct Shared {
    timer: Timer,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    due: BTreeMap<Key, Waker>,
    next_number: u64,
    has_thread: bool,
    is_over: bool,
}

type Key = (Duration, u64);

/// One that is set. Dropped, it does not ring.
pub(crate) struct Alarm {
    shared: Arc<Shared>,
    key: Key,
}

impl Alarms {
    pub(crate) fn new(timer: Timer) -> Self {
        Self(Arc::new(Shared { timer, state: Mutex::default(), bell: Condvar::new() }))
    }

    /// How long the program has run.
    pub(crate) fn now(&self) -> Duration {
        (self.0.timer)()
    }

    /// Wakes `waker` once the program has run for this long.
    ///
    /// # Errors
    /// The system starts no thread.
    pub(crate) fn set(&self, at: Duration, waker: Waker) -> io::Result<Alarm> {
        let mut state = self.0.lock();
        if !state.has_thread {
            let shared = Arc::clone(&self.0);
            let thread = thread::Builder::new().name("countersign-alarms".into());
            thread.spawn(move || while shared.turn() {})?;
            state.has_thread = true;
        }
        let key = (at, state.next_number);
        state.next_number += 1;
        state.due.insert(key, waker);
        if state.due.first_key_value().is_some_and(|(first, _)| *first == key) {
            self.0.bell.notify_one();
        }
        Ok(Alarm { shared: Arc::clone(&self.0), key })
    }
}

impl Shared {
    /// Rings what is due, and waits for what is not; false at the end.
    fn turn(&self) -> bool {
        let mut state = self.lock();
        if state.is_over {
            return false;
        }
        let now = (self.timer)();
        let mut due = Vec::new();
        while let Some(first) = state.due.first_entry().filter(|first| first.key().0 <= now) {
            due.push(first.remove());
        }
        if !due.is_empty() {
            drop(state); // a waker may run anything
            due.into_iter().for_each(Waker::wake);
            return true;
        }
        match state.due.first_key_value() {
            // The timer may be another than the system's: look again at times.
            Some(((next, _), _)) => {
                let pause = next.saturating_sub(now).min(LONGEST_PAUSE);
                drop(self.bell.wait_timeout(state, pause));
            }
            None => drop(self.bell.wait(state)),
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Alarms {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.bell.notify_one();
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let waker = self.shared.lock().due.remove(&self.key);
        drop(waker); // not under the lock
    }
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alarm").field("at", &self.key.0).finish_non_exhaustive()
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::task::Wake;

    use super::*;

    struct Ring(&'static str, Sender<&'static str>);

    impl Wake for Ring {
        fn wake(self: Arc<Self>) {
            self.1.send(self.0).unwrap();
        }
    }

    #[test]
    fn alarms_ring_in_their_order_and_not_when_dropped() {
        let (rings, heard) = channel();
        let alarms = Alarms::new(crate::clock::run_time());
        let set = |name, milliseconds| {
            let waker = Waker::from(Arc::new(Ring(name, rings.clone())));
            alarms.set(Duration::from_millis(milliseconds), waker).unwrap()
        };
        let (_far, _late, _early, dropped) =
            (set("far", 1_000_000), set("late", 60), set("early", 30), set("dropped", 40));
        drop(dropped);
        assert_eq!((heard.recv().unwrap(), heard.recv().unwrap()), ("early", "late"));
        let _at_once = set("at once", 0);
        assert_eq!(heard.recv().unwrap(), "at once");
        assert_eq!(alarms.0.lock().due.len(), 1, "the far one");
    }

    #[test]
    fn the_thread_ends_with_the_guard() {
        let alarms = Alarms::new(crate::clock::run_time());
        let alarm = alarms.set(Duration::MAX, Waker::noop().clone()).unwrap();
        let shared = Arc::downgrade(&alarms.0);
        drop((alarms, alarm));
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
