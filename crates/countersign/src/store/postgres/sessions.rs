//! Sessions, and the log of those that ended.

use std::sync::Arc;

use tracing::Instrument as _;

use super::apply::Transaction;
use super::batch::{Pending, PendingRotation};
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::follow::{Key, Log};
use super::load::{Lock, Whole};
use super::rows::{self, SESSION_COLUMNS};
use super::unanswered::Presented;
use super::{PostgresStore, load, second_factors, span};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::context::Context;
use crate::model::milestone::Milestone;
use crate::model::seen::Seen;
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{
    BindOutcome, BoundKey, Device, EndReason, EndedSession, Grant, NewSession, PolicyAt, REVOCATIONS_AT_ONCE,
    RevocationCursor, RevocationPage, RevocationPlace, Rotation, Session, SessionProof, SessionSelector,
    StartSessionOutcome, bind, end_before, restore, vouch,
};
use crate::store::{SessionStore, StoreError};

impl SessionStore for PostgresStore {
    async fn start_session(
        &self,
        session: NewSession,
        context: &Context,
    ) -> Result<StartSessionOutcome, StoreError> {
        let device = Device { address: context.address, user_agent: context.user_agent.clone() };
        self.change("start_session", context, (session, device), start_session).await
    }

    async fn rotate(&self, token: PresentedToken, context: &Context) -> Result<Rotation, StoreError> {
        let presented = Presented { token, origin: context.origin(), policy: self.policy };
        let (unanswered, signer) = (Arc::clone(&self.unanswered), Arc::clone(&self.signer));
        let [even, odd] = &self.batches;
        let lane =
            if u128::from_be_bytes(*token.session_id.as_bytes()).is_multiple_of(2) { even } else { odd };
        let rotated =
            lane.ask(|reply| Pending::Rotation(PendingRotation { presented, unanswered, signer, reply }));
        let rotated = rotated.instrument(span("rotate")).await;
        let (rotation, recorded) = rotated.map_err(|error| self.failed_to_write("rotate", error))?;
        self.announce(&recorded, &presented.origin);
        Ok(rotation)
    }

    async fn bind_session(
        &self,
        token: PresentedToken,
        key: BoundKey,
        context: &Context,
    ) -> Result<BindOutcome, StoreError> {
        self.change("bind_session", context, (token, key), bind_session).await
    }

    async fn vouch(&self, proof: SessionProof, now: Timestamp) -> Result<Option<Grant>, StoreError> {
        let at = PolicyAt { policy: self.policy, now };
        self.read("vouch", move |db| async move {
            let id = proof.session_id();
            let found = load::sessions_with_accounts(&db, &vec![id]).await?.remove(&id);
            Ok(vouch(found, &proof, at).carried_out())
        })
        .await
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read("find_session", move |db| async move {
            Ok(load::session(&db, id, Lock::No).await?.map(|stored| stored.session))
        })
        .await
    }

