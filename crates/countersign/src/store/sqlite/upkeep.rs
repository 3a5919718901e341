//! Deleting what nothing needs any more, and the readiness probe.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, params};

use super::{SqliteStore, audit_chain, load};
use crate::base::clock::Timestamp;
use crate::model::activity::millis;
use crate::model::audit_chain::AuditSigner;
use crate::model::backup::backed_up;
use crate::model::context::Context;
use crate::model::milestone::Milestone;
use crate::model::retention::{Expired, Sweep, Swept};
use crate::store::{StoreError, StoreReading, Upkeep};

impl Upkeep for SqliteStore {
    async fn sweep(&self, sweep: Sweep) -> Result<Swept, StoreError> {
        let (expired, batch) = (sweep.expired(&self.policy), sweep.batch);
        let signer = self.signer.get().cloned();
        let delete = move |db: &Connection| delete_first(db, &expired, batch, signer.as_ref());
        let deleted = self.write("sweep", delete).await?;
        if deleted > 0 {
            return Ok(Swept { deleted, more: true, alive: 0 });
        }
        let (after, since) = (self.swept_to.load(Ordering::SeqCst), sweep.idle_since(&self.policy));
        let look = Look {
            after,
            batch,
            since,
            now: sweep.now,
            not_alive_since: sweep.not_alive_since(&self.policy),
        };
        let scan = self.read("scan_for_idle", move |db| scan_for_idle(db, look)).await?;
        self.swept_to.store(scan.next.unwrap_or(0), Ordering::SeqCst);
        if scan.idle.is_empty() {
            return Ok(Swept { deleted: 0, more: scan.next.is_some(), alive: scan.alive });
        }
        let deleted = self.write("sweep_idle", move |db| delete_idle(db, since, &scan.idle)).await?;
        Ok(Swept { deleted, more: scan.next.is_some(), alive: scan.alive })
    }

