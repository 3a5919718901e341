//! Failed sign-ins in a row, kept over a restart (TH-6).

use rusqlite::params;

use super::{SqliteStore, rows};
use crate::base::clock::Timestamp;
use crate::store::{StoreError, ThrottleStore};
use crate::throttle::{CLOCK_SKEW, ThrottleRecord};

impl ThrottleStore for SqliteStore {
    async fn save_throttle(&self, records: Vec<ThrottleRecord>) -> Result<(), StoreError> {
        let skew = i64::try_from(CLOCK_SKEW.as_millis()).unwrap_or(i64::MAX);
        self.write("save_throttle", move |db| {
            let mut upsert = db.prepare_cached(
                "INSERT INTO throttle (key, failures, last_failure_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE
                 SET failures = excluded.failures, last_failure_at = excluded.last_failure_at
                 WHERE excluded.last_failure_at >= throttle.last_failure_at
                    OR excluded.last_failure_at + ?4 < throttle.last_failure_at",
            )?;
            for record in &records {
                let last_failure_at = record.last_failure_at.as_unix_millis();
                upsert.execute(params![record.key.as_bytes(), record.failures, last_failure_at, skew])?;
            }
            Ok(())
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
                "SELECT key, failures, last_failure_at FROM throttle WHERE last_failure_at >= ?1
                 ORDER BY last_failure_at DESC LIMIT ?2",
            )?
            .query_map(params![since.as_unix_millis(), limit], rows::throttle_record)?
            .collect()
        })
        .await
    }
}
