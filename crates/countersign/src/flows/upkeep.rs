//! What has to happen now and then: take over what other processes ended and counted, rotate keys, delete
//! what nothing needs.

use std::time::Duration;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::model::retention::{Sweep, Swept};
use crate::store::{Store, StoreError};

impl<S: Store> Countersign<S> {
    /// Runs the upkeep until it is dropped: spawn it once beside the routes. A store that does not answer is
    /// asked again at the next turn; no error ends the loop.
    pub async fn run_upkeep(&self) {
        futures_util::future::join5(
            Box::pin(self.run_turns()),
            self.run_following(),
            self.report_node(),
            self.feed.run(),
            self.run_deliveries(),
        )
        .await;
    }

    /// Apart from the turns, which take as long as the store: a node that is silent for a minute is taken for gone (DB-5).
    async fn report_node(&self) {
        loop {
            report("report this node", self.store.report_node().await);
            report("report the master keys", self.report_master_keys(self.clock.now()).await);
            tokio::time::sleep(REPORT_EVERY).await;
        }
    }

    async fn run_turns(&self) {
        let (mut turn, mut may_sweep, mut shed, mut sweeping) = (0u32, false, 0, Sweeping::default());
        let mut is_chaining = false;
        loop {
            let now = self.clock.now();
            report("follow feed keys", self.follow_feed_keys().await);
            report("follow signing keys", self.follow_keys(now).await);
            if turn.is_multiple_of(KEYS_EVERY) {
                report("follow failed sign-ins", self.follow_guesses(now).await);
                report("record refused sign-ins", self.record_throttled(now).await);
                self.log_shed(&mut shed);
                report("record spraying", self.record_spraying(now).await);
                report("record uses of API keys", self.record_key_uses().await);
                report("maintain keys", self.maintain_keys(now).await);
                self.guard.revocations().forget_expired(now.as_unix_seconds());
                self.note_activity();
            }
            if turn % STORE_EVERY == STORE_EVERY - 1 {
                report("store what has happened", self.store_activity().await);
            }
            if turn.is_multiple_of(CLOCK_EVERY) {
                report("follow the clock", self.follow_clock().await);
                may_sweep = self.may_sweep().await;
            }
            if turn.is_multiple_of(SWEEP_EVERY) || self.hasher.take_new_hash_kind() {
                report("learn what hashes cost", self.learn_hash_costs().await);
            }
            if may_sweep && (is_chaining || turn.is_multiple_of(KEYS_EVERY)) {
                let chained = self.chain_audit().await;
                is_chaining = matches!(chained, Ok(true));
                report("chain the audit log", chained.map(drop));
            }
            if may_sweep && turn % DELETE_EVERY == DELETE_EVERY - 1 {
                report("delete accounts whose grace is over", self.delete_due_accounts(now).await);
            }
            if sweeping.is_due(turn, may_sweep) {
                // One batch a turn: what is above must not wait for a large sweep.
                let swept = self.sweep_some(now).await;
                sweeping.took(swept.as_ref().ok());
                report("sweep", swept.map(drop));
            }
            turn = turn.wrapping_add(1);
            tokio::time::sleep(TURN).await;
        }
    }

    /// Whether the store can be read and written now, for a readiness probe (LM-9).
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn check_ready(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store.check(now).await
    }

    /// Deletes sessions, revocations and audit events that nothing needs any more, until none is left.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; what was deleted until then stays deleted.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        while self.sweep_some(now).await?.more {}
        Ok(())
    }

    /// Logs how many sign-ins the hashing pool has refused since the last time: one line, however many there
    /// were (LG-7).
    fn log_shed(&self, seen: &mut u64) {
        let refused = self.hasher.stats().refused;
        let shed = refused - std::mem::replace(seen, refused);
        if shed > 0 {
            tracing::warn!(shed, "password hashing overloaded: rejected sign-ins with 503");
        }
    }

    /// Of several nodes, one sweeps.
    async fn may_sweep(&self) -> bool {
        let asked = self.store.may_sweep().await;
        let may = asked.as_ref().is_ok_and(|may| *may);
        report("agree on who sweeps", asked.map(drop));
        may
    }

    /// Deletes one small batch, so that no request waits long for it.
    async fn sweep_some(&self, now: Timestamp) -> Result<Swept, StoreError> {
        let sweep = Sweep {
            now,
            keep_sessions: KEEP_ENDED_SESSIONS,
            keep_audit: self.options.keep_audit,
            // Counts that make an account wait are kept (TH-1, TH-6).
            few_failures: self.throttle.options().delay_from,
            batch: 500,
        };
        let swept = self.store.sweep(sweep).await?;
        self.note_swept(now, swept);
        Ok(swept)
    }
}

