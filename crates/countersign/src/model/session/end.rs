//! Ending sessions: which ones a selector means, whether there is still something to end, and for how long
//! that has to be remembered.

use super::refresh_token::PresentedToken;
use super::revocation::MARGIN;
use super::{EndReason, EndedSession, PolicyAt, Session, StoredSession};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// Which sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSelector {
    /// This one.
    One(SessionId),
    /// This one, if it is this account's.
    OneOf(AccountId, SessionId),
    /// The one of this token, if the secret fits and whatever its generation.
    OfToken(PresentedToken),
    /// All sessions of the account of this token, if the secret fits and the token is its newest or the
    /// parent of that; otherwise its session only: an old copy must not log out other devices.
    EverywhereOfToken(PresentedToken),
    /// All of this account.
    AllOf(AccountId),
    /// All of this account but one.
    OthersOf(AccountId, SessionId),
}

impl SessionSelector {
    /// The session that has to be looked up.
    pub(crate) const fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::One(id) | Self::OneOf(_, id) => Some(*id),
            Self::OfToken(token) | Self::EverywhereOfToken(token) => Some(token.session_id),
            Self::AllOf(_) | Self::OthersOf(..) => None,
        }
    }

    /// The account whose open sessions have to be loaded, now that the session is looked up. An old copy of a
    /// token, or one of a dead session, must not log out other devices (SE-3).
    pub(crate) fn account_id(&self, found: Option<&StoredSession>, at: PolicyAt) -> Option<AccountId> {
        match self {
            Self::AllOf(account) | Self::OthersOf(account, _) => Some(*account),
            Self::EverywhereOfToken(token) => {
                let session = found.filter(|stored| stored.fits(token)).map(|stored| &stored.session)?;
                let is_recent = token.generation.saturating_add(1) >= session.generation;
                (is_recent && session.is_alive(&at.policy, at.now)).then_some(session.account_id)
            }
            Self::One(_) | Self::OneOf(..) | Self::OfToken(_) => None,
        }
    }

    /// Ends what it means, with what was asked for: the session, and the account's open sessions, the oldest
    /// first.
    pub(crate) fn end(
        &self,
        found: Option<StoredSession>,
        open: &[Session],
        reason: EndReason,
        at: PolicyAt,
    ) -> Plan<Vec<EndedSession>> {
        let mut writes = Vec::new();
        let ended = if self.account_id(found.as_ref(), at).is_some() {
            let wanted = |session: &&Session| !matches!(self, Self::OthersOf(_, keep) if *keep == session.id);
            end_all(open.iter().filter(wanted), reason, at, &mut writes)
        } else {
            let found = found.filter(|stored| self.means(stored)).map(|stored| stored.session);
            end_all(&found, reason, at, &mut writes)
        };
        Plan::new(ended, writes)
    }

    /// Whether it means this session, which has the ID that it names.
    fn means(&self, stored: &StoredSession) -> bool {
        match self {
            Self::One(_) => true,
            Self::OneOf(account, _) => stored.session.account_id == *account,
            Self::OfToken(token) | Self::EverywhereOfToken(token) => stored.fits(token),
            Self::AllOf(_) | Self::OthersOf(..) => false,
        }
    }
}

/// Ends each of these sessions that is not over yet.
pub(in crate::model) fn end_all<'a>(
    sessions: impl IntoIterator<Item = &'a Session>,
    reason: EndReason,
    at: PolicyAt,
    writes: &mut Vec<Write>,
) -> Vec<EndedSession> {
    sessions.into_iter().filter_map(|session| end(session, reason, at, writes)).collect()
}

/// Ends a session, unless it was ended before, or no access token of it can be running any more. The audit
/// log says why.
pub(in crate::model) fn end(
    session: &Session,
    reason: EndReason,
    at: PolicyAt,
    writes: &mut Vec<Write>,
) -> Option<EndedSession> {
    if session.revoked.is_some() || at.now >= last_use_of_tokens(session, at) {
        return None;
    }
    let ended = EndedSession { id: session.id, until: matters_until(session, at) };
    writes.push(Write::EndSession { ended, account_id: session.account_id, at: at.now, reason });
    let kind = match reason {
        EndReason::Reuse => AuditKind::RefreshReuseDetected,
        _ => AuditKind::SessionEnded,
    };
    let event = AuditEvent::new(kind).of_account(session.account_id).of_session(session.id);
    writes.push(Write::Record(event.with_detail(reason.name())));
    // Whoever disconnects an application wants to be asked again.
    if let (EndReason::Ended, Some(app)) = (reason, &session.app) {
        writes
            .push(Write::ForgetConsents { account_id: session.account_id, client_id: app.client_id.clone() });
    }
    Some(ended)
}

/// A session that has run out may have given out an access token just before.
fn last_use_of_tokens(session: &Session, at: PolicyAt) -> Timestamp {
    session.ends_at(&at.policy).plus(at.policy.access_token_ttl)
}

/// Until when an access token of this session may be accepted somewhere.
fn matters_until(session: &Session, at: PolicyAt) -> Timestamp {
    tokens_matter_until(at.now.max(session.rotated_at), at)
}

