//! Sessions: beginning, rotating and ending them. The rule is [`decide`]; here is what it is applied to and what
//! follows from it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use subtle::ConstantTimeEq;

use super::accounts;
use super::change::Change;
use super::rows::{self, ACCOUNT_COLUMNS, SESSION_COLUMNS, SessionRow};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::session::refresh_token::PresentedToken;
use crate::model::session::{Decision, EndReason, Session, SessionPolicy, decide};
use crate::store::{
    Credentials, EndedSession, Grant, NewSession, PasswordChange, Revocation, Rotation, StartSession, Which,
};

/// A rotation that the disk committed only after everybody had been told that it does not answer: nobody holds the
/// successor, so the grace in which the parent still gets it begins now. Otherwise a stall that is longer than the grace would
/// make an honest client's next try a reuse.
pub(super) fn begin_grace_anew(
    db: &Connection,
    rotation: &Rotation,
    stall: Duration,
) -> rusqlite::Result<()> {
    let (Rotation::Advanced(grant) | Rotation::Healed(grant)) = rotation else { return Ok(()) };
    let Session { id, generation, rotated_at, .. } = &grant.session;
    db.prepare_cached("UPDATE sessions SET rotated_at = ?3 WHERE id = ?1 AND generation = ?2")?
        .execute(params![id.as_bytes(), generation, rotated_at.plus(stall).as_unix_millis()])
        .map(drop)
}

/// What a token means, as far as that needs no write; `None` when it does.
pub(super) fn rotation_without_writing(
    db: &Connection,
    policy: &SessionPolicy,
    token: &PresentedToken,
    now: Timestamp,
) -> rusqlite::Result<Option<Rotation>> {
    Ok(match judge(db, policy, token, now)? {
        Verdict::Refused(rotation) => Some(rotation),
        Verdict::Accepted(grant, Decision::Fresh) => Some(Rotation::Fresh(grant)),
        Verdict::Accepted(grant, Decision::Replay) => Some(Rotation::Replayed(grant)),
        Verdict::Accepted(..) => None,
    })
}

