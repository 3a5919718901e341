//! Deleting what nothing needs any more, the node among the others, and the readiness probe.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::nodes::Presence;
use super::engine::time::{NOW, now_of};
use super::lines::Signer;
use super::{PostgresStore, audit_chain, load, rows};
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::activity::millis;
use crate::model::audit_chain::AuditSigner;
use crate::model::backup::backed_up;
use crate::model::context::Context;
use crate::model::milestone::Milestone;
use crate::model::retention::{EXPIRED, Expired, Sweep, Swept};
use crate::store::{StoreError, StoreReading, Upkeep};

impl Upkeep for PostgresStore {
    async fn sweep(&self, sweep: Sweep) -> Result<Swept, StoreError> {
        let (expired, batch) = (sweep.expired(&self.policy), sweep.batch);
        let delete =
            move |db, signer: Signer| async move { delete_first(db, &expired, batch, signer.get()).await };
        let deleted = self.write("sweep", Arc::clone(&self.signer), delete).await?;
        if deleted > 0 {
            return Ok(Swept { deleted, more: true, alive: 0 });
        }
        let (after, since) = (*self.swept_to(), sweep.idle_since(&self.policy));
        let look = Look {
            after,
            batch,
            since,
            now: sweep.now,
            not_alive_since: sweep.not_alive_since(&self.policy),
        };
        let scan = move |db| async move { scan_for_idle(db, look).await };
        let scan = self.read("scan_for_idle", scan).await?;
        *self.swept_to() = scan.next;
        if scan.idle.is_empty() {
            return Ok(Swept { deleted: 0, more: scan.next.is_some(), alive: scan.alive });
        }
        let delete = move |db, idle| async move { delete_idle(db, since, idle).await };
        let deleted = self.write("sweep_idle", scan.idle, delete).await?;
        Ok(Swept { deleted, more: scan.next.is_some(), alive: scan.alive })
    }

    async fn report_node(&self) -> Result<(), StoreError> {
        let report = |db: Arc<Connection>, presence: Arc<Presence>| async move { presence.report(&db).await };
        self.write("report_node", Arc::clone(&self.presence), report).await?;
        self.presence.check()
    }

    fn reading(&self) -> StoreReading {
        let is_stalled = self.changes.is_away();
        StoreReading { figures: Arc::clone(&self.figures), waiting: self.waiting(), is_stalled }
    }

    async fn may_sweep(&self) -> Result<bool, StoreError> {
        self.write("may_sweep", self.presence.id(), |db, node| async move {
            db.run("SET LOCAL synchronous_commit = off").await?; // lost in a crash, another node takes its place
            let taken = db.execute(&take_lease(), &[&node, &LEASE]).await?;
            Ok(taken == 1)
        })
        .await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("time", |db| async move { now_of(&db).await.map(Some) }).await
    }

    async fn record_backup(&self, at: Timestamp, context: &Context) -> Result<(), StoreError> {
        self.change("record_backup", context, at, |tx, at| async move { tx.apply(backed_up(at)).await }).await
    }

    async fn last_backup(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("last_backup", |db| async move { load::milestone(&db, Milestone::BackedUp).await }).await
    }

    async fn check(&self, now: Timestamp) -> Result<(), StoreError> {
        self.presence.check()?;
        self.read("check", |db| async move {
            match db.optional("SELECT NOT pg_is_in_recovery()", &[]).await? {
                Some(row) if row.try_get(0)? => Ok(()),
                _ => {
                    db.give_up(); // the next connection is to whichever server is the primary then
                    Err(Failure::Standby)
                }
            }
        })
        .await?;
        if self.last_write_failed.load(Ordering::SeqCst) {
            // Something that needs the database to take it.
            self.write("check_write", now, |db, now| async move {
                let sql = "INSERT INTO probe (number, checked_at) VALUES (1, $1)
                           ON CONFLICT (number) DO UPDATE SET checked_at = excluded.checked_at";
                db.execute(sql, &[&now]).await.map(drop)
            })
            .await?;
        }
        Ok(())
    }
}

