//! [`Refresher`]: does what the schedule says, one fetch at a time.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::schedule::Step;
use super::shared::Shared;
use super::source::Source;
use crate::clock::Chance;

/// Keeps the keys of one issuer fresh. A guard that was [started](super::GuardBuilder::start) has a thread
/// for it; one that was [built](super::GuardBuilder::build) leaves that to its caller. When it is dropped the
/// guard loses its keys, since it would no longer learn that one was withdrawn.
#[must_use]
pub struct Refresher {
    shared: Arc<Shared>,
    source: Source,
    chance: Chance,
}

impl Refresher {
    pub(super) const fn new(shared: Arc<Shared>, source: Source, chance: Chance) -> Self {
        Self { shared, source, chance }
    }

    /// Does all that is due. Returns how long nothing else is due; `None` once the guard is gone.
    /// Blocks the thread while it fetches.
    ///
    /// An unknown key ID can make something due earlier: call it again every few seconds at the latest.
    pub fn turn(&mut self) -> Option<Duration> {
        loop {
            match self.shared.step()? {
                (Step::WaitUntil(_), pause) => return Some(pause),
                (Step::Forget, _) => {
                    self.source.found = None; // or a 304 would confirm keys that are gone
                    self.shared.forget_keys();
                }
                (Step::Fetch, _) => self.shared.finish(self.source.fetch(), (self.chance)()),
            }
        }
    }

    /// Takes turns on a thread of its own until the guard is gone.
    pub(super) fn spawn(mut self) -> io::Result<()> {
        let thread = thread::Builder::new().name("countersign-keys".into());
        thread.spawn(move || {
            while let Some(pause) = self.turn() {
                self.shared.rest(pause);
            }
        })?;
        Ok(())
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        self.shared.forget_keys();
    }
}

impl fmt::Debug for Refresher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher").field("source", &self.source).finish_non_exhaustive()
    }
}
