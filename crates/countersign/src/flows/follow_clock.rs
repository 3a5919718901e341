//! The time where several machines share a store: that of the store, so that no session is idle on one node and alive
//! on another. Each node asks when it starts and every ten seconds, and goes by its own monotonic clock in between.

use crate::Countersign;
use crate::base::clock::Clock;
use crate::base::following::Sample;
use crate::flows::clock_notice::ClockOffset;
use crate::store::{Store, StoreError};

/// Why there is no clock to go by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// This machine and the database that it shares with others are more than 30 s apart.
    #[error("this machine's clock says {}, the database's {}: set the one that is wrong", .0.here, .0.database)]
    Apart(ClockOffset),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The clock to go by: this one, or one that follows the store's. One that a test turns by hand is left alone.
///
/// # Errors
/// Every variant of [`ClockError`].
pub(crate) async fn clock_for(store: &impl Store, clock: Clock) -> Result<Clock, ClockError> {
    if clock.is_manual() {
        return Ok(clock);
    }
    let Some(sample) = ask(store, &clock).await? else { return Ok(clock) };
    let offset = offset(&clock, sample);
    if offset.is_refused() {
        return Err(ClockError::Apart(offset));
    }
    Ok(Clock::following(clock, sample))
}

impl<S: Store> Countersign<S> {
    /// Asks the store for the time, where several machines share it, and goes by that from now on. The log says when
    /// this machine's own clock is more than two seconds off.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; the time goes on as before.
    pub async fn follow_clock(&self) -> Result<(), StoreError> {
        if self.clock.is_manual() {
            return Ok(());
        }
        if let Some(sample) = ask(&self.store, &self.clock).await? {
            self.clock.follow(sample);
            self.clock_notice.say(offset(&self.clock, sample));
        }
        Ok(())
    }
}

/// Some questions one after the other; the best answer.
async fn ask(store: &impl Store, clock: &Clock) -> Result<Option<Sample>, StoreError> {
    let mut samples = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let asked = clock.monotonic();
        let Some(remote) = store.time().await? else { return Ok(None) };
        samples.push(Sample { asked, answered: clock.monotonic(), remote });
    }
    Ok(Sample::fastest(&samples))
}

/// What this machine's own clock said at the moment of the answer.
fn offset(clock: &Clock, sample: Sample) -> ClockOffset {
    let local = clock.local();
    let since = local.monotonic().saturating_sub(sample.middle());
    ClockOffset { here: local.now().minus(since), database: sample.remote }
}

const QUESTIONS: usize = 8;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::clock::Timestamp;

    /// The answer is old when it is compared.
    #[test]
    fn the_offset_is_that_of_the_moment_of_the_answer() {
        let clock = Clock::manual(Timestamp::from_unix_millis(10_000));
        let (asked, answered) = (Duration::from_secs(4), Duration::from_secs(6));
        let sample = Sample { asked, answered, remote: Timestamp::from_unix_millis(7_000) };
        assert_eq!(offset(&clock, sample).ahead(), 2_000);
        let following = Clock::following(clock, sample);
        assert_eq!((offset(&following, sample).ahead(), following.now().as_unix_millis()), (2_000, 12_000));
    }
}
