//! The instant before which every session is over: the store was put back to an earlier state, in which sessions live that had
//! ended since, and nobody knows which. So none of them goes on, whatever its row says (DB-4).

use std::time::Duration;

use super::{EndReason, Session, StoredSession};
use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::milestone::Milestone;
use crate::model::plan::{Plan, Write};

impl Session {
    /// The session that a row of a store is, where sessions that began before `not_before` are over. Every rule sees it so.
    pub(crate) fn since(self, not_before: Timestamp) -> Self {
        let revoked =
            self.revoked.or((self.created_at < not_before).then_some((not_before, EndReason::Restored)));
        Self { revoked, ..self }
    }
}

impl StoredSession {
    /// The same, of what a store keeps.
    pub(crate) fn since(self, not_before: Timestamp) -> Self {
        Self { session: self.session.since(not_before), ..self }
    }
}

/// Moves the instant on to `wanted`; one that is later stays. Gives the one that holds.
pub(crate) fn end_before(found: Option<Timestamp>, wanted: Timestamp) -> Plan<Timestamp> {
    match found.filter(|found| *found >= wanted) {
        Some(found) => Plan::nothing(found),
        None => Plan::new(
            wanted,
            vec![
                Write::SetMilestone { milestone: Milestone::SessionsNotBefore, at: wanted },
                Write::Record(AuditEvent::new(AuditKind::StoreRestored)),
            ],
        ),
    }
}

/// The instant to end all sessions at that there are at `now`. A token says its age in whole seconds, so it is one. And it is
/// at least a second away: a request that reads the store before this is written there has begun before, and what it issues
/// is refused too. Who begins a session meanwhile has to do so again.
#[must_use]
pub fn ends_all_at(now: Timestamp) -> Timestamp {
    let second = now.plus(Duration::from_secs(2)).as_unix_seconds();
    Timestamp::from_unix_millis(second.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::SessionPolicy;
    use crate::model::session::testing::{T, account, session_of};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_session_that_began_before_is_over() {
        let session = session_of(&account(), 1);
        let is_alive = |session: Session| session.is_alive(&SessionPolicy::default(), T);
        for (not_before, expected) in [(T.minus(MS), true), (T, true), (T.plus(MS), false)] {
            assert_eq!(is_alive(session.clone().since(not_before)), expected, "{not_before:?}");
        }
        let over = session.clone().since(T.plus(MS)).revoked;
        assert_eq!(over, Some((T.plus(MS), EndReason::Restored)));
        let logged_out = Session { revoked: Some((T, EndReason::Logout)), ..session };
        assert_eq!(logged_out.clone().since(T.plus(MS)), logged_out, "why it ended is still known");
    }

    #[test]
    fn the_instant_moves_on_and_never_back() {
        let moved = end_before(Some(T), T.plus(MS));
        let written = Write::SetMilestone { milestone: Milestone::SessionsNotBefore, at: T.plus(MS) };
        assert_eq!(moved.writes(), [written, Write::Record(AuditEvent::new(AuditKind::StoreRestored))]);
        assert_eq!(moved.carried_out(), T.plus(MS));
        for found in [T, T.plus(MS)] {
            let kept = end_before(Some(found), T);
            assert_eq!((kept.writes().len(), kept.carried_out()), (0, found));
        }
        assert_eq!(end_before(None, T).carried_out(), T);
    }

    #[test]
    fn the_instant_is_a_whole_second_and_one_to_two_away() {
        for (now, then) in [(0, 2_000), (1, 2_000), (999, 2_000), (1_000, 3_000)] {
            let at = ends_all_at(Timestamp::from_unix_millis(now));
            assert_eq!(at, Timestamp::from_unix_millis(then), "{now}");
        }
    }
}
