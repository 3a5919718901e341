//! Sessions, and the log of those that ended.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::apply::Transaction;
use super::rows::{self, SESSION_COLUMNS};
use super::{Changed, SqliteStore, load, second_factors};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::context::Context;
use crate::model::milestone::Milestone;
use crate::model::plan::Plan;
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{
    BindOutcome, BoundKey, Device, EndReason, EndedSession, Grant, NewSession, PolicyAt, REVOCATIONS_AT_ONCE,
    Revocation, RevocationCursor, RevocationPage, RevocationPlace, Rotation, Session, SessionProof,
    SessionSelector, StartSessionOutcome, bind, end_before, restore, rotate, vouch,
};
use crate::store::{SessionStore, StoreError};

impl SessionStore for SqliteStore {
    async fn start_session(
        &self,
        session: NewSession,
        context: &Context,
    ) -> Result<StartSessionOutcome, StoreError> {
        let device = Device { address: context.address, user_agent: context.user_agent.clone() };
        self.change("start_session", context, move |tx| {
            let account = session.account_id;
            let held = second_factors::and_new(tx.db, account, session.second.shown.new_factor())?;
            let admitted = match session.admit(load::credentials(tx.db, account)?, &held, tx.at.now) {
                Ok(admitted) => admitted,
                Err(refused) => return tx.apply(refused),
            };
            let replaced = find(tx.db, admitted.replaces())?;
            let open = load::open_sessions_of(tx.db, account)?;
            let admitted = if admitted.asks_for_earlier() {
                admitted.after(load::last_sessions_of(tx.db, account)?)
            } else {
                admitted
            };
            tx.apply(admitted.begin(replaced, open, device, tx.at))
        })
        .await
    }

    async fn rotate(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        // The writer decides without a reader before it: its page cache is warm, where a reader's is emptied
        // by every commit. A batch that only reads costs no write and no fsync.
        let in_writer = move |tx: &Transaction<'_>| tx.apply(plan_rotation(tx, &token)?);
        let written = self.change_or_catch_up("rotate", context, in_writer, Some(begin_grace_anew)).await;
        let error = match written {
            Ok(rotation) => return Ok(rotation),
            Err(error) => error,
        };
        // What needs no write is answered while the disk takes none.
        let (policy, origin) = (self.policy, context.origin());
        let in_reader = move |db: &Connection| {
            let tx = Transaction::new(db, policy, origin);
            let plan = plan_rotation(&tx, &token)?;
            if plan.writes().is_empty() { tx.apply(plan).map(Some) } else { Ok(None) }
        };
        self.read("rotate_without_writing", in_reader).await.ok().flatten().ok_or(error)
    }

    async fn bind_session(
        &self,
        token: PresentedToken,
        key: BoundKey,
        context: &Context,
    ) -> Result<BindOutcome, StoreError> {
        self.change("bind_session", context, move |tx| {
            let found = load::session_with_account(tx.db, token.session_id)?;
            tx.apply(bind(found, &token, &key, tx.at))
        })
        .await
    }

    async fn vouch(&self, proof: SessionProof, now: Timestamp) -> Result<Option<Grant>, StoreError> {
        let at = PolicyAt { policy: self.policy, now };
        let decide = move |db: &Connection| {
            let found = load::session_with_account(db, proof.session_id())?;
            Ok(vouch(found, &proof, at).carried_out())
        };
        self.read("vouch", decide).await
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read("find_session", move |db| Ok(load::session(db, id)?.map(|stored| stored.session))).await
    }

    async fn sessions_of(
        &self,
        account: AccountId,
        before: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.read("sessions_of", move |db| {
            let (at, id) = before.unzip();
            db.prepare_cached(&format!(
                "SELECT {SESSION_COLUMNS} FROM sessions s
                 WHERE s.account_id = ?1 AND (?2 IS NULL OR (s.created_at, s.id) < (?2, ?3))
                 ORDER BY s.created_at DESC, s.id DESC LIMIT ?4"
            ))?
            .query_map(
                params![
                    account.as_bytes(),
                    at.map(Timestamp::as_unix_millis),
                    id.as_ref().map(SessionId::as_bytes),
                    limit
                ],
                |row| Ok(rows::session(row)?.session),
            )?
            .collect()
        })
        .await
    }

