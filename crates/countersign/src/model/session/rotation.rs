//! The rotation of refresh tokens. [`decide`] is the rule, a pure function that the stores and the model
//! checker share; [`rotate`] is what follows from it.

use std::net::IpAddr;

use countersign_jwt::JwkThumbprint;

use super::refresh_token::PresentedToken;
use super::{BoundKey, EndReason, EndedSession, Grant, PolicyAt, Session, SessionPolicy, StoredSession, end};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, SessionId};
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
    /// The parent, long after its rotation, from the device that the session is bound to: the same successor again, as if it had
    /// been made just now.
    LateReplay,
    /// The session is bound to a device, and whoever presents the token has not proved to be it. Nothing is written, and nothing
    /// more is said: neither does a thief learn how old his copy is, nor can he end the session with it.
    ProofRequired,
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
/// session; `proven`, the key that its presenter has just proved to hold.
///
/// The window of the parent is anchored at the rotation and never extended, or a thief and the owner could
/// follow each other for ever; it is for the immediate parent only; and the successor is the *same* one each
/// time, or two lineages would live. `Fresh` closes the last hole: without it three tabs that wake together
/// can turn an honest parent into a grandparent.
///
/// A session that is bound to a key is refreshed by its holder alone. For them the parent has no window: a device keeps the last
/// token that it has received, and the session is one step ahead of that at most, however many responses were lost. The
/// repeat begins the minimum age anew, since the successor reaches the device only now, perhaps while another of its requests
/// is under way with the parent.
#[must_use]
pub fn decide(
    session: &Session,
    presented: u32,
    proven: Option<JwkThumbprint>,
    policy: &SessionPolicy,
    now: Timestamp,
) -> Decision {
    if let Some((_, reason)) = session.revoked {
        return Decision::Revoked(reason);
    }
    if now >= session.ends_at(policy) {
        return Decision::Expired;
    }
    let bound_to = session.bound_key.as_ref().map(BoundKey::thumbprint);
    if bound_to.is_some() && bound_to != proven {
        return Decision::ProofRequired;
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
    } else if next == newest && bound_to.is_some() {
        Decision::LateReplay
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
    /// The session is bound to a key that was not proved. It goes on.
    ProofRequired {
        /// The session.
        session_id: SessionId,
        /// Whose it is.
        account_id: AccountId,
    },
    /// Used again too late: the session is ended.
    Reused(EndedSession),
    /// Past its end.
    Expired,
    /// Ended early, and why.
    Revoked(EndReason),
    /// No session with this id and secret.
    Unknown,
}

impl Rotation {
    /// Whether a proof of the session's key has counted.
    #[must_use]
    pub fn is_by_key(&self) -> bool {
        match self {
            Self::Fresh(grant) | Self::Advanced(grant) | Self::Replayed(grant) | Self::Healed(grant) => {
                grant.session().bound_key.is_some()
            }
            Self::ProofRequired { .. }
            | Self::Reused(_)
            | Self::Expired
            | Self::Revoked(_)
            | Self::Unknown => false,
        }
    }
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
    let granted = |session| Box::new(Grant::new(account.clone(), session));
    let decision = decide(&session, token.generation, token.proven_key, &at.policy, at.now);
    let to = match (decision, account.refuses_sessions()) {
        (Decision::Expired, _) => return Plan::nothing(Rotation::Expired),
        // An account that refuses sessions has none any more; this holds even if one had been missed
        // (RF-7).
        (Decision::Revoked(reason), _) | (_, Some(reason)) => {
            return Plan::nothing(Rotation::Revoked(reason));
        }
        (Decision::ProofRequired, None) => {
            let Session { id: session_id, account_id, .. } = session;
            return Plan::nothing(Rotation::ProofRequired { session_id, account_id });
        }
        (Decision::Fresh, None) => return Plan::nothing(Rotation::Fresh(granted(session))),
        (Decision::Replay, None) => return Plan::nothing(Rotation::Replayed(granted(session))),
        (Decision::Reuse, None) => return reuse(&session, at),
        (Decision::LateReplay, None) => session.generation,
        (Decision::Advance { to } | Decision::Heal { to }, None) => to,
    };
    let (id, from) = (session.id, session.generation);
    let mut writes = vec![Write::MoveSession { id, from, to, at: at.now, address }];
    let grant = granted(Session { generation: to, rotated_at: at.now, address, ..session });
    let rotation = match decision {
        Decision::LateReplay => Rotation::Replayed(grant),
        Decision::Heal { .. } => {
            let event = AuditEvent::new(AuditKind::SessionHealed);
            writes.push(Write::Record(event.of_account(account.id).of_session(id)));
            Rotation::Healed(grant)
        }
        _ => Rotation::Advanced(grant),
    };
    Plan::new(rotation, writes)
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
                decide(&session(5), presented, None, &policy, T.plus(after)),
                expected,
                "generation {presented} after {after:?}"
            );
        }
    }

    /// RF-15: every row again for a session that is bound to a key: with a proof of it, the parent has no window; without, or with one of
    /// another key, nothing but the end of the session is told. A proof changes nothing for a session that is not bound.
    #[test]
    fn every_row_with_a_key_with_its_proof_and_without() {
        use Decision::{Advance, Expired, Fresh, Heal, LateReplay, ProofRequired, Replay, Reuse};
        let policy = SessionPolicy::default();
        let (r, grace, idle) = (policy.min_age, policy.grace, policy.idle_ttl);
        let last = idle.saturating_sub(MS);
        // presented, after, unbound, bound with a proof; without one, all that is alive needs one.
        let rows = [
            (5, Duration::ZERO, Fresh, Fresh),
            (5, r.saturating_sub(MS), Fresh, Fresh),
            (5, r, Advance { to: 6 }, Advance { to: 6 }),
            (5, last, Advance { to: 6 }, Advance { to: 6 }),
            (5, idle, Expired, Expired),
            (4, Duration::ZERO, Replay, Replay),
            (4, grace.saturating_sub(MS), Replay, Replay),
            (4, grace, Reuse, LateReplay),
            (4, grace + MS, Reuse, LateReplay),
            (4, last, Reuse, LateReplay),
            (4, idle, Expired, Expired),
            (3, Duration::ZERO, Reuse, Reuse),
            (3, last, Reuse, Reuse),
            (0, Duration::ZERO, Reuse, Reuse),
            (3, idle, Expired, Expired),
            (6, Duration::ZERO, Heal { to: 6 }, Heal { to: 6 }),
            (9, last, Heal { to: 9 }, Heal { to: 9 }),
            (9, idle, Expired, Expired),
        ];
        let (key, other) = (key_of('a'), key_of('b'));
        let bound = Session { bound_key: Some(key.clone()), ..session(5) };
        let mine = Some(key.thumbprint());
        for (presented, after, unbound, proved) in rows {
            let decide =
                |session: &Session, proven| decide(session, presented, proven, &policy, T.plus(after));
            let row = format!("generation {presented} after {after:?}");
            let unproved = if proved == Expired { Expired } else { ProofRequired };
            assert_eq!((decide(&session(5), None), decide(&session(5), mine)), (unbound, unbound), "{row}");
            assert_eq!(decide(&bound, mine), proved, "{row}");
            assert_eq!(decide(&bound, None), unproved, "{row}");
            assert_eq!(decide(&bound, Some(other.thumbprint())), unproved, "{row}");
        }
        let over = Session { revoked: Some((T, EndReason::Logout)), ..bound };
        for proven in [None, mine] {
            assert_eq!(decide(&over, 5, proven, &policy, T), Decision::Revoked(EndReason::Logout));
        }
    }

    /// RF-15: a repeat long after the rotation is one that was made now; a refusal writes nothing.
    #[test]
    fn a_late_repeat_begins_the_minimum_age_anew() {
        let policy = SessionPolicy::default();
        let late = T.plus(Duration::from_secs(6 * 3_600));
        let key = key_of('a');
        let bound = Session { bound_key: Some(key.clone()), ..session(5) };
        let (stored, address) = (StoredSession { session: bound.clone(), secret_hash: SECRET }, None);
        let presented = |generation, proven_key| {
            let token = PresentedToken { session_id: bound.id, generation, secret_hash: SECRET, proven_key };
            let plan = rotate(Some((account(), stored.clone())), &token, address, at(late));
            let writes = plan.writes().to_vec();
            (plan.carried_out(), writes)
        };
        let moved = Session { rotated_at: late, ..bound.clone() };
        let write = Write::MoveSession { id: bound.id, from: 5, to: 5, at: late, address };
        let repeated = Rotation::Replayed(Box::new(Grant::new(account(), moved.clone())));
        assert_eq!(presented(4, Some(key.thumbprint())), (repeated, vec![write]));
        let soon = late.plus(policy.min_age).minus(MS);
        assert_eq!(decide(&moved, 5, Some(key.thumbprint()), &policy, soon), Decision::Fresh);
        let refused = Rotation::ProofRequired { session_id: bound.id, account_id: bound.account_id };
        for generation in [0, 3, 4, 5, 6] {
            assert_eq!(presented(generation, None), (refused.clone(), vec![]), "{generation}");
        }
    }

    fn key_of(seed: char) -> BoundKey {
        BoundKey::from_stored(format!(r#"{{"kty":"{seed}"}}"#))
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
            assert_eq!(decide(&session, 5, None, &policy, at), expected);
        }
    }

    #[test]
    fn a_revoked_session_answers_every_token_with_its_reason() {
        let mut session = session(5);
        session.revoked = Some((T, EndReason::Logout));
        for presented in [0, 4, 5, 6, u32::MAX] {
            assert_eq!(
                decide(&session, presented, None, &SessionPolicy::default(), T),
                Decision::Revoked(EndReason::Logout)
            );
        }
    }

    #[test]
    fn without_grace_and_minimum_age_every_second_use_is_reuse() {
        let policy =
            SessionPolicy { min_age: Duration::ZERO, grace: Duration::ZERO, ..SessionPolicy::default() };
        assert_eq!(decide(&session(5), 5, None, &policy, T), Decision::Advance { to: 6 });
        assert_eq!(decide(&session(5), 4, None, &policy, T), Decision::Reuse);
    }

    /// OP-9: a clock that jumped back neither rotates nor ends anything.
    #[test]
    fn a_clock_that_jumped_back_is_harmless() {
        let before = T.minus(Duration::from_secs(3600));
        let policy = SessionPolicy::default();
        assert_eq!(decide(&session(5), 5, None, &policy, before), Decision::Fresh);
        assert_eq!(decide(&session(5), 4, None, &policy, before), Decision::Replay);
    }

    const SECRET: [u8; 32] = [1; 32];

    fn rotated(stored: Session, account: Account, generation: u32, now: Timestamp) -> (Rotation, Vec<Write>) {
        let token =
            PresentedToken { session_id: stored.id, generation, secret_hash: SECRET, proven_key: None };
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
            let mut token = PresentedToken {
                session_id: stored.session.id,
                generation: 5,
                secret_hash: SECRET,
                proven_key: None,
            };
            token.secret_hash[bit / 8] ^= 1 << (bit % 8);
            for found in [Some((account(), stored.clone())), None] {
                let plan = rotate(found, &token, None, at(T));
                assert_eq!(plan.writes(), []);
                assert_eq!(plan.carried_out(), Rotation::Unknown, "bit {bit}");
            }
        }
    }
}