impl PostgresStore {
    fn swept_to(&self) -> MutexGuard<'_, Option<SessionId>> {
        self.swept_to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the lease, or keeps it, unless another node has it.
fn take_lease() -> String {
    format!(
        "UPDATE leases SET holder = $1, until = {NOW} + $2
         WHERE name = 'sweep' AND (holder = $1 OR until <= {NOW})"
    )
}

/// Deletes one batch of the first that finds something.
async fn delete_first(
    db: Arc<Connection>,
    expired: &[Expired; EXPIRED],
    batch: u32,
    signer: Option<&AuditSigner>,
) -> Result<usize, Failure> {
    for &expired in expired {
        let deleted = delete(&db, expired, batch, signer).await?;
        if deleted > 0 {
            return Ok(usize::try_from(deleted).unwrap_or(usize::MAX));
        }
    }
    Ok(0)
}

async fn delete(
    db: &Connection,
    expired: Expired,
    batch: u32,
    signer: Option<&AuditSigner>,
) -> Result<u64, Failure> {
    let few;
    let (table, key, condition, limit) = match expired {
        Expired::Revocations(at) => ("revocations", "session_id", "until <= $1", at.as_unix_millis()),
        Expired::SessionsEnded(at) => ("sessions", "id", "revoked_at <= $1", at.as_unix_millis()),
        Expired::SessionsPastEnd(at) => ("sessions", "id", "expires_at <= $1", at.as_unix_millis()),
        Expired::ApiKeysRevoked(at) => ("api_keys", "id", "revoked_at <= $1", at.as_unix_millis()),
        Expired::ApiKeysPastEnd(at) => ("api_keys", "id", "expires_at <= $1", at.as_unix_millis()),
        Expired::Tickets(at) => ("tickets", "id", "expires_at <= $1", at.as_unix_millis()),
        Expired::TrustedDevices(at) => ("trusted_devices", "id", "expires_at <= $1", at.as_unix_millis()),
        Expired::UsedOnce(at) => ("used_once", "hash", "expires_at <= $1", at.as_unix_millis()),
        Expired::Codes(at) => ("oauth_codes", "hash", "expires_at <= $1", at.as_unix_millis()),
        Expired::AuditLog(at) => ("audit_log", "sequence", "at < $1", at.as_unix_millis()),
        Expired::FewFailures(count, at) => {
            few = format!("failures < {count} AND last_failure_at <= $1");
            ("throttle", "key", few.as_str(), at.as_unix_millis())
        }
        Expired::Failures(at) => ("throttle", "key", "last_failure_at <= $1", at.as_unix_millis()),
        Expired::Activity(grain, at) => {
            few = format!("grain = {} AND at < $1", millis(grain.length()));
            ("activity", "at", few.as_str(), at.as_unix_millis())
        }
        Expired::Deliveries(state, at) => {
            few = format!("state = '{}' AND coalesce(ended_at, expires_at) <= $1", state.name());
            ("outbox", "number", few.as_str(), at.as_unix_millis())
        }
        Expired::FailedLogins(kept) => (
            "audit_log",
            "sequence",
            "kind IN ('login_failed', 'login_throttled') AND sequence <=
             (SELECT sequence FROM audit_log WHERE kind IN ('login_failed', 'login_throttled')
              ORDER BY sequence DESC LIMIT 1 OFFSET $1)",
            kept.into(),
        ),
    };
    // The condition is asked again of each row: it may have changed since it was picked.
    let sql = format!(
        "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {condition} LIMIT $2) AND {condition}"
    );
    match signer.filter(|_| table == "audit_log") {
        None => db.execute(&sql, &[&limit, &i64::from(batch)]).await,
        Some(signer) => {
            let gone = db.query(&format!("{sql} RETURNING sequence"), &[&limit, &i64::from(batch)]).await?;
            let gone = rows::firsts(&gone)?;
            audit_chain::forget(db, signer, &gone).await?;
            Ok(gone.len() as u64)
        }
    }
}

/// What to look for, and from which session on.
#[derive(Clone, Copy)]
struct Look {
    after: Option<SessionId>,
    batch: u32,
    /// Sessions last rotated at or before this may go.
    since: Timestamp,
    now: Timestamp,
    not_alive_since: Timestamp,
}

/// One step through the sessions, by their ids, for those that nobody used for too long.
struct IdleScan {
    /// Sessions that are to go, unless they are used in the meantime.
    idle: Vec<SessionId>,
    /// How many of those that were looked at are alive.
    alive: u64,
    /// Where the next step begins; `None` at the end.
    next: Option<SessionId>,
}

/// Looks at the next sessions after an id: ten times as many as may be deleted at most.
async fn scan_for_idle(db: Arc<Connection>, look: Look) -> Result<IdleScan, Failure> {
    let (step, limit) = (look.batch.saturating_mul(10), usize::try_from(look.batch).unwrap_or(usize::MAX));
    let sql =
        "SELECT id, rotated_at, revoked_at IS NULL AND expires_at > $3 AND rotated_at > $4 FROM sessions
               WHERE $1 IS NULL OR id > $1 ORDER BY id LIMIT $2";
    let found = db.query(sql, &[&look.after, &i64::from(step), &look.now, &look.not_alive_since]).await?;
    let mut scan = IdleScan { idle: Vec::new(), alive: 0, next: None };
    for (n, row) in found.iter().enumerate() {
        let id = row.try_get(0)?;
        if row.try_get::<_, Timestamp>(1)? <= look.since {
            scan.idle.push(id);
        }
        scan.alive += u64::from(row.try_get::<_, bool>(2)?);
        if scan.idle.len() == limit || n + 1 == usize::try_from(step).unwrap_or(usize::MAX) {
            scan.next = Some(id);
            break;
        }
    }
    Ok(scan)
}

/// Deletes the sessions that a scan has found, if they are still idle.
async fn delete_idle(db: Arc<Connection>, since: Timestamp, idle: Vec<SessionId>) -> Result<usize, Failure> {
    let sql = "DELETE FROM sessions WHERE id = ANY ($1) AND rotated_at <= $2";
    let deleted = db.execute(sql, &[&idle, &since]).await?;
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

/// In milliseconds. A node that sweeps says so three times as often.
const LEASE: i64 = 30_000;
