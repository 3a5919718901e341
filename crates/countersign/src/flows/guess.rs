//! The counts of failed attempts beyond one attempt: stored, learnt from other processes, forgiven, and
//! written to the audit log in bulk. A single attempt goes through [`attempt`](super::attempt).

use std::sync::atomic::Ordering;

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::digest::mac16;
use crate::base::requester::{AccountKey, Requester};
use crate::model::account::Username;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::{Actor, Context};
use crate::store::{Store, StoreError};

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
        let event = AuditEvent::new(AuditKind::LoginThrottled).with_detail(format!("{refused} attempts"));
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

    /// Stores the counts that have changed (TH-6). They stay in memory whatever happens: a store that does
    /// not answer is asked again with the next ones.
    pub(crate) async fn save_guesses(&self) -> Result<(), StoreError> {
        let unsaved = self.throttle.take_unsaved(AT_ONCE);
        if !unsaved.records().is_empty() {
            self.store.save_throttle(unsaved.records().to_vec()).await?;
        }
        unsaved.saved();
        Ok(())
    }

    /// Takes over the stored counts since `since`: from before a restart, or of other nodes.
    pub(crate) async fn learn_guesses(&self, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let records = self.store.throttle_records(since, self.options.throttle.max_records_u32()).await?;
        self.throttle.restore(&records, now);
        Ok(())
    }

    /// Forgives the failures of an account whose password was set by an administrator.
    pub(crate) fn forgive_guesses(&self, username: &Username, now: Timestamp) {
        self.throttle.forgive(self.account_key(username.canonical()), now);
    }

    /// The keyed hash that stands for the name, whether it exists or not (EN-3, TH-4).
    pub(crate) fn account_key(&self, canonical_name: &str) -> AccountKey {
        AccountKey::from_bytes(mac16(&self.account_names, &[canonical_name.as_bytes()]))
    }
}

const AT_ONCE: usize = 1_000;
