//! How often a secret may be tried (TH-1 to TH-10). An attempt is reserved *before* its hash is computed, so
//! that guesses in parallel cannot outrun the count; it counts as failed until it is said to have succeeded,
//! so a client that hangs up has failed.
//!
//! ```text
//!                  ┌ known device, budget left ──► its own count, and that of the account's known devices together
//! reserve ─────────┤
//!                  └ anything else ──► the account's count from unknown devices: wait from the 5th, stop at the 80th
//!                                      the network's and the neighbourhood's rate
//!                                      first failures of ever new accounts: spraying, tighter rates
//! ```
//! An attempt that is refused only because others are not decided yet may wait for their outcome ([`Turn`]):
//! six right sign-ins at the same moment are six sign-ins. At no time are more attempts looked at than the
//! count allows.
//!
//! Ten thousand wrong guesses from elsewhere therefore never shut out a device that has signed in before
//! (TH-2). The eighty and the twenty that all known devices have together are the hundred consecutive
//! failures that an account ever has (TH-1). A name that nobody has is counted like any other (EN-3): the key
//! is a hash of the name, and nobody here knows who exists.
//!
//! Counts live in memory, bounded. What changes is handed out by [`Throttle::take_unsent`], added to what a store
//! keeps for all processes that share it, and the totals come back by [`Throttle::learn`], as they do after a restart
//! (TH-6). So guesses over several nodes are limited like those on one; what is not known yet is what the others
//! count between two exchanges. Rates of networks are not shared: they are over in minutes.

pub mod exchange;
pub(crate) mod mails;
mod options;
mod rate;
mod record;
mod rule;
mod state;
mod undecided;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;

pub use exchange::{ThrottleDelta, ThrottleExchange};
pub use options::{Rate, ThrottleOptions, WhenStopped};
#[cfg(feature = "internal-testing")]
pub use record::Pardon;
pub use record::{Guess, ThrottleKey, ThrottleRecord};

use crate::base::clock::Timestamp;
use crate::base::out_of_range::OutOfRange;
use crate::base::requester::AccountKey;
use state::{Refusal, Reserved, State};
use undecided::Count;

/// Counts attempts. Clones share the counts.
#[derive(Clone, Debug)]
pub struct Throttle(Arc<Mutex<State>>);

/// Too many attempts: no hash is computed, and whether the password was right is not said (TH-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts")]
#[non_exhaustive]
pub struct Throttled {
    /// When it makes sense to try again: whole seconds, at least one and at most a day.
    pub retry_after: Duration,
}

impl Throttle {
    /// A throttle that has counted nothing yet.
    ///
    /// # Errors
    /// [`OutOfRange`] as [`ThrottleOptions::check`].
    pub fn new(options: ThrottleOptions) -> Result<Self, OutOfRange> {
        options.check()?;
        Ok(Self(Arc::new(Mutex::new(State::new(options)))))
    }

    /// The figures in force.
    #[must_use]
    pub fn options(&self) -> ThrottleOptions {
        self.lock().options()
    }

    /// Goes by other figures from now on. What has been counted stays counted. The places to wait
    /// ([`ThrottleOptions::max_waiting`]) stay as they were.
    ///
    /// # Errors
    /// [`OutOfRange`] as [`ThrottleOptions::check`]; nothing is changed then.
    pub fn set_options(&self, options: ThrottleOptions) -> Result<(), OutOfRange> {
        options.check()?;
        self.lock().set_options(options);
        Ok(())
    }

