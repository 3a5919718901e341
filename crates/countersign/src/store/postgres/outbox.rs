//! What is to be delivered to somebody outside. Any node delivers: what one has taken on, others pass over.

use std::sync::Arc;

use tokio::sync::Notify;

use super::PostgresStore;
use super::apply::Transaction;
use super::delivery_rows::{COLUMNS, delivery, depth};
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::value::Value;
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::model::context::Context;
use crate::model::outbox::{
    self, Claim, Delivery, DeliveryKind, DeliveryQuery, DeliveryState, NewDelivery, OutboxDepth, Settlement,
};
use crate::store::{OutboxStore, StoreError};

impl OutboxStore for PostgresStore {
    async fn add_delivery(&self, delivery: NewDelivery, context: &Context) -> Result<(), StoreError> {
        let add = |tx: Transaction, new| async move { tx.apply(outbox::add(new)).await };
        self.change("add_delivery", context, delivery, add).await
    }

    async fn claim_deliveries(&self, claim: Claim) -> Result<Vec<Delivery>, StoreError> {
        let (now, kinds) = (claim.now, names(&claim.kinds));
        // Mostly there is nothing to do, and then nothing is written.
        let is_due = move |db: Arc<Connection>| async move {
            let found = db.optional(&format!("SELECT 1 {DUE} LIMIT 1"), &[&now, &kinds]).await?;
            Ok(found.is_some())
        };
        if claim.kinds.is_empty() || !self.read("due_deliveries", is_due).await? {
            return Ok(Vec::new());
        }
        self.write("claim_deliveries", claim, |db, claim| async move {
            let sql = format!(
                "UPDATE outbox SET lease = $3 WHERE number IN
                 (SELECT number {DUE} ORDER BY not_before, number LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
            );
            let (kinds, lease, limit) = (names(&claim.kinds), claim.lease(), i64::from(claim.limit));
            let taken = db.query(&sql, &[&claim.now, &kinds, &lease, &limit]).await?;
            taken.iter().map(delivery).collect()
        })
        .await
    }

    async fn settle_delivery(&self, settlement: Settlement) -> Result<bool, StoreError> {
        self.write("settle_delivery", settlement, |db, settlement| async move {
            let sql = "UPDATE outbox SET state = $3, not_before = $4, attempts = $5, last_error = $6, ended_at = $7, lease = NULL
                       WHERE id = $1 AND lease = $2 AND state = 'waiting'";
            let Settlement { id, lease, state, not_before, attempts, last_error, ended_at } = settlement;
            let (attempts, error) = (i64::from(attempts), last_error.as_deref());
            let values: [&dyn Value; 7] =
                [&id, &lease, &state.name(), &not_before, &attempts, &error, &ended_at];
            Ok(db.execute(sql, &values).await? == 1)
        })
        .await
    }

    async fn list_deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>, StoreError> {
        self.read("list_deliveries", move |db| async move {
            let sql = format!(
                "SELECT {COLUMNS} FROM outbox WHERE kind = ANY ($1) AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR id = $3)
                 ORDER BY number LIMIT $4"
            );
            let DeliveryQuery { state, id, limit } = query;
            let (kinds, state) = (names(DeliveryKind::ALL), state.map(DeliveryState::name));
            let found = db.query(&sql, &[&kinds, &state, &id, &i64::from(limit)]).await?;
            found.iter().map(delivery).collect()
        })
        .await
    }

    async fn retry_delivery(
        &self,
        id: DeliveryId,
        expires_at: Timestamp,
        context: &Context,
    ) -> Result<bool, StoreError> {
        self.change("retry_delivery", context, (id, expires_at), retry).await
    }

    async fn drop_delivery(&self, id: DeliveryId, context: &Context) -> Result<bool, StoreError> {
        self.change("drop_delivery", context, id, drop_one).await
    }

    async fn outbox_depths(&self) -> Result<Vec<OutboxDepth>, StoreError> {
        self.read("outbox_depths", |db| async move {
            let sql = "SELECT kind, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'dead'),
                              min(created_at) FILTER (WHERE state = 'waiting') FROM outbox GROUP BY kind";
            let found = db.query(sql, &[]).await?;
            found.iter().filter_map(|row| depth(row).transpose()).collect()
        })
        .await
    }

    fn new_deliveries(&self) -> &Notify {
        &self.new_deliveries
    }
}

async fn retry(tx: Transaction, (id, expires_at): (DeliveryId, Timestamp)) -> Result<bool, Failure> {
    let found = lock(&tx.db, id).await?;
    tx.apply(outbox::retry(found, expires_at, tx.at.now)).await
}

async fn drop_one(tx: Transaction, id: DeliveryId) -> Result<bool, Failure> {
    let found = lock(&tx.db, id).await?;
    tx.apply(outbox::drop_one(found, tx.at.now)).await
}

async fn lock(db: &Connection, id: DeliveryId) -> Result<Option<Delivery>, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = $1 AND kind = ANY ($2) FOR UPDATE");
    db.optional(&sql, &[&id, &names(DeliveryKind::ALL)]).await?.as_ref().map(delivery).transpose()
}

fn names(kinds: &[DeliveryKind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name()).collect()
}

/// The first of each lane, if it is due at `$1`, of these kinds, and nobody has taken it on.
const DUE: &str =
    "FROM outbox o WHERE state = 'waiting' AND not_before <= $1 AND (lease IS NULL OR lease <= $1)
     AND kind = ANY ($2) AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'waiting' AND e.kind = o.kind
     AND e.lane = o.lane AND e.number < o.number)";
