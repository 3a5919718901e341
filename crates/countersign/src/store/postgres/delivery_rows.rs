//! Rows of the outbox: between them and the domain's types, and what a plan writes.

use tokio_postgres::Row;

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::rows::number;
use crate::model::outbox::{
    Delivery, DeliveryChange, DeliveryKind, DeliveryState, NewDelivery, OutboxDepth, UnknownDelivery,
};

/// Gives how many rows it has written.
pub(super) async fn insert(db: &Connection, new: &NewDelivery) -> Result<u64, Failure> {
    let sql = "INSERT INTO outbox (id, kind, lane, sealed, created_at, not_before, expires_at, state)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting')";
    let (kind, lane, sealed) = (new.kind.name(), new.lane.as_str(), new.sealed.as_slice());
    let NewDelivery { id, created_at, not_before, expires_at, .. } = new;
    db.execute(sql, &[id, &kind, &lane, &sealed, created_at, not_before, expires_at]).await
}

/// Gives how many rows it has changed.
pub(super) async fn change(db: &Connection, change: &DeliveryChange) -> Result<u64, Failure> {
    match change {
        DeliveryChange::Requeue { id, not_before, expires_at } => {
            let sql = "UPDATE outbox SET state = 'waiting', not_before = $2, expires_at = $3, attempts = 0,
                                         lease = NULL, ended_at = NULL WHERE id = $1";
            db.execute(sql, &[id, not_before, expires_at]).await
        }
        DeliveryChange::Delete(id) => db.execute("DELETE FROM outbox WHERE id = $1", &[id]).await,
    }
}

/// Reads [`COLUMNS`].
pub(super) fn delivery(row: &Row) -> Result<Delivery, Failure> {
    let (kind, state) = (DeliveryKind::from_name(row.try_get(1)?), DeliveryState::from_name(row.try_get(9)?));
    Ok(Delivery {
        new: NewDelivery {
            id: row.try_get(0)?,
            kind: kind.ok_or(UnknownDelivery).map_err(Failure::stored)?,
            lane: row.try_get(2)?,
            sealed: row.try_get(3)?,
            created_at: row.try_get(4)?,
            not_before: row.try_get(5)?,
            expires_at: row.try_get(6)?,
        },
        attempts: number(row, 7)?,
        lease: row.try_get(8)?,
        state: state.ok_or(UnknownDelivery).map_err(Failure::stored)?,
        last_error: row.try_get(10)?,
        ended_at: row.try_get(11)?,
    })
}

/// `None` for a kind that this version does not know.
pub(super) fn depth(row: &Row) -> Result<Option<OutboxDepth>, Failure> {
    let Some(kind) = DeliveryKind::from_name(row.try_get(0)?) else { return Ok(None) };
    Ok(Some(OutboxDepth { kind, waiting: number(row, 1)?, dead: number(row, 2)?, oldest: row.try_get(3)? }))
}

/// The columns that [`delivery`] reads.
pub(super) const COLUMNS: &str = "id, kind, lane, sealed, created_at, not_before, expires_at, attempts, lease, state, last_error, ended_at";