    /// The lock of the file says that there is a server, and a step that would harm it needs that lock.
    async fn report_node(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// One server has the file.
    async fn may_sweep(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// All processes are on one machine.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    fn reading(&self) -> StoreReading {
        self.threads.reading()
    }

    async fn record_backup(&self, at: Timestamp, context: &Context) -> Result<(), StoreError> {
        self.change("record_backup", context, move |tx| tx.apply(backed_up(at))).await
    }

    async fn last_backup(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("last_backup", |db| load::milestone(db, Milestone::BackedUp)).await
    }

    async fn check(&self, now: Timestamp) -> Result<(), StoreError> {
        self.read("check", |db| db.prepare_cached("SELECT count(*) FROM probe")?.query_row([], |_| Ok(())))
            .await?;
        if self.threads.last_write_failed() || self.threads.is_stalled() {
            // Something that needs the disk to take it.
            self.write("check_write", move |db| {
                db.prepare_cached("INSERT OR REPLACE INTO probe (number, checked_at) VALUES (1, ?1)")?
                    .execute([now.as_unix_millis()])
                    .map(drop)
            })
            .await?;
        }
        Ok(())
    }
}

/// Deletes one batch of the first that finds something.
fn delete_first(
    db: &Connection,
    expired: &[Expired],
    batch: u32,
    signer: Option<&AuditSigner>,
) -> rusqlite::Result<usize> {
    for expired in expired {
        let deleted = delete(db, *expired, batch, signer)?;
        if deleted > 0 {
            return Ok(deleted);
        }
    }
    Ok(0)
}

fn delete(
    db: &Connection,
    expired: Expired,
    batch: u32,
    signer: Option<&AuditSigner>,
) -> rusqlite::Result<usize> {
    let few;
    let (table, condition, limit) = match expired {
        Expired::Revocations(at) => ("revocations", "until <= ?1", at.as_unix_millis()),
        Expired::SessionsEnded(at) => ("sessions", "revoked_at <= ?1", at.as_unix_millis()),
        Expired::SessionsPastEnd(at) => ("sessions", "expires_at <= ?1", at.as_unix_millis()),
        Expired::ApiKeysRevoked(at) => ("api_keys", "revoked_at <= ?1", at.as_unix_millis()),
        Expired::ApiKeysPastEnd(at) => ("api_keys", "expires_at <= ?1", at.as_unix_millis()),
        Expired::Tickets(at) => ("tickets", "expires_at <= ?1", at.as_unix_millis()),
        Expired::TrustedDevices(at) => ("trusted_devices", "expires_at <= ?1", at.as_unix_millis()),
        Expired::UsedOnce(at) => ("used_once", "expires_at <= ?1", at.as_unix_millis()),
        Expired::Codes(at) => ("oauth_codes", "expires_at <= ?1", at.as_unix_millis()),
        Expired::AuditLog(at) => ("audit_log", "at < ?1", at.as_unix_millis()),
        Expired::FewFailures(count, at) => {
            few = format!("failures < {count} AND last_failure_at <= ?1");
            ("throttle", few.as_str(), at.as_unix_millis())
        }
        Expired::Failures(at) => ("throttle", "last_failure_at <= ?1", at.as_unix_millis()),
        Expired::Activity(grain, at) => {
            few = format!("grain = {} AND at < ?1", millis(grain.length()));
            ("activity", few.as_str(), at.as_unix_millis())
        }
        Expired::Deliveries(state, at) => {
            few = format!("state = '{}' AND coalesce(ended_at, expires_at) <= ?1", state.name());
            ("outbox", few.as_str(), at.as_unix_millis())
        }
        Expired::FailedLogins(kept) => (
            "audit_log",
            "kind IN ('login_failed', 'login_throttled') AND sequence <=
             (SELECT sequence FROM audit_log WHERE kind IN ('login_failed', 'login_throttled')
              ORDER BY sequence DESC LIMIT 1 OFFSET ?1)",
            kept.into(),
        ),
    };
    let sql =
        format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {condition} LIMIT ?2)");
    match signer.filter(|_| table == "audit_log") {
        None => db.prepare_cached(&sql)?.execute(params![limit, batch]),
        Some(signer) => {
            let gone: Vec<i64> = db
                .prepare_cached(&format!("{sql} RETURNING sequence"))?
                .query_map(params![limit, batch], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            audit_chain::forget(db, signer, &gone)?;
            Ok(gone.len())
        }
    }
}

/// What to look for, and from which row number on.
#[derive(Clone, Copy)]
struct Look {
    after: i64,
    batch: u32,
    /// Sessions last rotated at or before this may go.
    since: Timestamp,
    now: Timestamp,
    not_alive_since: Timestamp,
}

/// One step through the sessions, by row number, for those that nobody used for too long.
struct IdleScan {
    /// Sessions that are to go, unless they are used in the meantime.
    idle: Vec<i64>,
    /// How many of those that were looked at are alive.
    alive: u64,
    /// Where the next step begins; `None` at the end.
    next: Option<i64>,
}

/// Looks at the next sessions after a row number: so few that no reader holds up a checkpoint, or a core.
fn scan_for_idle(db: &Connection, look: Look) -> rusqlite::Result<IdleScan> {
    let mut statement = db.prepare_cached(
        "SELECT rowid, rotated_at, revoked_at IS NULL AND expires_at > ?3 AND rotated_at > ?4 FROM sessions
         WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
    )?;
    let step = look.batch.saturating_mul(10);
    let (now, not_alive_since) = (look.now.as_unix_millis(), look.not_alive_since.as_unix_millis());
    let mut rows = statement.query(params![look.after, step, now, not_alive_since])?;
    let limit = usize::try_from(look.batch).unwrap_or(usize::MAX);
    let (mut scan, mut seen) = (IdleScan { idle: Vec::new(), alive: 0, next: None }, 0);
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        if row.get::<_, i64>(1)? <= look.since.as_unix_millis() {
            scan.idle.push(number);
        }
        scan.alive += u64::from(row.get::<_, bool>(2)?);
        seen += 1;
        if seen == step || scan.idle.len() == limit {
            scan.next = Some(number);
            break;
        }
    }
    Ok(scan)
}

/// Deletes the sessions that a scan has found, if they are still idle.
fn delete_idle(db: &Connection, since: Timestamp, idle: &[i64]) -> rusqlite::Result<usize> {
    let mut delete = db.prepare_cached("DELETE FROM sessions WHERE rowid = ?1 AND rotated_at <= ?2")?;
    idle.iter().map(|number| delete.execute(params![number, since.as_unix_millis()])).sum()
}
