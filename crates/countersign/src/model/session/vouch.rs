//! Whether a session stands for its account at this moment, without going on with it: nothing is written.

use super::refresh_token::PresentedToken;
use super::{Decision, Grant, PolicyAt, StoredSession, decide};
use crate::base::id::SessionId;
use crate::model::account::Account;
use crate::model::plan::Plan;

/// What somebody has shown, each with a tag that proves that we made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionProof {
    /// A token that names the session.
    Named(SessionId),
    /// A refresh token of the session.
    Refresh(PresentedToken),
    /// A refresh token of a session that is to end. Whoever has it may do that without the device (RF-15).
    LogOut(PresentedToken),
}

impl SessionProof {
    /// The session that it names.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        match self {
            Self::Named(id) => *id,
            Self::Refresh(token) | Self::LogOut(token) => token.session_id,
        }
    }
}

/// The session and its account, if it is alive, the account is enabled, and a refresh token would be accepted.
pub(crate) fn vouch(
    found: Option<(Account, StoredSession)>,
    proof: &SessionProof,
    at: PolicyAt,
) -> Plan<Option<Grant>> {
    let holds = |(account, stored): &(Account, StoredSession)| {
        let is_accepted = match proof {
            SessionProof::Named(_) => true,
            SessionProof::Refresh(token) | SessionProof::LogOut(token) => {
                let PresentedToken { generation, proven_key, .. } = *token;
                let needs_device = matches!(proof, SessionProof::Refresh(_));
                match decide(&stored.session, generation, proven_key, &at.policy, at.now) {
                    Decision::Reuse => false,
                    Decision::ProofRequired => stored.fits(token) && !needs_device,
                    _ => stored.fits(token),
                }
            }
        };
        account.is_enabled() && stored.session.is_alive(&at.policy, at.now) && is_accepted
    };
    Plan::nothing(found.filter(holds).map(|(account, stored)| Grant::new(account, stored.session)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::session::testing::{T, account, at, session_of};
    use crate::model::session::{BoundKey, EndReason, Session, SessionPolicy};

    /// TH-5: only a live session of an enabled account, and only for what it would still accept.
    #[test]
    fn a_session_stands_for_its_account_while_both_live() {
        let session = Session { generation: 3, ..session_of(&account(), 1) };
        let vouched = |session: &Session, account: Account, proof: SessionProof, now| {
            let stored = StoredSession { session: session.clone(), secret_hash: [1; 32] };
            vouch(Some((account, stored)), &proof, at(now)).carried_out().is_some()
        };
        let named = SessionProof::Named(session.id);
        let token = |generation, secret_hash| {
            SessionProof::Refresh(PresentedToken {
                session_id: session.id,
                generation,
                secret_hash,
                proven_key: None,
            })
        };
        let late = T.plus(SessionPolicy::default().grace);
        let over = T.plus(SessionPolicy::default().idle_ttl);
        for (proof, now, expected) in [
            (named, T, true),
            (named, over.minus(Duration::from_millis(1)), true),
            (named, over, false),
            (token(3, [1; 32]), T, true),
            (token(3, [2; 32]), T, false),
            (token(2, [1; 32]), T, true),
            (token(2, [1; 32]), late, false),
            (token(4, [1; 32]), T, true),
            (token(3, [1; 32]), over, false),
        ] {
            assert_eq!(vouched(&session, account(), proof, now), expected, "{proof:?} {now:?}");
            let off = Account { disabled_at: Some(T), ..account() };
            assert!(!vouched(&session, off, proof, now));
            let ended = Session { revoked: Some((T, EndReason::Logout)), ..session.clone() };
            assert!(!vouched(&ended, account(), proof, now));
        }
        assert!(vouch(None, &named, at(T)).carried_out().is_none());
    }

    /// RF-15: a copied token of a bound session stands for nobody, and can end it.
    #[test]
    fn a_bound_session_ends_without_its_key() {
        let token = PresentedToken {
            session_id: session_of(&account(), 1).id,
            generation: 0,
            secret_hash: [1; 32],
            proven_key: None,
        };
        let vouched = |proof: SessionProof| {
            let bound_key = Some(BoundKey::from_stored("{}".to_owned()));
            let session = Session { bound_key, ..session_of(&account(), 1) };
            let stored = StoredSession { session, secret_hash: [1; 32] };
            vouch(Some((account(), stored)), &proof, at(T)).carried_out().is_some()
        };
        assert!(!vouched(SessionProof::Refresh(token)) && vouched(SessionProof::LogOut(token)));
        assert!(!vouched(SessionProof::LogOut(PresentedToken { secret_hash: [2; 32], ..token })));
    }
}
