//! Rows of the outbox: between them and the domain's types, and what a plan writes.

use rusqlite::{Connection, Row, params};

use super::rows::{instant, invalid};
use crate::base::clock::Timestamp;
use crate::base::id::DeliveryId;
use crate::model::outbox::{
    Delivery, DeliveryChange, DeliveryKind, DeliveryState, NewDelivery, OutboxDepth, UnknownDelivery,
};

/// Gives how many rows it has written.
pub(super) fn insert(db: &Connection, new: &NewDelivery) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO outbox (id, kind, lane, sealed, created_at, not_before, expires_at, state)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting')";
    db.prepare_cached(sql)?.execute(params![
        new.id.as_bytes(),
        new.kind.name(),
        new.lane,
        new.sealed,
        new.created_at.as_unix_millis(),
        new.not_before.as_unix_millis(),
        new.expires_at.as_unix_millis(),
    ])
}

/// Gives how many rows it has changed.
pub(super) fn change(db: &Connection, change: &DeliveryChange) -> rusqlite::Result<usize> {
    match change {
        DeliveryChange::Requeue { id, not_before, expires_at } => {
            let sql = "UPDATE outbox SET state = 'waiting', not_before = ?2, expires_at = ?3, attempts = 0,
                                         lease = NULL, ended_at = NULL WHERE id = ?1";
            let (not_before, expires_at) = (not_before.as_unix_millis(), expires_at.as_unix_millis());
            db.prepare_cached(sql)?.execute(params![id.as_bytes(), not_before, expires_at])
        }
        DeliveryChange::Delete(id) => {
            db.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id.as_bytes()])
        }
    }
}

/// Reads [`COLUMNS`].
pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let kind = DeliveryKind::from_name(row.get_ref(1)?.as_str()?);
    let state = DeliveryState::from_name(row.get_ref(9)?.as_str()?);
    Ok(Delivery {
        new: NewDelivery {
            id: DeliveryId::from_bytes(row.get(0)?),
            kind: kind.ok_or_else(|| invalid(1, UnknownDelivery))?,
            lane: row.get(2)?,
            sealed: row.get(3)?,
            created_at: Timestamp::from_unix_millis(row.get(4)?),
            not_before: Timestamp::from_unix_millis(row.get(5)?),
            expires_at: Timestamp::from_unix_millis(row.get(6)?),
        },
        attempts: row.get(7)?,
        lease: instant(row, 8)?,
        state: state.ok_or_else(|| invalid(9, UnknownDelivery))?,
        last_error: row.get(10)?,
        ended_at: instant(row, 11)?,
    })
}

/// `None` for a kind that this version does not know.
pub(super) fn depth(row: &Row<'_>) -> rusqlite::Result<Option<OutboxDepth>> {
    let Some(kind) = DeliveryKind::from_name(row.get_ref(0)?.as_str()?) else { return Ok(None) };
    let count = |column| row.get(column).map(i64::unsigned_abs);
    Ok(Some(OutboxDepth { kind, waiting: count(1)?, dead: count(2)?, oldest: instant(row, 3)? }))
}

/// The columns that [`delivery`] reads.
pub(super) const COLUMNS: &str = "id, kind, lane, sealed, created_at, not_before, expires_at, attempts, lease, state, last_error, ended_at";