/// Sessions that are alive, newest first.
pub(super) fn list(
    db: &Connection,
    policy: &SessionPolicy,
    of: Option<AccountId>,
    now: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<Session>> {
    let (filter, order) = match of {
        Some(_) => ("s.account_id = ?1", "s.created_at DESC, s.rowid DESC"),
        None => ("?1 IS NULL", "s.rowid DESC"),
    };
    db.prepare_cached(&format!(
        "SELECT {SESSION_COLUMNS} FROM sessions s
         WHERE {filter} AND s.revoked_at IS NULL AND s.expires_at > ?2 AND s.rotated_at > ?3
         ORDER BY {order} LIMIT ?4"
    ))?
    .query_map(
        params![
            of.as_ref().map(AccountId::as_bytes),
            now.as_unix_millis(),
            now.minus(policy.idle_ttl).as_unix_millis(),
            limit
        ],
        |row| Ok(rows::session(row)?.session),
    )?
    .collect()
}

/// The revocation log after a place, without what no longer matters.
pub(super) fn revocations_after(
    db: &Connection,
    sequence: i64,
    now: Timestamp,
) -> rusqlite::Result<Vec<Revocation>> {
    db.prepare_cached(
        "SELECT sequence, session_id, until FROM revocations WHERE sequence > ?1 AND until > ?2 ORDER BY sequence",
    )?
    .query_map(params![sequence, now.as_unix_millis()], |row| {
        let id = crate::base::id::SessionId::from_bytes(row.get(1)?);
        let until = Timestamp::from_unix_millis(row.get(2)?);
        Ok(Revocation { sequence: row.get(0)?, ended: EndedSession { id, until } })
    })?
    .collect()
}

enum Verdict {
    /// Nothing is given, nothing is changed.
    Refused(Rotation),
    /// The token is of this session and the account may sign in.
    Accepted(Box<Grant>, Decision),
}

fn judge(
    db: &Connection,
    policy: &SessionPolicy,
    token: &PresentedToken,
    now: Timestamp,
) -> rusqlite::Result<Verdict> {
    let found = db
        .prepare_cached(&format!(
            "SELECT {ACCOUNT_COLUMNS}, {SESSION_COLUMNS} FROM sessions s JOIN accounts a ON a.id = s.account_id
             WHERE s.id = ?1"
        ))?
        .query_row([token.session_id.as_bytes()], rows::account_and_session)
        .optional()?;
    let Some((credentials, row)) = found.filter(|(_, row)| fits(row, token)) else {
        return Ok(Verdict::Refused(Rotation::Unknown));
    };
    let (account, session) = (credentials.account, row.session);
    Ok(match (decide(&session, token.generation, policy, now), account.refuses_sessions()) {
        (Decision::Expired, _) => Verdict::Refused(Rotation::Expired),
        // An account that refuses sessions has none any more; this holds even if one had been missed (RF-7).
        (Decision::Revoked(reason), _) | (_, Some(reason)) => Verdict::Refused(Rotation::Revoked(reason)),
        (decision, None) => Verdict::Accepted(Box::new(Grant { account, session }), decision),
    })
}

/// Whether the token's secret is the session's, in constant time.
fn fits(row: &SessionRow, token: &PresentedToken) -> bool {
    row.secret_hash.ct_eq(&token.secret_hash).into()
}

impl Change<'_> {
    pub(super) fn start_session(&self, new: &NewSession) -> rusqlite::Result<StartSession> {
        let may_begin = |found: &Credentials| {
            found.account.is_enabled() && found.password_version == new.password_version
        };
        let failed = AuditEvent::new(AuditKind::LoginFailed).of_account(new.account_id);
        let Some(found) = accounts::credentials(self.db, new.account_id)?.filter(may_begin) else {
            self.record(&failed)?;
            return Ok(StartSession::Refused);
        };
        let mut account = found.account;
        if account.password_change_required && new.new_password.is_none() {
            self.record(&failed.with_detail(EndReason::PasswordChangeRequired.name()))?;
            return Ok(StartSession::PasswordChangeRequired);
        }
        let mut ended = Vec::new();
        if let Some(row) = self.session_of(new.replaces.as_ref())? {
            ended.extend(self.end(&row.session, EndReason::Replaced, AuditKind::SessionEnded)?);
        }
        if let Some(hash) = new.new_password.clone() {
            let checked = Some(new.password_version);
            let change = PasswordChange { account_id: account.id, new: hash, checked, keep: None };
            ended.extend(self.write_password(&change)?);
            account.password_change_required = false;
        }
        ended.extend(self.make_room(new.account_id)?);
        let session = Session {
            id: new.id,
            account_id: new.account_id,
            created_at: self.now(),
            expires_at: self.now().plus(self.policy.absolute_ttl),
            generation: 0,
            rotated_at: self.now(),
            revoked: None,
            user_agent: self.context.user_agent.clone(),
            address: self.context.address,
        };
        self.insert_session(&session, &new.secret_hash)?;
        let event = AuditEvent::new(AuditKind::LoginSucceeded);
        self.record(&event.of_account(session.account_id).of_session(session.id))?;
        Ok(StartSession::Started(Box::new(Grant { account, session }), ended))
    }

    /// Ends the oldest sessions until there is room for one more (SE-8).
    fn make_room(&self, account: AccountId) -> rusqlite::Result<Vec<EndedSession>> {
        let mut alive = self.open_sessions_of(account)?;
        alive.retain(|session| session.is_alive(self.policy, self.now()));
        let room = usize::try_from(self.policy.max_sessions.max(1)).unwrap_or(usize::MAX);
        let too_many = (alive.len() + 1).saturating_sub(room);
        let mut ended = Vec::new();
        for session in alive.iter().take(too_many) {
            ended.extend(self.end(session, EndReason::TooMany, AuditKind::SessionEnded)?);
        }
        Ok(ended)
    }

    fn insert_session(&self, session: &Session, secret_hash: &[u8; 32]) -> rusqlite::Result<()> {
        self.execute(
            "INSERT INTO sessions (id, account_id, secret_hash, created_at, expires_at, generation, rotated_at,
                                   user_agent, address)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                session.id.as_bytes(),
                session.account_id.as_bytes(),
                secret_hash,
                session.created_at.as_unix_millis(),
                session.expires_at.as_unix_millis(),
                session.generation,
                session.rotated_at.as_unix_millis(),
                session.user_agent,
                session.address.map(|address| address.to_string()),
            ],
        )?;
        Ok(())
    }

    /// Judges while nobody else writes, and does what the decision says.
    pub(super) fn rotate(&self, token: &PresentedToken) -> rusqlite::Result<Rotation> {
        let (mut grant, decision) = match judge(self.db, self.policy, token, self.now())? {
            Verdict::Refused(rotation) => return Ok(rotation),
            Verdict::Accepted(grant, decision) => (grant, decision),
        };
        match decision {
            Decision::Fresh => Ok(Rotation::Fresh(grant)),
            Decision::Replay => Ok(Rotation::Replayed(grant)),
            Decision::Advance { to } => {
                self.move_to(&mut grant.session, to)?;
                Ok(Rotation::Advanced(grant))
            }
            Decision::Heal { to } => {
                self.move_to(&mut grant.session, to)?;
                let event = AuditEvent::new(AuditKind::SessionHealed);
                self.record(&event.of_account(grant.account.id).of_session(token.session_id))?;
                Ok(Rotation::Healed(grant))
            }
            Decision::Reuse => {
                let kind = AuditKind::RefreshReuseDetected;
                let ended = self.end(&grant.session, EndReason::Reuse, kind)?;
                Ok(ended.map_or(Rotation::Revoked(EndReason::Reuse), Rotation::Reused))
            }
            Decision::Expired => Ok(Rotation::Expired),
            Decision::Revoked(reason) => Ok(Rotation::Revoked(reason)),
        }
    }

    /// The one guarded update of a rotation: it touches one row and no index.
    fn move_to(&self, session: &mut Session, generation: u32) -> rusqlite::Result<()> {
        let moved = self.execute(
            "UPDATE sessions SET generation = ?3, rotated_at = ?4, address = ?5
             WHERE id = ?1 AND generation = ?2 AND revoked_at IS NULL",
            params![
                session.id.as_bytes(),
                session.generation,
                generation,
                self.now().as_unix_millis(),
                self.context.address.map(|address| address.to_string()),
            ],
        )?;
        if moved != 1 {
            return Err(rusqlite::Error::StatementChangedRows(moved));
        }
        session.generation = generation;
        session.rotated_at = self.now();
        session.address = self.context.address;
        Ok(())
    }

    pub(super) fn end_sessions(
        &self,
        which: Which,
        reason: EndReason,
    ) -> rusqlite::Result<Vec<EndedSession>> {
        let found = match which {
            Which::AllOf(account) => return self.end_all_of(account, reason, |_| true),
            Which::OthersOf(account, keep) => {
                return self.end_all_of(account, reason, |session| session.id != keep);
            }
            Which::EverywhereOfToken(token) => match self.session_of(Some(&token))? {
                Some(row) if self.speaks_for_account(&row.session, &token) => {
                    return self.end_all_of(row.session.account_id, reason, |_| true);
                }
                row => row,
            },
            Which::OfToken(token) => self.session_of(Some(&token))?,
            Which::One(id) => rows::find_session(self.db, id)?,
            Which::OneOf(account, id) => {
                rows::find_session(self.db, id)?.filter(|row| row.session.account_id == account)
            }
        };
        let Some(row) = found else { return Ok(Vec::new()) };
        Ok(self.end(&row.session, reason, AuditKind::SessionEnded)?.into_iter().collect())
    }

    /// The session of a token, if the secret fits.
    fn session_of(&self, token: Option<&PresentedToken>) -> rusqlite::Result<Option<SessionRow>> {
        let Some(token) = token else { return Ok(None) };
        Ok(rows::find_session(self.db, token.session_id)?.filter(|row| fits(row, token)))
    }

    /// An old copy of a token, or one of a dead session, must not log out other devices.
    fn speaks_for_account(&self, session: &Session, token: &PresentedToken) -> bool {
        session.is_alive(self.policy, self.now()) && token.generation.saturating_add(1) >= session.generation
    }
}
