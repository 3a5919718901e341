//! Failed sign-ins in a row, which all nodes count together (TH-6).

use std::collections::HashMap;
use std::sync::Arc;

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::{PostgresStore, rows};
use crate::base::clock::Timestamp;
use crate::store::{StoreError, ThrottleStore};
use crate::throttle::{ThrottleExchange, ThrottleRecord};

impl ThrottleStore for PostgresStore {
    async fn exchange_throttle(
        &self,
        mut exchange: ThrottleExchange,
    ) -> Result<Vec<ThrottleRecord>, StoreError> {
        // Nodes that count for the same keys lock them in one order.
        exchange.deltas.sort_by_key(|delta| delta.key);
        self.write("exchange_throttle", Arc::new(exchange), exchange_in_transaction).await
    }

    async fn throttle_records(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<ThrottleRecord>, StoreError> {
        self.read("throttle_records", move |db| async move {
            let sql = "SELECT key, failures, last_failure_at, forgiven_at FROM throttle
                       WHERE last_failure_at >= $1 OR forgiven_at >= $1
                       ORDER BY last_failure_at DESC LIMIT $2";
            db.query(sql, &[&since, &i64::from(limit)]).await?.iter().map(rows::throttle_record).collect()
        })
        .await
    }
}

async fn exchange_in_transaction(
    db: Arc<Connection>,
    exchange: Arc<ThrottleExchange>,
) -> Result<Vec<ThrottleRecord>, Failure> {
    // Some tenths of a second of counts may be lost in a crash; waiting for the disk would cost each failed sign-in one
    // write.
    db.run("SET LOCAL synchronous_commit = off").await?;
    let keys: Vec<_> = exchange.deltas.iter().map(|delta| delta.key.as_bytes().as_slice()).collect();
    // There is a row to lock for each key, also when two nodes count the first failure at once.
    let make =
        "INSERT INTO throttle (key, failures, last_failure_at) SELECT key, 0, 0 FROM unnest($1) AS new (key)
                ON CONFLICT (key) DO NOTHING";
    db.execute(make, &[&keys]).await?;
    let lock = "SELECT key, failures, last_failure_at, forgiven_at FROM throttle
                WHERE key = ANY ($1) ORDER BY key FOR UPDATE";
    let stored = db.query(lock, &[&keys]).await?;
    let stored = stored.iter().map(|row| rows::throttle_record(row).map(|record| (record.key, record)));
    let stored = stored.collect::<Result<HashMap<_, _>, _>>()?;
    let totals = exchange.deltas.iter().map(|delta| exchange.total(stored.get(&delta.key), delta));
    let totals: Vec<_> = totals.collect();
    let keep = "UPDATE throttle SET failures = v.failures, last_failure_at = v.last_failure_at,
                       forgiven_at = v.forgiven_at
                FROM unnest($1, $2, $3, $4) AS v (key, failures, last_failure_at, forgiven_at)
                WHERE throttle.key = v.key";
    let [failures, last, forgiven] = columns(&totals);
    let kept = db.execute(keep, &[&keys, &failures, &last, &forgiven]).await?;
    if kept == u64::try_from(totals.len()).unwrap_or(u64::MAX) {
        Ok(totals)
    } else {
        Err(Failure::Rows { expected: totals.len(), changed: kept })
    }
}

/// The failures, the instants of the last ones, and those of the pardons.
fn columns(totals: &[ThrottleRecord]) -> [Vec<Option<i64>>; 3] {
    let column = |value: fn(&ThrottleRecord) -> Option<i64>| totals.iter().map(value).collect();
    [
        column(|total| Some(total.failures.into())),
        column(|total| Some(total.last_failure_at.as_unix_millis())),
        column(|total| total.forgiven_at.map(Timestamp::as_unix_millis)),
    ]
}
