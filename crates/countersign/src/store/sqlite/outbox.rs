//! What is to be delivered to somebody outside.

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::Notify;

use super::SqliteStore;
use super::delivery_rows::{COLUMNS, delivery, depth};
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::model::context::Context;
use crate::model::outbox::{
    self, Claim, Delivery, DeliveryKind, DeliveryQuery, DeliveryState, NewDelivery, OutboxDepth, Settlement,
};
use crate::store::{OutboxStore, StoreError};

impl OutboxStore for SqliteStore {
    async fn add_delivery(&self, delivery: NewDelivery, context: &Context) -> Result<(), StoreError> {
        self.change("add_delivery", context, move |tx| tx.apply(outbox::add(delivery))).await
    }

    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>, StoreError> {
        let due = due(&claim.kinds);
        let (now, found) = (claim.now.as_unix_millis(), format!("SELECT EXISTS (SELECT 1 {due})"));
        // Mostly there is nothing to do, and then nothing is written.
        let is_due =
            move |db: &Connection| db.prepare_cached(&found)?.query_row(params![now], |row| row.get(0));
        if claim.kinds.is_empty() || !self.read("due_deliveries", is_due).await? {
            return Ok(Vec::new());
        }
        self.write("claim_deliveries", move |db| {
            let sql = format!(
                "UPDATE outbox SET lease = ?2 WHERE number IN
                 (SELECT number {due} ORDER BY not_before, number LIMIT ?3) RETURNING {COLUMNS}"
            );
            let values = params![now, claim.lease().as_unix_millis(), claim.limit];
            db.prepare_cached(&sql)?.query_map(values, delivery)?.collect()
        })
        .await
    }

    async fn settle_delivery(&self, settlement: Settlement) -> Result<bool, StoreError> {
        self.write("settle_delivery", move |db| {
            let sql = "UPDATE outbox SET state = ?3, not_before = ?4, attempts = ?5, last_error = ?6, ended_at = ?7, lease = NULL
                       WHERE id = ?1 AND lease = ?2 AND state = 'waiting'";
            let values = params![
                settlement.id.as_bytes(),
                settlement.lease.as_unix_millis(),
                settlement.state.name(),
                settlement.not_before.as_unix_millis(),
                settlement.attempts,
                settlement.last_error,
                settlement.ended_at.map(Timestamp::as_unix_millis),
            ];
            Ok(db.prepare_cached(sql)?.execute(values)? == 1)
        })
        .await
    }

    async fn list_deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, StoreError> {
        self.read("list_deliveries", move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM outbox WHERE kind IN ({}) AND (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR id = ?2)
                 ORDER BY number LIMIT ?3",
                names(DeliveryKind::ALL)
            );
            let DeliveryQuery { state, id, limit } = query;
            let values = params![state.map(DeliveryState::name), id.as_ref().map(DeliveryId::as_bytes), limit];
            db.prepare_cached(&sql)?.query_map(values, delivery)?.collect()
        })
        .await
    }

    async fn retry_delivery(
        &self,
        id: DeliveryId,
        expires_at: Timestamp,
        context: &Context,
    ) -> Result<bool, StoreError> {
        self.change("retry_delivery", context, move |tx| {
            tx.apply(outbox::retry(find(tx.db, id)?, expires_at, tx.at.now))
        })
        .await
    }

    async fn drop_delivery(&self, id: DeliveryId, context: &Context) -> Result<bool, StoreError> {
        self.change("drop_delivery", context, move |tx| {
            tx.apply(outbox::drop_one(find(tx.db, id)?, tx.at.now))
        })
        .await
    }

    async fn outbox_depths(&self) -> Result<Vec<OutboxDepth>, StoreError> {
        self.read("outbox_depths", |db| {
            let sql = "SELECT kind, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'dead'),
                              min(created_at) FILTER (WHERE state = 'waiting') FROM outbox GROUP BY kind";
            let rows = db.prepare_cached(sql)?.query_map([], depth)?.collect::<Result<Vec<_>, _>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
        .await
    }

    fn new_deliveries(&self) -> &Notify {
        &self.new_deliveries
    }
}

/// The first of each lane, if it is due at `?1` and nobody has taken it on.
fn due(kinds: &[DeliveryKind]) -> String {
    format!(
        "FROM outbox o WHERE state = 'waiting' AND not_before <= ?1 AND (lease IS NULL OR lease <= ?1) AND kind IN ({})
         AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'waiting' AND e.kind = o.kind AND e.lane = o.lane
                         AND e.number < o.number)",
        names(kinds)
    )
}

/// As literals: each is one of ours.
fn names(kinds: &[DeliveryKind]) -> String {
    kinds.iter().map(|kind| format!("'{}'", kind.name())).collect::<Vec<_>>().join(", ")
}

fn find(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    let sql =
        format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1 AND kind IN ({})", names(DeliveryKind::ALL));
    db.prepare_cached(&sql)?.query_row([id.as_bytes()], delivery).optional()
}