    async fn list_sessions(
        &self,
        of: Option<AccountId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let rotated_after = now.minus(self.policy.idle_ttl).as_unix_millis();
        let (filter, order) = match of {
            Some(_) => ("s.account_id = ?1", "s.created_at DESC, s.rowid DESC"),
            None => ("?1 IS NULL", "s.rowid DESC"),
        };
        self.read("list_sessions", move |db| {
            let of = of.as_ref().map(AccountId::as_bytes);
            db.prepare_cached(&format!(
                "SELECT {SESSION_COLUMNS} FROM sessions s
                 WHERE {filter} AND s.revoked_at IS NULL AND s.expires_at > ?2 AND s.rotated_at > ?3
                   AND s.created_at >= coalesce((SELECT at FROM milestones WHERE name = 'sessions_not_before'), 0)
                 ORDER BY {order} LIMIT ?4"
            ))?
            .query_map(params![of, now.as_unix_millis(), rotated_after, limit], |row| {
                Ok(rows::session(row)?.session)
            })?
            .collect()
        })
        .await
    }

    async fn end_sessions(
        &self,
        selector: SessionSelector,
        reason: EndReason,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.change("end_sessions", context, move |tx| {
            let found = find(tx.db, selector.session_id())?;
            let open = match selector.account_id(found.as_ref(), tx.at) {
                Some(account) => load::open_sessions_of(tx.db, account)?,
                None => Vec::new(),
            };
            tx.apply(selector.end(found, &open, reason, tx.at))
        })
        .await
    }

    async fn end_sessions_before(
        &self,
        not_before: Timestamp,
        context: &Context,
    ) -> Result<Timestamp, StoreError> {
        self.change("end_sessions_before", context, move |tx| {
            let found = load::milestone(tx.db, Milestone::SessionsNotBefore)?;
            tx.apply(end_before(found, not_before))
        })
        .await
    }

    async fn revocations(
        &self,
        after: Option<RevocationCursor>,
        now: Timestamp,
    ) -> Result<RevocationPage, StoreError> {
        self.read("revocations", move |db| revocations(db, after.as_ref(), now)).await
    }

    async fn restore_revocations(
        &self,
        ended: Vec<EndedSession>,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.change("restore_revocations", context, move |tx| {
            let kept = load::ended(tx.db, &ended.iter().map(|ended| ended.id).collect())?;
            tx.apply(restore(ended, &kept, tx.at))
        })
        .await
    }

    async fn rung(&self) {
        std::future::pending::<()>().await;
    }
}

/// The one writer gives places without gaps, in the order of the commits.
fn revocations(
    db: &Connection,
    after: Option<&RevocationCursor>,
    now: Timestamp,
) -> rusqlite::Result<RevocationPage> {
    // First: what is committed between the two statements is read twice, and not never.
    let last = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'revocations'")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let (after, is_anew) = match after {
        None => (0, false),
        Some(RevocationCursor(RevocationPlace::After(place))) if *place <= last => (*place, false),
        Some(_) => (0, true),
    };
    let page: Vec<(i64, Revocation)> = db
        .prepare_cached(
            "SELECT session_id, until, account_id, ended_at, sequence FROM revocations
             WHERE sequence > ?1 AND until > ?2 ORDER BY sequence LIMIT ?3",
        )?
        .query_map(params![after, now.as_unix_millis(), REVOCATIONS_AT_ONCE], |row| {
            Ok((row.get(4)?, rows::revocation(row)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let has_more = page.len() >= REVOCATIONS_AT_ONCE as usize;
    let next = page.last().filter(|_| has_more).map_or(last, |(place, _)| *place);
    let log = page.into_iter().map(|(_, revocation)| revocation).collect();
    let cursor = RevocationCursor(RevocationPlace::After(next));
    let not_before = load::milestone(db, Milestone::SessionsNotBefore)?;
    Ok(RevocationPage { log, cursor, has_more, is_anew, not_before })
}

/// The session with this ID, if one is asked for.
pub(super) fn find(
    db: &Connection,
    id: Option<SessionId>,
) -> rusqlite::Result<Option<crate::model::session::StoredSession>> {
    id.map_or(Ok(None), |id| load::session(db, id))
}

fn plan_rotation(tx: &Transaction<'_>, token: &PresentedToken) -> rusqlite::Result<Plan<Rotation>> {
    let found = load::session_with_account(tx.db, token.session_id)?;
    Ok(rotate(found, token, tx.origin.address, tx.at))
}

/// A rotation that the disk committed only after everybody had been told that it does not answer: nobody
/// holds the successor, so the grace in which the parent still gets it begins now. Otherwise a stall that is
/// longer than the grace would make an honest client's next try a reuse.
fn begin_grace_anew(db: &Connection, changed: &Changed<Rotation>, stall: Duration) -> rusqlite::Result<()> {
    let (Rotation::Advanced(grant) | Rotation::Healed(grant)) = &changed.outcome else { return Ok(()) };
    let Session { id, generation, rotated_at, .. } = grant.session();
    db.prepare_cached("UPDATE sessions SET rotated_at = ?3 WHERE id = ?1 AND generation = ?2")?
        .execute(params![id.as_bytes(), generation, rotated_at.plus(stall).as_unix_millis()])
        .map(drop)
}