/// Until when an access token that was issued at `last` may be accepted somewhere.
pub(in crate::model) fn tokens_matter_until(last: Timestamp, at: PolicyAt) -> Timestamp {
    last.plus(at.policy.access_token_ttl).plus(MARGIN)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::session::testing::{T, account, at, session_of};

    const MS: Duration = Duration::from_millis(1);

    fn ends(session: &Session, now: Timestamp) -> Option<EndedSession> {
        let mut writes = Vec::new();
        let ended = end(session, EndReason::Ended, at(now), &mut writes);
        assert_eq!(
            writes.len(),
            2 * usize::from(ended.is_some()),
            "the session with its revocation, and why"
        );
        ended
    }

    /// Worth ending until the last access token has run out, at its exact millisecond.
    #[test]
    fn a_session_can_be_ended_while_a_token_of_it_may_run() {
        let session = session_of(&account(), 1);
        let last = session.ends_at(&at(T).policy).plus(at(T).policy.access_token_ttl);
        for (now, is_ended) in [(T, true), (last.minus(MS), true), (last, false), (last.plus(MS), false)] {
            assert_eq!(ends(&session, now).is_some(), is_ended, "{now}");
        }
        let revoked = Session { revoked: Some((T, EndReason::Logout)), ..session };
        assert_eq!(ends(&revoked, T), None);
    }

    /// OP-9: the later of now and the last rotation counts, so that a clock that was set back hides nothing.
    #[test]
    fn a_revocation_outlives_every_access_token() {
        let session = session_of(&account(), 1);
        let longest = at(T).policy.access_token_ttl + MARGIN;
        for (now, until) in [
            (T, T.plus(longest)),
            (T.plus(MS), T.plus(MS).plus(longest)),
            (T.minus(MS), T.plus(longest)),
            (T.minus(Duration::from_secs(3600)), T.plus(longest)),
        ] {
            assert_eq!(ends(&session, now), Some(EndedSession { id: session.id, until }));
        }
    }

    #[test]
    fn reuse_has_an_event_of_its_own() {
        let session = session_of(&account(), 1);
        for (reason, kind) in [
            (EndReason::Reuse, AuditKind::RefreshReuseDetected),
            (EndReason::Logout, AuditKind::SessionEnded),
        ] {
            let mut writes = Vec::new();
            end(&session, reason, at(T), &mut writes).unwrap();
            let event = AuditEvent::new(kind).of_account(session.account_id).of_session(session.id);
            assert_eq!(writes[1], Write::Record(event.with_detail(reason.name())));
        }
    }

    /// SE-3: the newest token and its parent speak for the account, one that is older does not; nor does one
    /// with another secret, or of a session that is over.
    #[test]
    fn an_old_token_does_not_speak_for_the_account() {
        let session = Session { generation: 5, ..session_of(&account(), 1) };
        let end = session.ends_at(&at(T).policy);
        let secret_hash = [1; 32];
        let token = PresentedToken { session_id: session.id, generation: 5, secret_hash, proven_key: None };
        let revoked = Session { revoked: Some((T, EndReason::Logout)), ..session.clone() };
        for (stored, presented, hash, now, speaks) in [
            (&session, 3, secret_hash, T, false),
            (&session, 4, secret_hash, T, true),
            (&session, 5, secret_hash, T, true),
            (&session, 6, secret_hash, T, true),
            (&session, u32::MAX, secret_hash, T, true),
            (&session, 5, [2; 32], T, false),
            (&session, 5, secret_hash, end.minus(MS), true),
            (&session, 5, secret_hash, end, false),
            (&revoked, 5, secret_hash, T, false),
        ] {
            let stored = StoredSession { session: stored.clone(), secret_hash };
            let token = PresentedToken { generation: presented, secret_hash: hash, ..token };
            let account = SessionSelector::EverywhereOfToken(token).account_id(Some(&stored), at(now));
            assert_eq!(account.is_some(), speaks, "generation {presented} at {now}");
        }
    }

    /// SE-6: each selector ends exactly what it names.
    #[test]
    fn each_selector_ends_what_it_names() {
        use SessionSelector::*;
        let (bob, secret_hash) = (account(), [1; 32]);
        let eve = AccountId::random(&crate::base::random::Random::insecure_seeded(2));
        let open = [1, 2, 3].map(|seed| session_of(&bob, seed));
        let first = open[0].id;
        let token = PresentedToken { session_id: first, generation: 0, secret_hash, proven_key: None };
        let wrong = PresentedToken { secret_hash: [2; 32], ..token };
        for (selector, ended) in [
            (One(first), vec![0]),
            (OneOf(bob.id, first), vec![0]),
            (OneOf(eve, first), vec![]),
            (OfToken(token), vec![0]),
            (OfToken(wrong), vec![]),
            (EverywhereOfToken(token), vec![0, 1, 2]),
            (EverywhereOfToken(wrong), vec![]),
            (AllOf(bob.id), vec![0, 1, 2]),
            (OthersOf(bob.id, first), vec![1, 2]),
        ] {
            let stored = StoredSession { session: open[0].clone(), secret_hash };
            let found = selector.session_id().map(|id| {
                assert_eq!(id, first);
                stored
            });
            let plan = selector.end(found, &open, EndReason::Ended, at(T));
            let ids: Vec<_> = plan.carried_out().iter().map(|ended| ended.id).collect();
            assert_eq!(ids, ended.iter().map(|n: &usize| open[*n].id).collect::<Vec<_>>(), "{selector:?}");
        }
    }
}
