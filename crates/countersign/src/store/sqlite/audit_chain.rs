//! The chain of the audit log.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::audit_chain::{AuditGap, AuditHead, AuditLink, AuditRow, AuditSigner};
use crate::model::audit_verify::ChainedRow;
use crate::store::{AuditChainStore, StoreError};

impl AuditChainStore for SqliteStore {
    fn sign_audit_with(&self, signer: AuditSigner) {
        let _ = self.signer.set(signer);
    }

    async fn audit_head(&self) -> Result<Option<AuditHead>, StoreError> {
        self.read("audit_head", head).await
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, StoreError> {
        self.read("audit_gaps", |db| {
            db.prepare_cached("SELECT first, last, mac FROM audit_gaps")?.query_map([], gap)?.collect()
        })
        .await
    }

    async fn chain_audit(&self, sequences: Vec<i64>, cursor: String) -> Result<usize, StoreError> {
        let Some(signer) = self.signer.get().cloned() else { return Ok(0) };
        self.write("chain_audit", move |db| extend(db, &signer, &sequences, cursor)).await
    }

    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<ChainedRow>, StoreError> {
        self.read("audit_chain", move |db| {
            let sql = format!(
                "SELECT {COLUMNS}, c.position, c.sequence, c.link FROM audit_chain c
                 LEFT JOIN audit_log a ON a.sequence = c.sequence
                 WHERE c.position > ?1 ORDER BY c.position LIMIT ?2"
            );
            db.prepare_cached(&sql)?.query_map(params![after, limit], chained)?.collect()
        })
        .await
    }

    async fn unchained_audit(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read("unchained_audit", move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM audit_log a
                 WHERE a.sequence > ?1 AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.sequence = a.sequence)
                 ORDER BY a.sequence LIMIT ?2"
            );
            db.prepare_cached(&sql)?.query_map(params![after, limit], audit_row)?.collect()
        })
        .await
    }
}

fn extend(
    db: &Connection,
    signer: &AuditSigner,
    sequences: &[i64],
    cursor: String,
) -> rusqlite::Result<usize> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_log a WHERE a.sequence = ?1
           AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.sequence = a.sequence)"
    );
    let mut find = db.prepare_cached(&sql)?;
    let found = sequences.iter().map(|sequence| find.query_row([sequence], audit_row).optional());
    let rows: Vec<_> = found.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let before = head(db)?;
    let newest = match before {
        Some(_) => 0,
        None => db
            .prepare_cached("SELECT coalesce(max(sequence), 0) FROM audit_log WHERE mac IS NULL")?
            .query_row([], |row| row.get(0))?,
    };
    let (links, head) = signer.extend(before, newest, &rows, cursor);
    let mut insert =
        db.prepare_cached("INSERT INTO audit_chain (position, sequence, link) VALUES (?1, ?2, ?3)")?;
    for AuditLink { position, sequence, link } in &links {
        insert.execute(params![position, sequence, link])?;
    }
    let AuditHead { begun_after, position, link, cursor, mac } = head;
    db.prepare_cached(
        "INSERT OR REPLACE INTO audit_head (number, begun_after, position, link, cursor, mac)
         VALUES (1, ?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![begun_after, position, link, cursor, mac])?;
    Ok(links.len())
}

/// Takes rows out of the chain that were deleted because their time was over.
pub(super) fn forget(db: &Connection, signer: &AuditSigner, sequences: &[i64]) -> rusqlite::Result<()> {
    let mut delete = db.prepare_cached("DELETE FROM audit_chain WHERE sequence = ?1 RETURNING position")?;
    let found = sequences.iter().map(|sequence| delete.query_row([sequence], |row| row.get(0)).optional());
    let gone: Vec<i64> = found.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let (Some(first), Some(last)) = (gone.iter().min(), gone.iter().max()) else { return Ok(()) };
    let near: Vec<_> = db
        .prepare_cached(
            "DELETE FROM audit_gaps WHERE last >= ?1 - 1 AND first <= ?2 + 1 RETURNING first, last, mac",
        )?
        .query_map([first, last], gap)?
        .collect::<Result<_, _>>()?;
    let mut insert = db.prepare_cached("INSERT INTO audit_gaps (first, last, mac) VALUES (?1, ?2, ?3)")?;
    for AuditGap { first, last, mac } in signer.gaps(&near, &gone) {
        insert.execute(params![first, last, mac])?;
    }
    Ok(())
}

fn head(db: &Connection) -> rusqlite::Result<Option<AuditHead>> {
    db.prepare_cached("SELECT begun_after, position, link, cursor, mac FROM audit_head")?
        .query_row([], |row| {
            Ok(AuditHead {
                begun_after: row.get(0)?,
                position: row.get(1)?,
                link: row.get(2)?,
                cursor: row.get(3)?,
                mac: row.get(4)?,
            })
        })
        .optional()
}

fn gap(row: &Row<'_>) -> rusqlite::Result<AuditGap> {
    Ok(AuditGap { first: row.get(0)?, last: row.get(1)?, mac: row.get(2)? })
}

fn chained(row: &Row<'_>) -> rusqlite::Result<ChainedRow> {
    let place = AuditLink { position: row.get(11)?, sequence: row.get(12)?, link: row.get(13)? };
    let is_there = row.get::<_, Option<i64>>(0)?.is_some();
    Ok(ChainedRow { place, row: is_there.then(|| audit_row(row)).transpose()? })
}

/// Reads [`COLUMNS`].
fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        sequence: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        actor_id: id(row, 3)?.map(AccountId::from_bytes),
        address: row.get(4)?,
        request_id: id(row, 5)?.map(RequestId::from_bytes),
        kind: row.get(6)?,
        account_id: id(row, 7)?.map(AccountId::from_bytes),
        session_id: id(row, 8)?.map(SessionId::from_bytes),
        detail: row.get(9)?,
        mac: row.get(10)?,
    })
}

/// What somebody has put there need not have the length of an ID: that it was changed shows all the same.
fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<[u8; 16]>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    Ok(bytes.map(|bytes| bytes.try_into().unwrap_or_default()))
}

const COLUMNS: &str = "a.sequence, a.at, a.actor, a.actor_id, a.address, a.request_id, a.kind, a.account_id, a.session_id, \
                       a.detail, a.mac";
