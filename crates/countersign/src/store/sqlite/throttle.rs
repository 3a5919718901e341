//! Failed sign-ins in a row, kept over a restart (TH-6).

use rusqlite::{Connection, params};

use crate::base::clock::Timestamp;
use crate::throttle::{CLOCK_SKEW, ThrottleKey, ThrottleRecord};

/// Writes each record unless a newer one is there; one that is far ahead is from a clock that was wrong, and not newer. A count of zero is written as well: other processes learn from it that
/// failures are forgiven, until a sweep deletes it.
pub(super) fn save(db: &Connection, records: &[ThrottleRecord]) -> rusqlite::Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO throttle (key, failures, last_failure_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_failure_at = excluded.last_failure_at
         WHERE excluded.last_failure_at >= throttle.last_failure_at
            OR excluded.last_failure_at + ?4 < throttle.last_failure_at",
    )?;
    let skew = i64::try_from(CLOCK_SKEW.as_millis()).unwrap_or(i64::MAX);
    for record in records {
        let last_failure_at = record.last_failure_at.as_unix_millis();
        upsert.execute(params![record.key.as_bytes(), record.failures, last_failure_at, skew])?;
    }
    Ok(())
}

/// Those whose last failure, or pardon, is at or after `since`, the newest first.
pub(super) fn since(db: &Connection, since: Timestamp, limit: u32) -> rusqlite::Result<Vec<ThrottleRecord>> {
    db.prepare_cached(
        "SELECT key, failures, last_failure_at FROM throttle WHERE last_failure_at >= ?1
         ORDER BY last_failure_at DESC LIMIT ?2",
    )?
    .query_map(params![since.as_unix_millis(), limit], |row| {
        Ok(ThrottleRecord {
            key: ThrottleKey::from_bytes(row.get(0)?),
            failures: row.get(1)?,
            last_failure_at: Timestamp::from_unix_millis(row.get(2)?),
        })
    })?
    .collect()
}
