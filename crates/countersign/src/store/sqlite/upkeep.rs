//! Reading the audit log, deleting what nothing needs any more, and the readiness probe.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::rows;
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::audit::{AuditKind, AuditQuery, AuditRecord};
use crate::model::session::SessionPolicy;
use crate::store::Sweep;

/// A page of the audit log, oldest first.
pub(super) fn audit_log(db: &Connection, query: &AuditQuery) -> rusqlite::Result<Vec<AuditRecord>> {
    // An account's events are few among many, and there is an index for them; a kind is looked for on the way.
    let of_account = if query.account_id.is_some() { "account_id = ?3" } else { "?3 IS NULL" };
    let order = if query.before.is_some() { "DESC" } else { "ASC" };
    db.prepare_cached(&format!(
        "SELECT sequence, at, actor, actor_id, address, kind, account_id, session_id, detail, request_id FROM audit_log
         WHERE sequence > ?1 AND sequence < ?5 AND (?2 IS NULL OR kind = ?2) AND {of_account}
         ORDER BY sequence {order} LIMIT ?4"
    ))?
    .query_map(
        params![
            query.after,
            query.kind.map(AuditKind::name),
            query.account_id.as_ref().map(AccountId::as_bytes),
            query.limit,
            query.before.unwrap_or(i64::MAX)
        ],
        rows::audit_record,
    )?
    .collect()
}

/// Deletes one batch of what an index finds; the first rule with something to do.
pub(super) fn sweep(db: &Connection, policy: &SessionPolicy, sweep: &Sweep) -> rusqlite::Result<usize> {
    let dead = sweep.now.minus(keep_sessions(policy, sweep)).as_unix_millis();
    let old = sweep.now.minus(sweep.keep_audit).as_unix_millis();
    let few = format!("failures < {} AND last_failure_at <= ?1", sweep.few_failures);
    let rules = [
        ("revocations", "until <= ?1", sweep.now.minus(LONGEST_LEEWAY).as_unix_millis()),
        ("sessions", "revoked_at <= ?1", dead),
        ("sessions", "expires_at <= ?1", dead),
        ("audit_log", "at < ?1", old),
        ("throttle", few.as_str(), sweep.now.minus(FEW_FAILURES).as_unix_millis()),
        (
            "throttle",
            "last_failure_at <= ?1",
            sweep.now.minus(crate::flows::guess::REMEMBERED).as_unix_millis(),
        ),
        (
            "audit_log",
            "kind IN ('login_failed', 'login_throttled') AND sequence <=
             (SELECT sequence FROM audit_log WHERE kind IN ('login_failed', 'login_throttled')
              ORDER BY sequence DESC LIMIT 1 OFFSET ?1)",
            MAX_FAILED_LOGINS,
        ),
    ];
    for (table, condition, limit) in rules {
        let deleted = db
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {condition} LIMIT ?2)"
            ))?
            .execute(params![limit, sweep.batch])?;
        if deleted > 0 {
            return Ok(deleted);
        }
    }
    Ok(0)
}

/// One step through the sessions, by row number, for those that nobody used for too long: a rotation changes when that
/// will be, so no index holds it.
pub(super) struct IdleScan {
    /// Sessions that are to go, unless they are used in the meantime.
    pub(super) idle: Vec<i64>,
    /// Where the next step begins; `None` at the end.
    pub(super) next: Option<i64>,
}

/// Looks at the next sessions after a row number: so few that no reader holds up a checkpoint, or a core.
pub(super) fn scan_for_idle(
    db: &Connection,
    policy: &SessionPolicy,
    sweep: &Sweep,
    after: i64,
) -> rusqlite::Result<IdleScan> {
    let mut statement =
        db.prepare_cached("SELECT rowid, rotated_at FROM sessions WHERE rowid > ?1 ORDER BY rowid LIMIT ?2")?;
    let step = sweep.batch.saturating_mul(10);
    let mut rows = statement.query(params![after, step])?;
    let limit = usize::try_from(sweep.batch).unwrap_or(usize::MAX);
    let (mut scan, mut seen) = (IdleScan { idle: Vec::new(), next: None }, 0);
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        if row.get::<_, i64>(1)? <= idle_before(policy, sweep).as_unix_millis() {
            scan.idle.push(number);
        }
        seen += 1;
        if seen == step || scan.idle.len() == limit {
            scan.next = Some(number);
            break;
        }
    }
    Ok(scan)
}

/// Deletes the sessions that a scan has found, if they are still idle.
pub(super) fn delete_idle(
    db: &Connection,
    policy: &SessionPolicy,
    sweep: &Sweep,
    idle: &[i64],
) -> rusqlite::Result<usize> {
    let mut delete = db.prepare_cached("DELETE FROM sessions WHERE rowid = ?1 AND rotated_at <= ?2")?;
    let before = idle_before(policy, sweep).as_unix_millis();
    idle.iter().map(|number| delete.execute(params![number, before])).sum()
}

/// Reads something from the file.
pub(super) fn can_read(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("SELECT count(*) FROM probe")?.query_row([], |_| Ok(()))
}

/// Writes something that needs the disk to take it.
pub(super) fn can_write(db: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO probe (number, checked_at) VALUES (1, ?1)")?
        .execute([now.as_unix_millis()])
        .map(drop)
}

fn idle_before(policy: &SessionPolicy, sweep: &Sweep) -> Timestamp {
    sweep.now.minus(policy.idle_ttl).minus(keep_sessions(policy, sweep))
}

/// A session is kept for as long as an access token of it may run, so that it can still be ended.
fn keep_sessions(policy: &SessionPolicy, sweep: &Sweep) -> Duration {
    sweep.keep_sessions.max(policy.access_token_ttl)
}

/// Failed logins are kept by number too, so that nobody can fill the disk with them (LG-7): some 20 MB.
const MAX_FAILED_LOGINS: i64 = 100_000;
/// So many names can fail once that each is kept for a day only, however long it counts in a process that goes on (LG-7).
const FEW_FAILURES: Duration = Duration::from_hours(24);
/// Verifiers may be behind by so much, and accept a token for so much longer.
const LONGEST_LEEWAY: Duration = Duration::from_secs(120);