    async fn sessions_of(
        &self,
        account: AccountId,
        before: Option<(Timestamp, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.read("sessions_of", move |db| async move {
            let sql = format!(
                "SELECT {SESSION_COLUMNS} FROM sessions s
                 WHERE s.account_id = $1 AND ($2 IS NULL OR (s.created_at, s.id) < ($2, $3))
                 ORDER BY s.created_at DESC, s.id DESC LIMIT $4"
            );
            let (at, id) = before.unzip();
            let found = db.query(&sql, &[&account, &at, &id, &i64::from(limit)]).await?;
            found.iter().map(|row| Ok(rows::session(row)?.session)).collect()
        })
        .await
    }

    async fn list_sessions(
        &self,
        of: Option<AccountId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        let rotated_after = now.minus(self.policy.idle_ttl);
        self.read("list_sessions", move |db| async move {
            let sql = format!(
                "SELECT {SESSION_COLUMNS} FROM sessions s
                 WHERE ($1 IS NULL OR s.account_id = $1) AND s.revoked_at IS NULL
                   AND s.expires_at > $2 AND s.rotated_at > $3
                   AND s.created_at >= coalesce((SELECT at FROM milestones WHERE name = 'sessions_not_before'), 0)
                 ORDER BY s.created_at DESC LIMIT $4"
            );
            let found = db.query(&sql, &[&of, &now, &rotated_after, &i64::from(limit)]).await?;
            found.iter().map(|row| Ok(rows::session(row)?.session)).collect()
        })
        .await
    }

    async fn end_sessions(
        &self,
        selector: SessionSelector,
        reason: EndReason,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.change("end_sessions", context, (selector, reason), end_sessions).await
    }

    async fn end_sessions_before(
        &self,
        not_before: Timestamp,
        context: &Context,
    ) -> Result<Timestamp, StoreError> {
        self.change("end_sessions_before", context, not_before, end_sessions_before).await
    }

    async fn revocations(
        &self,
        after: Option<RevocationCursor>,
        now: Timestamp,
    ) -> Result<RevocationPage, StoreError> {
        self.read("revocations", move |db| async move { revocations(&db, after, now).await }).await
    }

    async fn restore_revocations(
        &self,
        ended: Vec<EndedSession>,
        context: &Context,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.change("restore_revocations", context, ended, restore_revocations).await
    }

    async fn rung(&self) {
        self.bell.rung().await;
    }
}

async fn bind_session(
    tx: Transaction,
    (token, key): (PresentedToken, BoundKey),
) -> Result<BindOutcome, Failure> {
    let found = load::lock_session_with_account(&tx.db, token.session_id).await?;
    tx.apply(bind(found, &token, &key, tx.at)).await
}

async fn start_session(
    tx: Transaction,
    (session, device): (NewSession, Device),
) -> Result<StartSessionOutcome, Failure> {
    let account = session.account_id;
    let credentials = load::credentials(&tx.db, account, Lock::Rows).await?;
    let held = second_factors::and_new(&tx.db, account, session.second.shown.new_factor()).await?;
    let admitted = match session.admit(credentials, &held, tx.at.now) {
        Ok(admitted) => admitted,
        Err(refused) => return tx.apply(refused).await,
    };
    let found = load::lock_sessions(&tx.db, account, admitted.replaces()).await?;
    let admitted = if admitted.asks_for_earlier() {
        admitted.after(load::last_sessions_of(&tx.db, account).await?)
    } else {
        admitted
    };
    tx.apply(admitted.begin(found.one, found.open, device, tx.at)).await
}

async fn end_sessions(
    tx: Transaction,
    (selector, reason): (SessionSelector, EndReason),
) -> Result<Vec<EndedSession>, Failure> {
    let one = selector.session_id();
    let found = match one {
        Some(id) => load::session(&tx.db, id, Lock::No).await?,
        None => None,
    };
    let Some(account) = selector.account_id(found.as_ref(), tx.at) else {
        let found = match one {
            Some(id) => load::session(&tx.db, id, Lock::Rows).await?,
            None => None,
        };
        return tx.apply(selector.end(found, &[], reason, tx.at)).await;
    };
    // After this, a login that is under way has either begun its session, or begins it later.
    load::account(&tx.db, account, Lock::Rows).await?;
    let found = load::lock_sessions(&tx.db, account, one).await?;
    tx.apply(selector.end(found.one, &found.open, reason, tx.at)).await
}

async fn end_sessions_before(tx: Transaction, not_before: Timestamp) -> Result<Timestamp, Failure> {
    // The row may not be there yet, so there is nothing of its own to lock.
    load::lock(&tx.db, Whole::Keys).await?;
    let found = load::milestone(&tx.db, Milestone::SessionsNotBefore).await?;
    tx.apply(end_before(found, not_before)).await
}

/// Of nodes that do this at once, the second waits for the first and finds it done.
async fn restore_revocations(
    tx: Transaction,
    ended: Vec<EndedSession>,
) -> Result<Vec<EndedSession>, Failure> {
    let ids = ended.iter().map(|ended| ended.id).collect();
    let kept = load::lock_ended(&tx.db, &ids).await?;
    tx.apply(restore(ended, &kept, tx.at)).await
}

/// Begins anew when the cursor is of another run of a server: this one may have forgotten, and give numbers again.
async fn revocations(
    db: &Connection,
    after: Option<RevocationCursor>,
    now: Timestamp,
) -> Result<RevocationPage, Failure> {
    let log = Log {
        table: "revocations",
        columns: "session_id, until, account_id, ended_at",
        key: Key::SessionId,
        condition: "until > $6",
        values: &[&now],
    };
    let (run, seen) = match after {
        Some(RevocationCursor(RevocationPlace::Seen(run, seen))) => (Some(run), seen),
        _ => (None, Seen::default()),
    };
    let mut page = log.page(db, &seen, REVOCATIONS_AT_ONCE).await?;
    let is_anew = run.is_some_and(|run| run != page.server);
    if is_anew {
        page = log.page(db, &Seen::default(), REVOCATIONS_AT_ONCE).await?;
    }
    Ok(RevocationPage {
        log: page.rows.iter().map(rows::revocation).collect::<Result<_, _>>()?,
        cursor: RevocationCursor(RevocationPlace::Seen(page.server, page.seen)),
        has_more: page.has_more,
        is_anew,
        not_before: load::milestone(db, Milestone::SessionsNotBefore).await?,
    })
}
