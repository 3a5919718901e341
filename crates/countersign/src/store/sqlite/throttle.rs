//! Failed sign-ins in a row, kept over a restart (TH-6).

use rusqlite::{OptionalExtension as _, params};

use super::{SqliteStore, rows};
use crate::base::clock::Timestamp;
use crate::store::{StoreError, ThrottleStore};
use crate::throttle::{ThrottleExchange, ThrottleRecord};

impl ThrottleStore for SqliteStore {
    async fn exchange_throttle(&self, exchange: ThrottleExchange) -> Result<Vec<ThrottleRecord>, StoreError> {
        self.write("exchange_throttle", move |db| {
            let mut find = db.prepare_cached(
                "SELECT key, failures, last_failure_at, forgiven_at FROM throttle WHERE key = ?1",
            )?;
            let mut keep = db.prepare_cached(
                "INSERT OR REPLACE INTO throttle (key, failures, last_failure_at, forgiven_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            let totals = exchange.deltas.iter().map(|delta| {
                let key = delta.key.as_bytes();
                let total = find.query_row([key], rows::throttle_record).optional()?;
                let total = exchange.total(total.as_ref(), delta);
                let forgiven_at = total.forgiven_at.map(Timestamp::as_unix_millis);
                keep.execute(params![
                    key,
                    total.failures,
                    total.last_failure_at.as_unix_millis(),
                    forgiven_at
                ])?;
                Ok(total)
            });
            totals.collect()
        })
        .await
    }

    async fn throttle_records(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<ThrottleRecord>, StoreError> {
        self.read("throttle_records", move |db| {
            db.prepare_cached(
                "SELECT key, failures, last_failure_at, forgiven_at FROM throttle
                 WHERE last_failure_at >= ?1 OR forgiven_at >= ?1
                 ORDER BY last_failure_at DESC LIMIT ?2",
            )?
            .query_map(params![since.as_unix_millis(), limit], rows::throttle_record)?
            .collect()
        })
        .await
    }
}
