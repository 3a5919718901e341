//! Binding a session to the key that its browser has registered at the sign-in, when the browser proves it for the first time.

use super::refresh_token::PresentedToken;
use super::{BoundKey, Decision, PolicyAt, Session, StoredSession, decide};
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// What the proof of a key comes to, along with a refresh token of the session that it was registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindOutcome {
    /// The session is bound to the key from now on.
    Bound,
    /// It was bound to it before.
    Proved,
    /// The session is over, or bound to another key, or the token is none that its holder would have. Nothing ends here.
    Refused,
}

/// The key is set once, and never replaced. That it is the one that was registered at the sign-in, an identifier of ours says.
///
/// The token is looked at as if the session were bound already: its holder may have lost responses for hours.
pub(crate) fn bind(
    found: Option<(Account, StoredSession)>,
    token: &PresentedToken,
    key: &BoundKey,
    at: PolicyAt,
) -> Plan<BindOutcome> {
    let is_theirs = |(account, stored): &(Account, StoredSession)| {
        stored.fits(token) && account.refuses_sessions().is_none()
    };
    let Some((account, StoredSession { session, .. })) = found.filter(is_theirs) else {
        return Plan::nothing(BindOutcome::Refused);
    };
    let (id, is_bound) = (session.id, session.bound_key.is_some());
    let bound = Session { bound_key: session.bound_key.or_else(|| Some(key.clone())), ..session };
    match decide(&bound, token.generation, Some(key.thumbprint()), &at.policy, at.now) {
        Decision::Expired | Decision::Revoked(_) | Decision::Reuse | Decision::ProofRequired => {
            Plan::nothing(BindOutcome::Refused)
        }
        Decision::Fresh
        | Decision::Advance { .. }
        | Decision::Replay
        | Decision::LateReplay
        | Decision::Heal { .. } => {
            if is_bound {
                return Plan::nothing(BindOutcome::Proved);
            }
            let event = AuditEvent::new(AuditKind::DeviceBound).with_detail(key.thumbprint().to_string());
            let event = event.of_account(account.id).of_session(id);
            Plan::new(
                BindOutcome::Bound,
                vec![Write::BindSession { id, key: key.clone() }, Write::Record(event)],
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::session::testing::{T, account, at, session_of};
    use crate::model::session::{EndReason, SessionPolicy};

    /// RF-16: once, by whoever shows a refresh token that its holder would have; a thief who is two steps ahead of the owner shows.
    #[test]
    fn a_session_is_bound_once_while_it_lives() {
        use BindOutcome::{Bound, Proved, Refused};
        let key = |seed: char| BoundKey::from_stored(format!(r#"{{"kty":"{seed}"}}"#));
        let session = Session { generation: 3, ..session_of(&account(), 1) };
        let ended = Session { revoked: Some((T, EndReason::Logout)), ..session.clone() };
        let bound = Session { bound_key: Some(key('a')), ..session.clone() };
        let others = Session { bound_key: Some(key('b')), ..session.clone() };
        let off = Account { disabled_at: Some(T), ..account() };
        let over = T.plus(SessionPolicy::default().idle_ttl);
        let last = over.minus(Duration::from_millis(1));
        for (session, account, generation, secret, now, expected) in [
            (&session, account(), 3, 1, T, Bound),
            (&session, account(), 2, 1, T, Bound),
            (&session, account(), 2, 1, last, Bound),
            (&session, account(), 4, 1, T, Bound),
            (&session, account(), 3, 1, over, Refused),
            (&session, account(), 1, 1, T, Refused),
            (&session, account(), 3, 2, T, Refused),
            (&session, off, 3, 1, T, Refused),
            (&ended, account(), 3, 1, T, Refused),
            (&bound, account(), 3, 1, T, Proved),
            (&bound, account(), 2, 1, last, Proved),
            (&bound, account(), 1, 1, T, Refused),
            (&others, account(), 3, 1, T, Refused),
        ] {
            let token = PresentedToken {
                session_id: session.id,
                generation,
                secret_hash: [secret; 32],
                proven_key: None,
            };
            let stored = StoredSession { session: session.clone(), secret_hash: [1; 32] };
            let plan = bind(Some((account, stored)), &token, &key('a'), at(now));
            let write = Write::BindSession { id: session.id, key: key('a') };
            assert_eq!(plan.writes().contains(&write), expected == Bound, "{generation} {secret}");
            assert_eq!(plan.writes().is_empty(), expected != Bound);
            assert_eq!(plan.carried_out(), expected, "{generation} {secret} {now:?}");
        }
    }
}
