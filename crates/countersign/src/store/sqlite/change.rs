//! What every change has at hand inside its transaction, and what most of them do: write an audit event, end sessions.

use std::time::Duration;

use rusqlite::{Connection, Params, params};

use super::rows;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, RequestId, SessionId};
use crate::model::audit::{AuditEvent, AuditKind, Context};
use crate::model::session::{EndReason, Session, SessionPolicy};
use crate::store::EndedSession;

/// One change inside its transaction.
pub(super) struct Change<'a> {
    pub(super) db: &'a Connection,
    pub(super) policy: &'a SessionPolicy,
    pub(super) context: &'a Context,
}

impl Change<'_> {
    pub(super) fn now(&self) -> Timestamp {
        self.context.now
    }

    /// Runs one statement; gives how many rows it touched.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(params)
    }

    /// Writes an event into the audit log, in the transaction of the change that it describes (LG-5).
    pub(super) fn record(&self, event: &AuditEvent) -> rusqlite::Result<()> {
        let actor = self.context.actor;
        self.execute(
            "INSERT INTO audit_log (at, actor, actor_id, address, kind, account_id, session_id, detail, request_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                self.now().as_unix_millis(),
                actor.name(),
                actor.account_id().as_ref().map(AccountId::as_bytes),
                self.context.address.map(|address| address.to_string()),
                event.kind.name(),
                event.account_id.as_ref().map(AccountId::as_bytes),
                event.session_id.as_ref().map(SessionId::as_bytes),
                event.detail,
                self.context.request_id.as_ref().map(RequestId::as_bytes),
            ],
        )?;
        Ok(())
    }

    /// Ends a session, unless it has ended for good already; the audit log says why.
    pub(super) fn end(
        &self,
        session: &Session,
        reason: EndReason,
        kind: AuditKind,
    ) -> rusqlite::Result<Option<EndedSession>> {
        if session.revoked.is_some() || self.now() >= self.last_use_of_tokens(session) {
            return Ok(None);
        }
        let ended = EndedSession { id: session.id, until: self.revocation_matters_until(session) };
        self.execute(
            "UPDATE sessions SET revoked_at = ?2, end_reason = ?3 WHERE id = ?1",
            params![session.id.as_bytes(), self.now().as_unix_millis(), reason.name()],
        )?;
        self.execute(
            "INSERT INTO revocations (session_id, until) VALUES (?1, ?2)",
            params![ended.id.as_bytes(), ended.until.as_unix_millis()],
        )?;
        let event = AuditEvent::new(kind).of_account(session.account_id).of_session(session.id);
        self.record(&event.with_detail(reason.name()))?;
        Ok(Some(ended))
    }

    /// Ends the sessions of an account for which `wanted` holds, the oldest first.
    pub(super) fn end_all_of(
        &self,
        account: AccountId,
        reason: EndReason,
        wanted: impl Fn(&Session) -> bool,
    ) -> rusqlite::Result<Vec<EndedSession>> {
        let mut ended = Vec::new();
        for session in self.open_sessions_of(account)? {
            if wanted(&session) {
                ended.extend(self.end(&session, reason, AuditKind::SessionEnded)?);
            }
        }
        Ok(ended)
    }

    /// The sessions of an account that were not ended early, the oldest first; some may be past their end.
    pub(super) fn open_sessions_of(&self, account: AccountId) -> rusqlite::Result<Vec<Session>> {
        self.db
            .prepare_cached(&format!(
                "SELECT {} FROM sessions s WHERE s.account_id = ?1 AND s.revoked_at IS NULL
                 ORDER BY s.created_at, s.rowid",
                rows::SESSION_COLUMNS
            ))?
            .query_map([account.as_bytes()], |row| Ok(rows::session(row)?.session))?
            .collect()
    }

    /// A session that has run out may have given out an access token just before.
    fn last_use_of_tokens(&self, session: &Session) -> Timestamp {
        session.ends_at(self.policy).plus(self.policy.access_token_ttl)
    }

    /// Until when an access token of this session may be accepted somewhere.
    fn revocation_matters_until(&self, session: &Session) -> Timestamp {
        self.now().max(session.rotated_at).plus(self.policy.access_token_ttl).plus(MARGIN)
    }
}

/// Verifiers may accept a token for two minutes more (VF-10), one more can be made until this change is committed, and a
/// clock that is set back by an hour must not bring the tokens of ended sessions back to life (OP-9).
const MARGIN: Duration = Duration::from_secs(65 * 60);
