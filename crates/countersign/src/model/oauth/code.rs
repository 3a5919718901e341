//! Authorization codes (RFC 6749 §4.1.2): good for a minute, for one client, one address and one verifier, and once. The store
//! keeps a hash. A second use ends what the first has begun: one of the two is a thief's.

use super::{AppGrant, Consent, NewCode, StoredCode, Target};
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::named::named;
use crate::model::plan::{Plan, Write};
use crate::model::session::{
    Device, EndReason, EndedSession, Grant, PolicyAt, Session, StoredSession, end, make_room,
};

/// A code to keep, with what its owner has just allowed, if they were asked.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// The code.
    pub code: NewCode,
    /// What is remembered.
    pub consent: Option<Consent>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueCodeOutcome {
    /// It is kept.
    Issued,
    /// The session has ended in the meantime, or its account may not sign in any more.
    Refused,
}

/// A code that somebody shows.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// The client that shows it.
    pub client_id: String,
    /// Where it says that it has got it.
    pub redirect_uri: String,
    /// The verifier, if there is one. Secret.
    pub verifier: Option<String>,
    /// What the first access token is for.
    pub(crate) target: Target,
    /// The ID of the session that begins.
    pub id: SessionId,
    /// SHA-256 of its session secret.
    pub secret_hash: [u8; 32],
}

named! {
    /// Why a code is good for nothing: a stable word beside `invalid_grant`.
    pub enum CodeRefusal {
        /// There is no such code, or not any more.
        Unknown = "code_unknown",
        /// It is over.
        Expired = "code_expired",
        /// It was used before.
        Used = "code_used",
        /// It was made for another client.
        OtherClient = "code_of_other_client",
        /// It went to another address than is said now.
        RedirectUri = "redirect_uri_mismatch",
        /// The verifier is missing, there is none to show, or it is not the right one.
        Pkce = "pkce_mismatch",
        /// A token is asked for that was not allowed.
        Target = "resource_not_allowed",
        /// The session in which it was allowed has ended, or its account may not sign in any more.
        SessionOver = "session_revoked",
    }
}

/// What a code came to.
#[derive(Clone, Debug, PartialEq)]
pub enum RedeemOutcome {
    /// The application's session has begun; the nonce of its first ID token; sessions that ended for it.
    Started(Box<Grant>, Option<String>, Vec<EndedSession>),
    /// It is good for nothing. What the first use has begun ended with this, if it was used before.
    Refused(CodeRefusal, Option<EndedSession>),
}

impl CodeRequest {
    /// Keeps it, if the session is still alive and its account may sign in (CC-3).
    pub(crate) fn decide(
        self,
        found: Option<&(Account, StoredSession)>,
        at: PolicyAt,
    ) -> Plan<IssueCodeOutcome> {
        let is_good = signed_in(found, &self.code, at).is_some();
        if !is_good {
            return Plan::nothing(IssueCodeOutcome::Refused);
        }
        let mut writes = vec![Write::InsertCode(Box::new(self.code))];
        if let Some(consent) = self.consent {
            let event = AuditEvent::new(AuditKind::AppAllowed).of_account(consent.account_id);
            writes
                .push(Write::Record(event.with_detail(format!("{} {}", consent.client_id, consent.scopes))));
            writes.push(Write::SetConsent(Box::new(consent)));
        }
        Plan::new(IssueCodeOutcome::Issued, writes)
    }
}

/// What is looked up for a code.
#[derive(Debug)]
pub(crate) struct FoundCode {
    pub(crate) code: Option<StoredCode>,
    /// The session in which it was allowed, with its account.
    pub(crate) signed_in: Option<(Account, StoredSession)>,
    /// The account's open sessions, the oldest first.
    pub(crate) open: Vec<Session>,
}

