//! The chain of the audit log. Only who adds to it or deletes from it waits for others: rows are written without it.

use std::sync::Arc;

use tokio_postgres::Row;

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::load::{self, Whole};
use super::{PostgresStore, rows};
use crate::model::audit_chain::{AuditGap, AuditHead, AuditLink, AuditRow, AuditSigner};
use crate::model::audit_verify::ChainedRow;
use crate::store::{AuditChainStore, StoreError};

impl AuditChainStore for PostgresStore {
    fn sign_audit_with(&self, signer: AuditSigner) {
        let _ = self.signer.set(signer);
    }

    async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        self.read("audit_head", |db| async move { head(&db).await }).await
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, StoreError> {
        self.read("audit_gaps", |db| async move {
            db.query("SELECT first, last, mac FROM audit_gaps", &[]).await?.iter().map(gap).collect()
        })
        .await
    }

    async fn chain_audit(&self, sequences: Vec<i64>, cursor: String) -> Result<usize, StoreError> {
        let Some(signer) = self.signer.get().cloned() else { return Ok(0) };
        self.write("chain_audit", (signer, sequences, cursor), extend).await
    }

    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<ChainedRow>, StoreError> {
        self.read("audit_chain", move |db| async move {
            let sql = format!(
                "SELECT {COLUMNS}, c.position, c.sequence, c.link FROM audit_chain c
                 LEFT JOIN audit_log a ON a.sequence = c.sequence
                 WHERE c.position > $1 ORDER BY c.position LIMIT $2"
            );
            db.query(&sql, &[&after, &i64::from(limit)]).await?.iter().map(chained).collect()
        })
        .await
    }

    async fn unchained_audit(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read("unchained_audit", move |db| async move {
            let sql = format!(
                "SELECT {COLUMNS} FROM audit_log a
                 WHERE a.sequence > $1 AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.sequence = a.sequence)
                 ORDER BY a.sequence LIMIT $2"
            );
            db.query(&sql, &[&after, &i64::from(limit)]).await?.iter().map(audit_row).collect()
        })
        .await
    }
}

async fn extend(
    db: Arc<Connection>,
    (signer, sequences, cursor): (AuditSigner, Vec<i64>, String),
) -> Result<usize, Failure> {
    load::lock(&db, Whole::Audit).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM unnest($1) WITH ORDINALITY AS wanted (sequence, n) JOIN audit_log a USING (sequence)
         WHERE NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.sequence = a.sequence) ORDER BY n"
    );
    let rows = db.query(&sql, &[&sequences]).await?;
    let rows: Vec<_> = rows.iter().map(audit_row).collect::<Result<_, _>>()?;
    let newest = "SELECT coalesce(max(sequence), 0) FROM audit_log WHERE mac IS NULL";
    let before = head(&db).await?;
    let newest = match &before {
        Some(_) => 0,
        None => db.query(newest, &[]).await?.first().map_or(Ok(0), |row| row.try_get(0))?,
    };
    let (links, head) = signer.extend(before, newest, &rows, cursor);
    let positions: Vec<_> = links.iter().map(|link| link.position).collect();
    let sequences: Vec<_> = links.iter().map(|link| link.sequence).collect();
    let bytes: Vec<_> = links.iter().map(|link| link.link.as_slice()).collect();
    let sql = "INSERT INTO audit_chain (position, sequence, link) SELECT * FROM unnest($1, $2, $3)";
    db.execute(sql, &[&positions, &sequences, &bytes]).await?;
    let sql = "INSERT INTO audit_head (number, begun_after, position, link, cursor, mac) VALUES (1, $1, $2, $3, $4, $5)
               ON CONFLICT (number) DO UPDATE SET begun_after = excluded.begun_after, position = excluded.position,
                 link = excluded.link, cursor = excluded.cursor, mac = excluded.mac";
    let AuditHead { begun_after, position, link, cursor, mac } = head;
    db.execute(sql, &[&begun_after, &position, &link.as_slice(), &cursor.as_str(), &mac.as_slice()]).await?;
    Ok(links.len())
}

/// Takes rows out of the chain that were deleted because their time was over.
pub(super) async fn forget(
    db: &Connection,
    signer: &AuditSigner,
    sequences: &Vec<i64>,
) -> Result<(), Failure> {
    load::lock(db, Whole::Audit).await?;
    let gone = db
        .query("DELETE FROM audit_chain WHERE sequence = ANY ($1) RETURNING position", &[sequences])
        .await?;
    let gone: Vec<i64> = rows::firsts(&gone)?;
    let (Some(first), Some(last)) = (gone.iter().min(), gone.iter().max()) else { return Ok(()) };
    let sql = "DELETE FROM audit_gaps WHERE last >= $1 - 1 AND first <= $2 + 1 RETURNING first, last, mac";
    let near = db.query(sql, &[first, last]).await?;
    let near: Vec<_> = near.iter().map(gap).collect::<Result<_, _>>()?;
    let gaps = signer.gaps(&near, &gone);
    let firsts: Vec<_> = gaps.iter().map(|gap| gap.first).collect();
    let lasts: Vec<_> = gaps.iter().map(|gap| gap.last).collect();
    let macs: Vec<_> = gaps.iter().map(|gap| gap.mac.as_slice()).collect();
    let sql = "INSERT INTO audit_gaps (first, last, mac) SELECT * FROM unnest($1, $2, $3)";
    db.execute(sql, &[&firsts, &lasts, &macs]).await.map(drop)
}

async fn head(db: &Connection) -> Result<Option<AuditHead>, Failure> {
    let sql = "SELECT begun_after, position, link, cursor, mac FROM audit_head";
    let found = db.optional(sql, &[]).await?;
    let read = |row: Row| {
        Ok(AuditHead {
            begun_after: row.try_get(0)?,
            position: row.try_get(1)?,
            link: rows::bytes(&row, 2)?,
            cursor: row.try_get(3)?,
            mac: rows::bytes(&row, 4)?,
        })
    };
    found.map(read).transpose()
}

fn gap(row: &Row) -> Result<AuditGap, Failure> {
    Ok(AuditGap { first: row.try_get(0)?, last: row.try_get(1)?, mac: rows::bytes(row, 2)? })
}

fn chained(row: &Row) -> Result<ChainedRow, Failure> {
    let (position, sequence) = (row.try_get(11)?, row.try_get(12)?);
    let place = AuditLink { position, sequence, link: rows::bytes(row, 13)? };
    let is_there = row.try_get::<_, Option<i64>>(0)?.is_some();
    Ok(ChainedRow { place, row: is_there.then(|| audit_row(row)).transpose()? })
}

/// Reads [`COLUMNS`].
fn audit_row(row: &Row) -> Result<AuditRow, Failure> {
    Ok(AuditRow {
        sequence: row.try_get(0)?,
        at: row.try_get(1)?,
        actor: row.try_get(2)?,
        actor_id: row.try_get(3)?,
        address: row.try_get(4)?,
        request_id: row.try_get(5)?,
        kind: row.try_get(6)?,
        account_id: row.try_get(7)?,
        session_id: row.try_get(8)?,
        detail: row.try_get(9)?,
        mac: row.try_get(10)?,
    })
}

const COLUMNS: &str = "a.sequence, a.at, a.actor, a.actor_id, a.address, a.request_id, a.kind, a.account_id, a.session_id, \
                       a.detail, a.mac";
