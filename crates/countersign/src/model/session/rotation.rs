//! The rotation of refresh tokens. [`decide`] is the rule, a pure function that the stores and the model
//! checker share; [`rotate`] is what follows from it.

use std::net::IpAddr;

use super::refresh_token::PresentedToken;
use super::{EndReason, EndedSession, Grant, PolicyAt, Session, SessionPolicy, StoredSession, end};
use crate::base::clock::Timestamp;
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// What a presented refresh token, whose tag and secret are already proved, means for its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The newest token, and young: a new access token, nothing is written, no cookie is set.
    Fresh,
    /// The newest token: rotate to this generation.
    Advance {
        /// The new newest generation.
        to: u32,
    },
    /// The parent, soon after its rotation: the same successor again, nothing is written.
    Replay,
    /// An older token: somebody holds a copy. The session must be revoked.
    Reuse,
    /// A token that we issued and do not remember: the database was restored or failed over to an older
    /// state. It becomes the newest again, made just now, so that an honest client survives it (RF-6); no
    /// cookie is set. (Moving on to its successor would turn a request that is still under way with its
    /// parent into a reuse: the model checker's trace is in `tests/rotation_model`.)
    Heal {
        /// The new newest generation: the one presented.
        to: u32,
    },
    /// Past its idle or absolute end.
    Expired,
    /// Ended early, and why.
    Revoked(EndReason),
}

/// The rotation rule. `presented` is the generation in a token whose tag proves that we issued it for this
/// session.
///
/// The window of the parent is anchored at the rotation and never extended, or a thief and the owner could
/// follow each other for ever; it is for the immediate parent only; and the successor is the *same* one each
/// time, or two lineages would live. `Fresh` closes the last hole: without it three tabs that wake together
/// can turn an honest parent into a grandparent.
#[must_use]
pub fn decide(session: &Session, presented: u32, policy: &SessionPolicy, now: Timestamp) -> Decision {
    if let Some((_, reason)) = session.revoked {
        return Decision::Revoked(reason);
    }
    if now >= session.ends_at(policy) {
        return Decision::Expired;
    }
    let newest = session.generation;
    let Some(next) = presented.checked_add(1) else {
        return Decision::Expired;
    };
    if presented > newest {
        Decision::Heal { to: presented }
    } else if presented == newest {
        if now < session.rotated_at.plus(policy.min_age) {
            Decision::Fresh
        } else {
            Decision::Advance { to: next }
        }
    } else if next == newest && now < session.rotated_at.plus(policy.grace) {
        Decision::Replay
    } else {
        Decision::Reuse
    }
}

/// What a refresh token came to. All but the first four say why there is nothing; `Reused` has *already*
/// ended the session and committed: it is a value and not an error, so that no rollback can undo it.
#[derive(Clone, Debug, PartialEq)]
pub enum Rotation {
    /// Young: nothing was written, and no cookie is to be set.
    Fresh(Box<Grant>),
    /// Rotated; the session is at its new generation.
    Advanced(Box<Grant>),
    /// The parent again, in time: the session is at the generation to give out again.
    Replayed(Box<Grant>),
    /// Ahead of the store, which had lost writes: the session is at the token's generation again, as if just
    /// made.
    Healed(Box<Grant>),
    /// Used again too late: the session is ended.
    Reused(EndedSession),
    /// Past its end.
    Expired,
    /// Ended early, and why.
    Revoked(EndReason),
    /// No session with this id and secret.
    Unknown,
}

/// The rule applied to what was looked up for a token: the outcome, and the one or two writes of it. `Fresh`,
/// `Replayed` and every refusal write nothing.
pub(crate) fn rotate(
    found: Option<(Account, StoredSession)>,
    token: &PresentedToken,
    address: Option<IpAddr>,
    at: PolicyAt,
) -> Plan<Rotation> {
    let Some((account, StoredSession { session, .. })) = found.filter(|(_, stored)| stored.fits(token))
    else {
        return Plan::nothing(Rotation::Unknown);
    };
    let (to, is_healed) =
        match (decide(&session, token.generation, &at.policy, at.now), account.refuses_sessions()) {
            (Decision::Expired, _) => return Plan::nothing(Rotation::Expired),
            // An account that refuses sessions has none any more; this holds even if one had been missed
            // (RF-7).
            (Decision::Revoked(reason), _) | (_, Some(reason)) => {
                return Plan::nothing(Rotation::Revoked(reason));
            }
            (Decision::Fresh, None) => {
                return Plan::nothing(Rotation::Fresh(Box::new(Grant::new(account, session))));
            }
            (Decision::Replay, None) => {
                return Plan::nothing(Rotation::Replayed(Box::new(Grant::new(account, session))));
            }
            (Decision::Reuse, None) => return reuse(&session, at),
            (Decision::Advance { to }, None) => (to, false),
            (Decision::Heal { to }, None) => (to, true),
        };
    let from = session.generation;
    let mut writes = vec![Write::MoveSession { id: session.id, from, to, at: at.now, address }];
    let session = Session { generation: to, rotated_at: at.now, address, ..session };
    if is_healed {
        let event = AuditEvent::new(AuditKind::SessionHealed);
        writes.push(Write::Record(event.of_account(account.id).of_session(session.id)));
    }
    let grant = Box::new(Grant::new(account, session));
    Plan::new(if is_healed { Rotation::Healed(grant) } else { Rotation::Advanced(grant) }, writes)
}

