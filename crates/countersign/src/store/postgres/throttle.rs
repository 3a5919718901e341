//! Failed sign-ins in a row, kept over a restart (TH-6).

use super::{PostgresStore, rows};
use crate::base::clock::Timestamp;
use crate::store::{StoreError, ThrottleStore};
use crate::throttle::{CLOCK_SKEW, ThrottleRecord};

impl ThrottleStore for PostgresStore {
    async fn save_throttle(&self, mut records: Vec<ThrottleRecord>) -> Result<(), StoreError> {
        let skew = i64::try_from(CLOCK_SKEW.as_millis()).unwrap_or(i64::MAX);
        // Nodes that save the same keys lock them in one order.
        records.sort_by_key(|record| record.key);
        self.write("save_throttle", records, move |db, records| async move {
            // Some tenths of a second of counts may be lost in a crash; waiting for the disk would cost each failed
            // sign-in one write.
            db.run("SET LOCAL synchronous_commit = off").await?;
            db.execute(
                "INSERT INTO throttle (key, failures, last_failure_at) SELECT * FROM unnest($1, $2, $3)
                 ON CONFLICT (key) DO UPDATE
                 SET failures = excluded.failures, last_failure_at = excluded.last_failure_at
                 WHERE excluded.last_failure_at >= throttle.last_failure_at
                    OR excluded.last_failure_at + $4 < throttle.last_failure_at",
                &[
                    &records.iter().map(|record| record.key.as_bytes().as_slice()).collect::<Vec<_>>(),
                    &records.iter().map(|record| i64::from(record.failures)).collect::<Vec<_>>(),
                    &records.iter().map(|record| record.last_failure_at).collect::<Vec<_>>(),
                    &skew,
                ],
            )
            .await
            .map(drop)
        })
        .await
    }

    async fn throttle_records(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<ThrottleRecord>, StoreError> {
        self.read("throttle_records", move |db| async move {
            let sql = "SELECT key, failures, last_failure_at FROM throttle WHERE last_failure_at >= $1
                       ORDER BY last_failure_at DESC LIMIT $2";
            db.query(sql, &[&since, &i64::from(limit)]).await?.iter().map(rows::throttle_record).collect()
        })
        .await
    }
}
