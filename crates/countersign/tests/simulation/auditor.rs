//! What must hold after every step, whatever was lost, delayed, cut off, crashed or stolen: J1 to J7, J10 and
//! J11 of docs/REQUIREMENTS.md (J8 is in `world/answers.rs`). It believes the audit log and the responses,
//! and compares both with the database, with the guard, and with each other.

use std::collections::BTreeMap;

use countersign::Countersign;
use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, SessionId};
use countersign::internal::flows::issue::SignedIn;
use countersign::internal::model::audit::{AuditKind, AuditQuery, AuditRecord};
use countersign::internal::model::audit_cursor::AuditCursor;
use countersign::store::{AccountStore as _, AuditStore as _, SessionStore as _};

use crate::executor::now;
use crate::faulty::Faulty;

/// An invariant that does not hold, in words.
pub(crate) type Verdict = Result<(), String>;

/// What the auditor knows of a session.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) account: AccountId,
    /// Why it ended, once the audit log says so.
    pub(crate) ended: Option<String>,
    /// By generation presented: the generation that was given for it.
    successors: BTreeMap<u32, u32>,
    /// The newest generation that anybody was given.
    acknowledged: u32,
    /// Access tokens, when they expire, and the jump of the clock when they were made.
    access: Vec<(String, i64, i64)>,
    pub(crate) stolen: bool,
    /// When the owner was last answered, and when the thief was while the owner had been silent for long.
    pub(crate) owner_seen: i64,
    pub(crate) fork: Option<i64>,
    /// The clock jumped: how long windows are is no longer known.
    pub(crate) clock_jumped: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Auditor {
    pub(crate) sessions: BTreeMap<SessionId, Known>,
    read_to: i64,
}

/// How long a thief may ride along unseen: the larger of grace and minimum age (20 s), and what a step takes.
const BLIND: i64 = 20_100;

impl Auditor {
    /// Reads what is new in the audit log. What it says about sessions is taken over; the rest is for the
    /// caller.
    pub(crate) fn read_log(&mut self, store: &Faulty, time: i64) -> Result<Vec<AuditRecord>, String> {
        let query =
            AuditQuery { after: AuditCursor::after(self.read_to), limit: 1000, ..AuditQuery::default() };
        let records = now(store.inner.audit_log(query)).map_err(|error| error.to_string())?.lines;
        for record in &records {
            ensure(record.sequence == self.read_to + 1, || "J10: the audit log has a gap".to_owned())?;
            self.read_to = record.sequence;
            let Some(id) = record.event.session_id else { continue };
            match record.event.kind.known() {
                Some(AuditKind::LoginSucceeded) => {
                    let account = record.event.account_id.ok_or("a login of nobody")?;
                    let known = Known {
                        account,
                        ended: None,
                        successors: BTreeMap::new(),
                        acknowledged: 0,
                        access: Vec::new(),
                        stolen: false,
                        owner_seen: time,
                        fork: None,
                        clock_jumped: false,
                    };
                    ensure(self.sessions.insert(id, known).is_none(), || format!("{id} began twice"))?;
                }
                Some(AuditKind::SessionEnded | AuditKind::RefreshReuseDetected) => {
                    let known = self.sessions.get_mut(&id).ok_or("an unknown session ended")?;
                    let reason = record.event.detail.clone().unwrap_or_default();
                    if let Some(before) = known.ended.replace(reason) {
                        return Err(format!("J10: {id} ended twice, first by {before}"));
                    }
                }
                Some(AuditKind::SessionHealed) => return Err(format!("J5: {id} was ahead of the database")),
                _ => {}
            }
        }
        Ok(records)
    }

