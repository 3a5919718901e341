//! The counts of failed attempts beyond one attempt: stored, learnt from other processes, forgiven, and written to the
//! audit log in bulk. A single attempt goes through [`attempt`](super::attempt).

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
    /// Writes down how many attempts were refused since the last time, in one event.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; they are counted on then.
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

    /// On whose behalf a hash is computed that nobody can guess with: a new password.
    pub(crate) fn requester(&self, username: &Username, context: &Context) -> Requester {
        let account = self.account_key(username.canonical());
        Requester { client: context.address, account, known_device: false }
    }

    /// Writes down that failed sign-ins are spread over many accounts, once each time that it comes up (TH-9).
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer; it is written down the next time then.
    pub async fn record_spraying(&self, now: Timestamp) -> Result<(), StoreError> {
        if !self.throttle.take_spray_alarm() {
            return Ok(());
        }
        tracing::warn!("failed sign-ins are spread over many accounts: password spraying is suspected");
        let event = AuditEvent::new(AuditKind::SpraySuspected);
        let recorded = self.store.record(event, &Context::local(Actor::System, now)).await;
        if recorded.is_err() {
            self.throttle.keep_spray_alarm();
        }
        recorded
    }

    /// Stores the counts that have changed (TH-6). They stay in memory whatever happens: a store that does not answer
    /// is asked again with the next ones.
    pub(crate) async fn save_guesses(&self) -> Result<(), StoreError> {
        let unsaved = self.throttle.take_unsaved(AT_ONCE);
        if !unsaved.records().is_empty() {
            self.store.save_throttle(unsaved.records().to_vec()).await?;
        }
        unsaved.saved();
        Ok(())
    }

    /// Takes over the counts of before a restart, or those of other nodes since `since`.
    pub(crate) async fn learn_guesses(&self, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let records = self.store.throttle_records(since, self.options.throttle.max_records_u32()).await?;
        self.throttle.restore(&records, now);
        Ok(())
    }

    /// Somebody who may has set a new password: guesses at the old one do not count any more.
    pub(crate) fn forgive_guesses(&self, username: &Username, now: Timestamp) {
        self.throttle.forgive(self.account_key(username.canonical()), now);
    }

    /// The name stands in as a keyed hash, known or not (EN-3, TH-4).
    pub(crate) fn account_key(&self, canonical_name: &str) -> AccountKey {
        AccountKey::from_bytes(mac16(&self.account_names, &[canonical_name.as_bytes()]))
    }
}

const AT_ONCE: usize = 1_000;