impl Redemption {
    /// Begins the application's session, or says why not.
    pub(crate) fn decide(self, found: FoundCode, device: Device, at: PolicyAt) -> Plan<RedeemOutcome> {
        let Some(stored) = found.code else { return refused(CodeRefusal::Unknown) };
        // Another client learns nothing about it, and cannot use it up.
        if stored.code.client_id != self.client_id {
            return refused(CodeRefusal::OtherClient);
        }
        if stored.code.redirect_uri != self.redirect_uri {
            return refused(CodeRefusal::RedirectUri);
        }
        // Before it ends anything: whoever has seen the code alone in an address ends no session by it.
        if !self.has_proof(&stored.code) {
            return refused(CodeRefusal::Pkce);
        }
        if let Some(used) = stored.used {
            return used_again(used, &found.open, at);
        }
        if at.now >= stored.code.expires_at() {
            return refused(CodeRefusal::Expired);
        }
        if self.target.among(&stored.code.resources).is_none() {
            return refused(CodeRefusal::Target);
        }
        let Some((account, proof)) = signed_in(found.signed_in.as_ref(), &stored.code, at) else {
            return refused(CodeRefusal::SessionOver);
        };
        let session = self.session(&stored.code, proof, device, at);
        let mut writes = vec![Write::UseCode { hash: self.hash, at: at.now, session: self.id }];
        let ended = make_room(&found.open, session.app.as_deref(), at, &mut writes);
        writes
            .push(Write::InsertSession { session: Box::new(session.clone()), secret_hash: self.secret_hash });
        let event = AuditEvent::new(AuditKind::AppConnected).of_account(account.id).of_session(session.id);
        writes.push(Write::Record(event.with_detail(stored.code.client_id)));
        let grant = Box::new(Grant::new(account.clone(), session));
        Plan::new(RedeemOutcome::Started(grant, stored.code.nonce, ended), writes)
    }

    /// RFC 7636 §4.6; RFC 9700 §2.1.1: a verifier where there was no challenge is a downgrade.
    fn has_proof(&self, code: &NewCode) -> bool {
        match (&code.challenge, &self.verifier) {
            (Some(challenge), Some(verifier)) => challenge.fits(verifier),
            (None, None) => true,
            _ => false,
        }
    }

    /// It is as well proved as the sign-in was, and lasts as a sign-in does.
    fn session(&self, code: &NewCode, proof: &Session, device: Device, at: PolicyAt) -> Session {
        Session {
            id: self.id,
            account_id: code.account_id,
            created_at: at.now,
            authenticated_at: proof.authenticated_at,
            amr: proof.amr,
            expires_at: at.now.plus(at.policy.absolute_ttl),
            generation: 0,
            rotated_at: at.now,
            revoked: None,
            user_agent: device.user_agent,
            address: device.address,
            bound_key: None,
            app: Some(Box::new(AppGrant {
                client_id: code.client_id.clone(),
                scopes: code.scopes.clone(),
                resources: code.resources.clone(),
            })),
        }
    }
}

/// The account and the session in which a code was allowed, if both are still good.
fn signed_in<'a>(
    found: Option<&'a (Account, StoredSession)>,
    code: &NewCode,
    at: PolicyAt,
) -> Option<(&'a Account, &'a Session)> {
    let (account, StoredSession { session, .. }) = found?;
    let is_it =
        session.id == code.session_id && session.account_id == code.account_id && session.app.is_none();
    let is_alive = account.refuses_sessions().is_none() && session.is_alive(&at.policy, at.now);
    (is_it && is_alive).then_some((account, session))
}

const fn refused(why: CodeRefusal) -> Plan<RedeemOutcome> {
    Plan::nothing(RedeemOutcome::Refused(why, None))
}

/// RFC 6749 §4.1.2: what the first use has begun ends, whoever of the two was the thief.
fn used_again(
    (used_at, begun): (Timestamp, SessionId),
    open: &[Session],
    at: PolicyAt,
) -> Plan<RedeemOutcome> {
    // A client that asks again because the response was lost, or twice at once, ends nothing (RF-4).
    if at.now < used_at.plus(at.policy.grace) {
        return refused(CodeRefusal::Used);
    }
    let mut writes = Vec::new();
    let begun = open.iter().find(|session| session.id == begun);
    let ended = begun.and_then(|session| end(session, EndReason::Reuse, at, &mut writes));
    Plan::new(RedeemOutcome::Refused(CodeRefusal::Used, ended), writes)
}
