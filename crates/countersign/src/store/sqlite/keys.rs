//! Signing keys, sealed, and the fingerprints of the master keys that seal them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::change::Change;
use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::store::StoredKey;

/// All signing keys, the oldest first.
pub(super) fn signing_keys(db: &Connection) -> rusqlite::Result<Vec<StoredKey>> {
    db.prepare_cached(
        "SELECT kid, algorithm, sealed, created_at, active_from FROM signing_keys ORDER BY number",
    )?
    .query_map([], |row| {
        Ok(StoredKey {
            kid: row.get(0)?,
            algorithm: row.get(1)?,
            sealed: row.get(2)?,
            created_at: Timestamp::from_unix_millis(row.get(3)?),
            active_from: Timestamp::from_unix_millis(row.get(4)?),
        })
    })?
    .collect()
}

/// The fingerprints by the master key's number.
pub(super) fn master_key_fingerprints(db: &Connection) -> rusqlite::Result<BTreeMap<u8, [u8; 32]>> {
    db.prepare_cached("SELECT number, fingerprint FROM master_keys")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

impl Change<'_> {
    pub(super) fn add_signing_key(&self, key: &StoredKey, newest: Option<&str>) -> rusqlite::Result<bool> {
        let found: Option<String> = self
            .db
            .prepare_cached("SELECT kid FROM signing_keys ORDER BY number DESC LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        if found.as_deref() != newest {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO signing_keys (kid, algorithm, sealed, created_at, active_from) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                key.kid,
                key.algorithm,
                key.sealed,
                key.created_at.as_unix_millis(),
                key.active_from.as_unix_millis()
            ],
        )?;
        self.record(&AuditEvent::new(AuditKind::KeyCreated).with_detail(&key.kid))?;
        Ok(true)
    }

    pub(super) fn remove_signing_keys(&self, kids: &[String]) -> rusqlite::Result<usize> {
        let mut removed = 0;
        for kid in kids {
            if self.execute("DELETE FROM signing_keys WHERE kid = ?1", [kid])? == 1 {
                self.record(&AuditEvent::new(AuditKind::KeyRemoved).with_detail(kid))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Adds the fingerprints that are not there yet.
pub(super) fn remember_master_keys(db: &Connection, fingerprints: &[(u8, [u8; 32])]) -> rusqlite::Result<()> {
    let mut insert =
        db.prepare_cached("INSERT OR IGNORE INTO master_keys (number, fingerprint) VALUES (?1, ?2)")?;
    for (number, fingerprint) in fingerprints {
        insert.execute(params![number, fingerprint])?;
    }
    Ok(())
}