    /// Counts an attempt as failed, before anything is computed. Settle the reservation afterwards.
    ///
    /// # Errors
    /// [`Refused`] when there were too many; that attempt is not counted and must not be looked at.
    pub fn reserve(&self, guess: &Guess, now: Timestamp) -> Result<Reservation, Refused> {
        let mut state = self.lock();
        let Refusal { wait, undecided } = match state.reserve(guess, now) {
            Ok(reserved) => {
                return Ok(Reservation { throttle: self.clone(), reserved, is_settled: false });
            }
            Err(refusal) => refusal,
        };
        let turn = undecided.and_then(|count| Some((count, state.undecided.wait(count)?)));
        let turn =
            turn.map(|(count, decided)| Turn { throttle: self.clone(), count, decided: Box::pin(decided) });
        let seconds = wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX);
        let retry_after = Duration::from_secs(seconds).clamp(Duration::from_secs(1), options::DAY);
        Err(Refused { retry_after, turn })
    }

    /// Forgives the failures of an account whose password an administrator has set, here and, once it is
    /// stored, in every process that shares the store.
    pub fn forgive(&self, account: AccountKey, now: Timestamp) {
        self.lock().forgive(account, now);
    }

    /// What the store does not know yet, at most `limit` keys: send it, and say so with the totals that come back.
    pub fn take_unsent(&self, limit: usize) -> Unsent {
        let deltas = self.lock().take_unsent(limit);
        Unsent { throttle: self.clone(), deltas }
    }

    /// Takes over totals that a store has: of all processes, and from before a restart. Those that are older than
    /// what is known here change nothing.
    pub fn learn(&self, totals: &[ThrottleRecord], now: Timestamp) {
        self.lock().learn(totals, now);
    }

    /// Whether failures are spread over so many accounts now that it looks like spraying (TH-9).
    #[must_use]
    pub fn spray_suspected(&self) -> bool {
        self.lock().spraying()
    }

    /// How many accounts and devices have failures that are remembered.
    pub(crate) fn records(&self) -> usize {
        self.lock().records()
    }

    /// Whether spraying has come up since the last call: `true` once each time, for the audit log. It has to
    /// be over before it comes up again, so this happens every few minutes at most (LG-7).
    #[must_use]
    pub fn take_spray_alarm(&self) -> bool {
        std::mem::take(&mut self.lock().alarm)
    }

    /// The alarm could not be written down: [`Throttle::take_spray_alarm`] gives it again.
    pub fn keep_spray_alarm(&self) {
        self.lock().alarm = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt that was not counted.
#[derive(Debug)]
pub struct Refused {
    /// When it makes sense to try again: whole seconds, at least one and at most a day.
    pub retry_after: Duration,
    /// Where the attempt would be counted if no undecided one failed: a place to wait for their outcome.
    pub turn: Option<Turn>,
}

/// A place to wait for the outcome of attempts that are being checked. Dropped, it is free for another.
#[must_use = "wait for it, or the attempt is refused"]
#[derive(Debug)]
pub struct Turn {
    throttle: Throttle,
    count: Count,
    decided: Pin<Box<OwnedNotified>>,
}

impl Turn {
    /// Ends when one of those attempts has been decided since this place was taken. Then ask
    /// [`Throttle::reserve`] again.
    pub async fn wait(&mut self) {
        self.decided.as_mut().await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.throttle.lock().undecided.leave(self.count);
    }
}

/// An attempt that may be made, already counted as failed. Dropped unsettled, it stays so (TH-3).
#[must_use = "settle the attempt; dropped, it counts as failed"]
#[derive(Debug)]
pub struct Reservation {
    throttle: Throttle,
    reserved: Reserved,
    is_settled: bool,
}

impl Reservation {
    /// Whether it counts for a known device: then it has its own place in the hashing queue as well
    /// ([`Requester::known_device`](crate::base::requester::Requester::known_device)).
    #[must_use]
    pub const fn is_known_device(&self) -> bool {
        self.reserved.is_known_device()
    }

    /// The password was right: the failures that this attempt would have added to are forgotten, and those of
    /// its device; no others are (TH-3). `true` if there were any: then other processes are to hear of it.
    #[must_use]
    pub fn succeeded(mut self) -> bool {
        self.is_settled = true;
        self.throttle.lock().succeeded(&self.reserved)
    }

    /// The password was wrong: it stays counted.
    pub fn failed(self) {}

    /// The password was not checked, because the server was overloaded or the store was down: it is not
    /// counted.
    pub fn not_checked(mut self) {
        self.is_settled = true;
        self.throttle.lock().not_checked(&self.reserved);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.is_settled {
            self.throttle.lock().failed(&self.reserved);
        }
    }
}

/// What the store does not know yet. Dropped without [`Unsent::sent`], because the store did not answer or the caller
/// went away, it is handed out again (TH-6): if the store had taken it all the same, it is counted twice.
#[must_use = "send it and say so"]
#[derive(Debug)]
pub struct Unsent {
    throttle: Throttle,
    deltas: Vec<ThrottleDelta>,
}

impl Unsent {
    /// What was counted, for each key.
    #[must_use]
    pub fn deltas(&self) -> &[ThrottleDelta] {
        &self.deltas
    }

    /// The store has it; these are its totals.
    pub fn sent(mut self, totals: &[ThrottleRecord], now: Timestamp) {
        self.deltas.clear();
        self.throttle.learn(totals, now);
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.throttle.lock().keep_unsent(std::mem::take(&mut self.deltas));
    }
}

#[cfg(test)]
mod tests;
