//! What must hold after every step, whatever was lost, delayed, cut off, crashed or stolen: J1 to J7, J10 and
//! J11 of docs/REQUIREMENTS.md (J8 is in `world/answers.rs`). It believes the audit log and the responses,
//! and compares both with the database, with the guard of each node, and with each other.

mod factors;
mod keys;
mod mails;
mod tokens;

use std::collections::BTreeMap;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, ApiKeyId, SessionId};
use countersign::internal::flows::issue::SignedIn;
use countersign::internal::model::audit::{AuditKind, AuditQuery, AuditRecord};
use countersign::internal::model::audit_cursor::AuditCursor;
use countersign::store::{AccountStore as _, AuditStore as _, SessionStore as _};

use self::factors::Factors;
pub(crate) use self::factors::Shown;
use self::keys::{KeyTokens, KnownKey};
use self::mails::Mails;
use self::tokens::Token;
use crate::executor::now;
use crate::faulty::Faulty;
use crate::world::{HEARD, Node};

/// An invariant that does not hold, in words.
pub(crate) type Verdict = Result<(), String>;

/// What the auditor knows of a session.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) account: AccountId,
    /// Once the audit log says so.
    pub(crate) ended: Option<End>,
    /// By generation presented: the generation that was given for it.
    successors: BTreeMap<u32, u32>,
    /// The newest generation that anybody was given.
    acknowledged: u32,
    access: Vec<Token>,
    pub(crate) stolen: bool,
    /// When the owner was last answered, and when the thief was while the owner had been silent for long.
    pub(crate) owner_seen: i64,
    pub(crate) fork: Option<i64>,
    /// The clock jumped: how long windows are is no longer known.
    pub(crate) clock_jumped: bool,
}

impl Known {
    /// Why it ended, if it did.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.ended.as_ref().map(|end| end.reason.as_str())
    }
}

/// That something has ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    reason: String,
    at: i64,
    /// The node that ended it, if it was one.
    by: Option<usize>,
}

/// How long this life has gone on, and how far its clocks have jumped by then, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) time: i64,
    pub(crate) jump: i64,
}

#[derive(Debug)]
pub(crate) struct Auditor {
    pub(crate) sessions: BTreeMap<SessionId, Known>,
    pub(crate) keys: BTreeMap<ApiKeyId, KnownKey>,
    /// By their `sid`, which changes when they are cut off.
    key_tokens: BTreeMap<SessionId, KeyTokens>,
    pub(crate) mails: Mails,
    pub(crate) factors: Factors,
    /// When a node may last have made a signing key.
    pub(crate) keys_changed: i64,
    /// How long a thief may ride along unseen.
    blind: i64,
    read_to: i64,
}

/// The larger of grace and minimum age (20 s), and what a step takes.
const BLIND: i64 = 20_100;

impl Auditor {
    /// For nodes whose clocks are this far from each other at most.
    pub(crate) fn new(apart: i64) -> Self {
        let (sessions, keys, key_tokens) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mails, factors) = (Mails::default(), Factors::default());
        Self {
            sessions,
            keys,
            key_tokens,
            mails,
            factors,
            keys_changed: -HEARD,
            blind: BLIND + apart,
            read_to: 0,
        }
    }

    /// Reads what is new in the audit log, which is what this node has done, or another program. What it says about sessions
    /// and API keys is taken over; the rest is for the caller.
    pub(crate) fn read_log(
        &mut self,
        store: &Faulty,
        time: i64,
        by: Option<usize>,
    ) -> Result<Vec<AuditRecord>, String> {
        let query =
            AuditQuery { after: AuditCursor::after(self.read_to), limit: 1000, ..AuditQuery::default() };
        let records = now(store.inner.audit_log(query)).map_err(|error| error.to_string())?.lines;
        for record in &records {
            ensure(record.sequence == self.read_to + 1, || "J10: the audit log has a gap".to_owned())?;
            self.read_to = record.sequence;
            let end = |reason: &str| End { reason: reason.to_owned(), at: time, by };
            self.read_of_keys(&record.event, &end)?;
            let Some(id) = record.event.session_id else { continue };
            match record.event.kind.known() {
                Some(AuditKind::LoginSucceeded) => {
                    let account = record.event.account_id.ok_or("a login of nobody")?;
                    self.factors.began(account, record.event.detail.as_deref())?;
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
                    if let Some(before) = known.ended.replace(end(&reason)) {
                        return Err(format!("J10: {id} ended twice, first by {}", before.reason));
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
        (node, nodes): (usize, &[Node]),
        signed_in: &SignedIn,
        generation: Option<u32>,
        (clock, jump): (Timestamp, i64),
    ) -> Verdict {
        let (id, server) = (signed_in.session_id, &nodes[node].server);
        let known = self.sessions.get_mut(&id).ok_or("a session that never began")?;
        if let Some(reason) = known.reason() {
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
        known.access.push(Token { text: token.to_owned(), expires: claims.expires_at(), jump, node });
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
            if known.fork.is_none() && time - known.owner_seen > self.blind && !known.clock_jumped {
                known.fork = Some(time);
            }
            return Ok(());
        }
        let unseen = known.fork.is_some_and(|fork| time - fork > self.blind) && !known.clock_jumped;
        (known.owner_seen, known.fork) = (time, None);
        ensure(!unseen, || format!("J3: {id} was forked, and its owner was answered much later"))
    }

    /// Every session that lives and every access token, after every step; with `ended`, also what the
    /// database has of those that have ended.
    pub(crate) fn check(&self, nodes: &[Node], at: Moment, ended: bool) -> Verdict {
        self.check_tokens(nodes, at)?;
        let store = &nodes[0].server.store().inner;
        if ended {
            self.check_keys(store)?;
            self.check_mails(store, at.time)?;
        }
        for (id, known) in &self.sessions {
            if known.ended.is_some() && !ended {
                continue;
            }
            let stored = now(store.find_session(*id)).map_err(|error| error.to_string())?;
            match (&stored, known.reason()) {
                (Some(stored), ended) => {
                    // LG-5: the change and its event were committed together.
                    ensure(stored.revoked.map(|(_, why)| why.name()) == ended, || {
                        format!("J5: {id} is stored as {:?}, the log says {ended:?}", stored.revoked)
                    })?;
                    ensure(stored.generation >= known.acknowledged, || format!("J4: {id} went back"))?;
                }
                (None, Some(_)) => {}
                (None, None) => self.check_swept(*id, &nodes[0])?,
            }
        }
        Ok(())
    }

    /// A session that is not stored any more must have been past its end for long.
    fn check_swept(&self, id: SessionId, Node { server, clock, .. }: &Node) -> Verdict {
        let known = &self.sessions[&id];
        let last = known.access.iter().map(|token| token.expires).max().unwrap_or_default();
        let idle = server.options().sessions.idle_ttl.as_secs().cast_signed() - 15 * 60;
        ensure(clock.now().as_unix_seconds() > last + idle, || format!("J5: {id} is gone, and was alive"))
    }
}

pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