/// Where the present sweep is.
#[derive(Default)]
struct Sweeping {
    is_going_on: bool,
    /// How many batches it had so far, or has had.
    batches: u32,
    /// Deleted, and not logged yet.
    rows: usize,
    /// How many batches have failed, one after the other.
    failures: u32,
    /// How many turns there is no batch.
    pause: u32,
}

impl Sweeping {
    /// Begins every ten minutes. A small store is swept every minute, so that the number of sessions alive is fresh. It goes on
    /// until it is through, as soon as it may and the store answers: a node that takes over sweeps at once.
    fn is_due(&mut self, turn: u32, may_sweep: bool) -> bool {
        let every = if self.batches <= FEW_BATCHES { SWEEP_SMALL_EVERY } else { SWEEP_EVERY };
        if !self.is_going_on && turn.is_multiple_of(every) {
            (self.is_going_on, self.batches) = (true, 0);
        }
        if turn.is_multiple_of(SWEEP_EVERY) && self.rows > 0 {
            tracing::info!(rows = std::mem::take(&mut self.rows), "deleted what nothing needs any more");
        }
        self.pause = self.pause.saturating_sub(1);
        self.is_going_on && may_sweep && self.pause == 0
    }

    /// After a failure there is no batch for a second, after each further one twice as long, at most a minute.
    fn took(&mut self, swept: Option<&Swept>) {
        let Some(swept) = swept else {
            self.pause = (KEYS_EVERY << self.failures.min(6)).min(SWEEP_SMALL_EVERY);
            self.failures += 1;
            return;
        };
        self.failures = 0;
        self.is_going_on = swept.more;
        self.batches += 1;
        self.rows += swept.deleted;
    }
}

fn report<E: std::error::Error + 'static>(what: &str, result: Result<(), E>) {
    if let Err(error) = result {
        tracing::warn!(what, error = &error as &dyn std::error::Error, "upkeep failed, will be tried again");
    }
}

/// SECURITY: a signing key that another process has withdrawn is refused within this time (KM-3), and the followers of a
/// feed key that it has removed are cut off.
const TURN: Duration = Duration::from_millis(200);
/// Every second: a key made by the command line is published well before it signs.
const KEYS_EVERY: u32 = 5;
const REPORT_EVERY: Duration = Duration::from_secs(15);
/// Every ten seconds: a clock drifts by less than a millisecond in that time, and of 30 s without a sign of life, after
/// which another node sweeps, two signs may be lost.
const CLOCK_EVERY: u32 = 5 * 10;
/// Every ten minutes.
const SWEEP_EVERY: u32 = 5 * 600;
/// Some 50,000 sessions at most, in two seconds.
const FEW_BATCHES: u32 = 10;
const SWEEP_SMALL_EVERY: u32 = 5 * 60;
/// Every ten seconds, and not in the same turn as the sweep begins.
const DELETE_EVERY: u32 = 5 * 10;
/// Every minute.
const STORE_EVERY: u32 = 5 * 60;
/// Long enough to answer `session_expired` and not `invalid_refresh_token` to a device that was away.
const KEEP_ENDED_SESSIONS: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(more: bool) -> Swept {
        Swept { deleted: 1, more, alive: 0 }
    }

    /// The turns at which there is a batch, which comes out like this.
    fn batches(sweeping: &mut Sweeping, turns: std::ops::Range<u32>, swept: Option<&Swept>) -> Vec<u32> {
        let due = |turn: &u32| {
            let is_due = sweeping.is_due(*turn, true);
            if is_due {
                sweeping.took(swept);
            }
            is_due
        };
        turns.filter(due).collect()
    }

    #[test]
    fn a_sweep_that_fails_is_tried_again_soon_and_then_less_often() {
        let mut sweeping = Sweeping::default();
        let failed = batches(&mut sweeping, 0..1_100, None);
        assert_eq!(failed, [0, 5, 15, 35, 75, 155, 315, 615, 915], "in turns of 0.2 s");
        let soon = batches(&mut sweeping, 1_100..1_220, Some(&batch(true)));
        assert_eq!(soon, [1_215, 1_216, 1_217, 1_218, 1_219], "it goes on");
        assert_eq!(batches(&mut sweeping, 1_220..1_222, Some(&batch(false))), [1_220], "and is through");
        assert_eq!(batches(&mut sweeping, 1_222..1_510, None), [1_500, 1_505], "the next begins in time");
    }

    #[test]
    fn a_node_that_may_sweep_later_begins_then() {
        let mut sweeping = Sweeping::default();
        assert!((0..50).all(|turn| !sweeping.is_due(turn, false)));
        assert!(sweeping.is_due(50, true));
    }
}