    /// A refresh or a login was answered with tokens.
    pub(crate) fn granted(
        &mut self,
        server: &Countersign<Faulty>,
        signed_in: &SignedIn,
        generation: Option<u32>,
        (clock, jump): (Timestamp, i64),
    ) -> Verdict {
        let id = signed_in.session_id;
        let known = self.sessions.get_mut(&id).ok_or("a session that never began")?;
        if let Some(reason) = &known.ended {
            return Err(format!("J1: {id} was answered after it had ended ({reason})"));
        }
        let stored = now(server.store().inner.find_session(id)).map_err(|error| error.to_string())?;
        let stored = stored.ok_or_else(|| format!("J5: {id} is gone"))?;
        ensure(clock < stored.ends_at(&server.options().sessions), || {
            format!("J7: {id} answered past its end")
        })?;
        let token = signed_in.access.token.as_str();
        let claims = server.guard().verify(token).map_err(|refusal| format!("J6: refused: {refusal:?}"))?;
        let account =
            now(server.store().inner.find_account(known.account)).map_err(|error| error.to_string())?;
        let account = account.ok_or("an account that is gone")?;
        ensure(claims.role() == Some(account.role.as_str()), || format!("RF-7: {id} has an old role"))?;
        ensure(account.is_enabled(), || format!("RF-7: {id} of a disabled account was answered"))?;
        ensure(claims.expires_at() <= stored.expires_at.as_unix_seconds() + 1, || "J7: outlives".to_owned())?;
        if let Some(generation) = generation {
            ensure(generation == stored.generation, || {
                format!("J5: {id} was given generation {generation}, stored is {}", stored.generation)
            })?;
            ensure(generation >= known.acknowledged, || format!("J4: {id} went back to {generation}"))?;
            known.acknowledged = generation;
        }
        known.access.push((token.to_owned(), claims.expires_at(), jump));
        Ok(())
    }

    /// J11: a token buys one successor, the same one each time.
    pub(crate) fn succeeded(&mut self, id: SessionId, presented: u32, given: u32) -> Verdict {
        let Some(known) = self.sessions.get_mut(&id) else { return Ok(()) };
        let first = *known.successors.entry(presented).or_insert(given);
        ensure(first == given && given == presented + 1, || {
            format!("J11: generation {presented} of {id} was exchanged for {first}, then {given}")
        })
    }

    /// J3: an owner who was answered, and a thief who was.
    pub(crate) fn seen(&mut self, id: SessionId, by_thief: bool, time: i64) -> Verdict {
        let Some(known) = self.sessions.get_mut(&id) else { return Ok(()) };
        if by_thief {
            if known.fork.is_none() && time - known.owner_seen > BLIND && !known.clock_jumped {
                known.fork = Some(time);
            }
            return Ok(());
        }
        let unseen = known.fork.is_some_and(|fork| time - fork > BLIND) && !known.clock_jumped;
        (known.owner_seen, known.fork) = (time, None);
        ensure(!unseen, || format!("J3: {id} was forked, and its owner was answered much later"))
    }

    /// Every session that lives and every access token, after every step; with `ended`, also what the
    /// database has of those that have ended.
    pub(crate) fn check(
        &self,
        server: &Countersign<Faulty>,
        (clock, jump): (Timestamp, i64),
        ended: bool,
    ) -> Verdict {
        for (id, known) in &self.sessions {
            self.check_tokens(*id, server, (clock, jump))?;
            if known.ended.is_some() && !ended {
                continue;
            }
            let stored = now(server.store().inner.find_session(*id)).map_err(|error| error.to_string())?;
            match (&stored, &known.ended) {
                (Some(stored), ended) => {
                    // LG-5: the change and its event were committed together.
                    ensure(stored.revoked.map(|(_, why)| why.name()) == ended.as_deref(), || {
                        format!("J5: {id} is stored as {:?}, the log says {ended:?}", stored.revoked)
                    })?;
                    ensure(stored.generation >= known.acknowledged, || format!("J4: {id} went back"))?;
                }
                (None, Some(_)) => {}
                (None, None) => self.check_swept(*id, server, clock)?,
            }
        }
        Ok(())
    }

    fn check_tokens(
        &self,
        id: SessionId,
        server: &Countersign<Faulty>,
        (clock, jump): (Timestamp, i64),
    ) -> Verdict {
        let known = &self.sessions[&id];
        for (token, expires, made_at) in known.access.iter().rev().take(3) {
            let accepted = server.guard().verify(token).is_ok();
            let running = clock.as_unix_seconds() < *expires;
            if accepted && known.ended.is_some() {
                return Err(format!("J1: an access token of {id} works after it has ended"));
            }
            if !accepted && known.ended.is_none() && running && *made_at == jump {
                return Err(format!("J6: an access token of {id} does not work"));
            }
        }
        Ok(())
    }

    /// A session that is not stored any more must have been past its end for long.
    fn check_swept(&self, id: SessionId, server: &Countersign<Faulty>, clock: Timestamp) -> Verdict {
        let known = &self.sessions[&id];
        let last = known.access.iter().map(|(_, expires, _)| *expires).max().unwrap_or_default();
        let idle = server.options().sessions.idle_ttl.as_secs().cast_signed() - 15 * 60;
        ensure(clock.as_unix_seconds() > last + idle, || format!("J5: {id} is gone, and was alive"))
    }
}

pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