/// What a rotation came to that one guarded statement of a store has made and committed: the account, and the session as it
/// is since. Its guard has to hold exactly where the rule says [`Decision::Advance`] and the account refuses no sessions; a
/// test of the store compares them.
#[cfg(feature = "postgres")]
pub(crate) fn advanced(account: Account, session: Session) -> Rotation {
    Rotation::Advanced(Box::new(Grant::new(account, session)))
}

fn reuse(session: &Session, at: PolicyAt) -> Plan<Rotation> {
    let mut writes = Vec::new();
    let ended = end(session, EndReason::Reuse, at, &mut writes);
    Plan::new(ended.map_or(Rotation::Revoked(EndReason::Reuse), Rotation::Reused), writes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::session::testing::{T, account, at, session_of};

    const MS: Duration = Duration::from_millis(1);

    fn session(generation: u32) -> Session {
        Session { generation, ..session_of(&account(), 1) }
    }

    /// Every row of the rotation table, each time limit at −1 ms, 0 and +1 ms (RF-3, RF-3b, RF-4, RF-6).
    #[test]
    fn every_row_of_the_rotation_table_at_its_boundaries() {
        let policy = SessionPolicy::default();
        let (r, grace, idle) = (policy.min_age, policy.grace, policy.idle_ttl);
        let advance = Decision::Advance { to: 6 };
        let rows = [
            // the newest token
            (5, Duration::ZERO, Decision::Fresh),
            (5, r.saturating_sub(MS), Decision::Fresh),
            (5, r, advance),
            (5, r + MS, advance),
            (5, idle.saturating_sub(MS), advance),
            (5, idle, Decision::Expired),
            (5, idle + MS, Decision::Expired),
            // its parent
            (4, Duration::ZERO, Decision::Replay),
            (4, grace.saturating_sub(MS), Decision::Replay),
            (4, grace, Decision::Reuse),
            (4, grace + MS, Decision::Reuse),
            (4, idle.saturating_sub(MS), Decision::Reuse),
            (4, idle, Decision::Expired),
            // older
            (3, Duration::ZERO, Decision::Reuse),
            (0, Duration::ZERO, Decision::Reuse),
            (3, idle, Decision::Expired),
            // ahead of the database
            (6, Duration::ZERO, Decision::Heal { to: 6 }),
            (9, r, Decision::Heal { to: 9 }),
            (9, idle, Decision::Expired),
            (u32::MAX, r, Decision::Expired),
        ];
        for (presented, after, expected) in rows {
            assert_eq!(
                decide(&session(5), presented, &policy, T.plus(after)),
                expected,
                "generation {presented} after {after:?}"
            );
        }
    }

    /// RF-8: a rotation just before the absolute end does not move it.
    #[test]
    fn sliding_never_passes_the_absolute_end() {
        let policy = SessionPolicy::default();
        let end = T.plus(policy.absolute_ttl);
        let mut session = session(5);
        session.rotated_at = end.minus(Duration::from_secs(3600));
        for (at, expected) in [
            (end.minus(MS), Decision::Advance { to: 6 }),
            (end, Decision::Expired),
            (end.plus(MS), Decision::Expired),
        ] {
            assert_eq!(decide(&session, 5, &policy, at), expected);
        }
    }

    #[test]
    fn a_revoked_session_answers_every_token_with_its_reason() {
        let mut session = session(5);
        session.revoked = Some((T, EndReason::Logout));
        for presented in [0, 4, 5, 6, u32::MAX] {
            assert_eq!(
                decide(&session, presented, &SessionPolicy::default(), T),
                Decision::Revoked(EndReason::Logout)
            );
        }
    }

    #[test]
    fn without_grace_and_minimum_age_every_second_use_is_reuse() {
        let policy =
            SessionPolicy { min_age: Duration::ZERO, grace: Duration::ZERO, ..SessionPolicy::default() };
        assert_eq!(decide(&session(5), 5, &policy, T), Decision::Advance { to: 6 });
        assert_eq!(decide(&session(5), 4, &policy, T), Decision::Reuse);
    }

    /// OP-9: a clock that jumped back neither rotates nor ends anything.
    #[test]
    fn a_clock_that_jumped_back_is_harmless() {
        let before = T.minus(Duration::from_secs(3600));
        let policy = SessionPolicy::default();
        assert_eq!(decide(&session(5), 5, &policy, before), Decision::Fresh);
        assert_eq!(decide(&session(5), 4, &policy, before), Decision::Replay);
    }

    const SECRET: [u8; 32] = [1; 32];

    fn rotated(stored: Session, account: Account, generation: u32, now: Timestamp) -> (Rotation, Vec<Write>) {
        let token = PresentedToken { session_id: stored.id, generation, secret_hash: SECRET };
        let found = (account, StoredSession { session: stored, secret_hash: SECRET });
        let plan = rotate(Some(found), &token, Some([192, 0, 2, 9].into()), at(now));
        let writes = plan.writes().to_vec();
        (plan.carried_out(), writes)
    }

    /// RF-1, RF-2, RF-6: what each decision writes, and which session the grant has then.
    #[test]
    fn each_decision_writes_what_it_says() {
        let policy = SessionPolicy::default();
        let (now, before) = (T.plus(policy.min_age), session(5));
        let address = Some([192, 0, 2, 9].into());
        let id = before.id;
        let moved = |to, now| Write::MoveSession { id, from: 5, to, at: now, address };
        let grant = |generation, now| {
            let session = Session { generation, rotated_at: now, address, ..session(5) };
            Box::new(Grant::new(account(), session))
        };
        let kept = || Box::new(Grant::new(account(), session(5)));
        let event = |kind| AuditEvent::new(kind).of_account(before.account_id).of_session(id);
        let reused = rotated(before.clone(), account(), 3, T);
        let Rotation::Reused(ended) = reused.0 else { panic!("{reused:?}") };
        let reuse = event(AuditKind::RefreshReuseDetected).with_detail("reuse");
        let rows = [
            (5, T, Rotation::Fresh(kept()), vec![]),
            (4, T, Rotation::Replayed(kept()), vec![]),
            (5, now, Rotation::Advanced(grant(6, now)), vec![moved(6, now)]),
            (
                9,
                T,
                Rotation::Healed(grant(9, T)),
                vec![moved(9, T), Write::Record(event(AuditKind::SessionHealed))],
            ),
            (
                3,
                T,
                Rotation::Reused(ended),
                vec![
                    Write::EndSession { ended, account_id: account().id, at: T, reason: EndReason::Reuse },
                    Write::Record(reuse),
                ],
            ),
            (5, T.plus(policy.idle_ttl), Rotation::Expired, vec![]),
        ];
        for (generation, now, rotation, writes) in rows {
            let found = rotated(before.clone(), account(), generation, now);
            assert_eq!(found, (rotation, writes), "generation {generation}");
        }
    }

    /// RF-7, RF-11: an account that refuses sessions, another secret and no session at all: nothing is given,
    /// nothing written.
    #[test]
    fn a_refusal_writes_nothing() {
        let off = Account { disabled_at: Some(T), ..account() };
        let required = Account { password_change_required: true, ..account() };
        for (account, reason) in
            [(off, EndReason::AccountDisabled), (required, EndReason::PasswordChangeRequired)]
        {
            for generation in [3, 4, 5, 6] {
                let found = rotated(session(5), account.clone(), generation, T);
                assert_eq!(found, (Rotation::Revoked(reason), vec![]), "generation {generation}");
            }
        }
        let stored = StoredSession { session: session(5), secret_hash: SECRET };
        for bit in 0..256 {
            let mut token =
                PresentedToken { session_id: stored.session.id, generation: 5, secret_hash: SECRET };
            token.secret_hash[bit / 8] ^= 1 << (bit % 8);
            for found in [Some((account(), stored.clone())), None] {
                let plan = rotate(found, &token, None, at(T));
                assert_eq!(plan.writes(), []);
                assert_eq!(plan.carried_out(), Rotation::Unknown, "bit {bit}");
            }
        }
    }
}
