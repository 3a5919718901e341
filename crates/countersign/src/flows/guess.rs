//! The counts of failed attempts beyond one attempt: stored, learnt from other processes, forgiven, and
//! written to the audit log in bulk. A single attempt goes through [`attempt`](super::attempt).

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::digest::mac16;
use crate::base::out_of_range::OutOfRange;
use crate::base::requester::{AccountKey, Requester};
use crate::flows::attempt::Guessed;
use crate::model::account::Username;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::{Actor, Context};
use crate::store::{Store, StoreError};
use crate::throttle::{ThrottleExchange, ThrottleOptions};

impl<S: Store> Countersign<S> {
    /// Records the number of attempts refused since the last call, in one event.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; the next call includes them.
    pub async fn record_throttled(&self, now: Timestamp) -> Result<(), StoreError> {
        let refused = self.throttled.swap(0, Ordering::Relaxed);
        if refused == 0 {
            return Ok(());
        }
        let event = AuditEvent::new(AuditKind::LoginThrottled).with_detail(match refused {
            1 => "1 attempt".to_owned(),
            _ => format!("{refused} attempts"),
        });
        let recorded = self.store.record(event, &Context::local(Actor::System, now)).await;
        if recorded.is_err() {
            self.throttled.fetch_add(refused, Ordering::Relaxed);
        }
        recorded
    }

    /// The requester for the hash of a new password, which is no guess.
    pub(crate) fn requester(&self, username: &Username, context: &Context) -> Requester {
        let account = self.account_key(username.canonical());
        Requester { client: context.address, account, known_device: false }
    }

    /// Records that failed sign-ins are spread over many accounts, once each time that it begins (TH-9).
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; the next call tries again.
    pub async fn record_spraying(&self, now: Timestamp) -> Result<(), StoreError> {
        if !self.throttle.take_spray_alarm() {
            return Ok(());
        }
        let event = AuditEvent::new(AuditKind::SpraySuspected);
        let recorded = self.store.record(event, &Context::local(Actor::System, now)).await;
        if recorded.is_err() {
            self.throttle.keep_spray_alarm();
        }
        recorded
    }

    /// Shares the failed sign-ins that were counted here with the other processes on the store, and takes over what they
    /// have counted lately (TH-6).
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; nothing is lost, and the next call tries again.
    pub async fn follow_guesses(&self, now: Timestamp) -> Result<(), StoreError> {
        self.exchange_guesses().await?;
        self.learn_guesses(now.minus(RECENT), now).await
    }

    /// Slows guessing down by other figures from now on; [`Options::throttle`](crate::Options) stays what it was at the start.
    ///
    /// # Errors
    /// [`OutOfRange`] as [`ThrottleOptions::check`]; nothing is changed then.
    pub fn set_throttle(&self, options: ThrottleOptions) -> Result<(), OutOfRange> {
        self.throttle.set_options(options)
    }

    /// Tells the store what was counted here and learns the totals. What it does not take stays in memory, and is sent
    /// with the next.
    pub(crate) async fn exchange_guesses(&self) -> Result<(), StoreError> {
        let unsent = self.throttle.take_unsent(AT_ONCE);
        if unsent.deltas().is_empty() {
            return Ok(());
        }
        let (deltas, now) = (unsent.deltas().to_vec(), self.clock.now());
        let exchange = ThrottleExchange { deltas, now, options: self.throttle.options() };
        let totals = self.store.exchange_throttle(exchange).await?;
        unsent.sent(&totals, now);
        Ok(())
    }

    /// Takes over what is stored since `since`: from before a restart, or of other processes.
    pub(crate) async fn learn_guesses(&self, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let totals = self.store.throttle_records(since, self.throttle.options().max_records_u32()).await?;
        self.throttle.learn(&totals, now);
        Ok(())
    }

    /// Forgives the failures of an account whose password was set by an administrator.
    pub(crate) fn forgive_guesses(&self, username: &Username, now: Timestamp) {
        self.throttle.forgive(self.account_key(username.canonical()), now);
    }

    /// Forgives the wrong codes of an account whose second factors were reset by an administrator.
    pub(crate) fn forgive_factor_guesses(&self, username: &Username, now: Timestamp) {
        let counted = Guessed::second_factor(username.canonical()).counted_name();
        self.throttle.forgive(self.account_key(&counted), now);
    }

    /// The keyed hash that stands for the name, whether it exists or not (EN-3, TH-4).
    pub(crate) fn account_key(&self, canonical_name: &str) -> AccountKey {
        AccountKey::from_bytes(mac16(&self.account_names, &[canonical_name.as_bytes()]))
    }
}

const AT_ONCE: usize = 1_000;
/// What other processes may have counted since the last turn, with time to spare.
const RECENT: Duration = Duration::from_mins(1);
