//! What a node that remembers does for a database that has forgotten: a standby that lacked the last writes took the
//! primary's place, or somebody put an older copy back. Sessions that had ended are ended again, so one node that was there
//! is enough.

use std::collections::{HashMap, HashSet};

use super::{EndReason, EndedSession, PolicyAt, Session};
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// Of what a node remembers, what has not stopped to matter at `now` and is not in the log.
pub(crate) fn forgotten(
    remembered: impl IntoIterator<Item = EndedSession>,
    log: &HashSet<SessionId>,
    now: Timestamp,
) -> Vec<EndedSession> {
    remembered.into_iter().filter(|ended| ended.until > now && !log.contains(&ended.id)).collect()
}

/// What is in the store of sessions that are to be ended again.
pub(crate) struct Kept {
    /// Those that there are.
    pub(crate) sessions: HashMap<SessionId, Session>,
    /// Those that are in the revocation log.
    pub(crate) log: HashSet<SessionId>,
}

/// Ends these sessions again, but for those that are in the log; gives those. Why they ended is forgotten.
pub(crate) fn restore(all: Vec<EndedSession>, kept: &Kept, at: PolicyAt) -> Plan<Vec<EndedSession>> {
    let (mut writes, mut seen) = (Vec::new(), HashSet::new());
    let is_missing = |ended: &EndedSession| !kept.log.contains(&ended.id) && seen.insert(ended.id);
    let missing: Vec<_> = all.into_iter().filter(is_missing).collect();
    for ended in &missing {
        let (ended, now) = (*ended, at.now);
        let session = kept.sessions.get(&ended.id);
        let account_id = session.map(|session| session.account_id);
        let mut event = AuditEvent::new(AuditKind::RevocationRestored).of_session(ended.id);
        event.account_id = account_id;
        writes.push(match session {
            Some(Session { account_id, revoked: None, .. }) => {
                Write::EndSession { ended, account_id: *account_id, at: now, reason: EndReason::Ended }
            }
            _ => Write::InsertRevocation { ended, account_id, at: now },
        });
        writes.push(Write::Record(event));
    }
    Plan::new(missing, writes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::session::testing::{T, account, at, session_of};

    const MS: Duration = Duration::from_millis(1);

    fn ended(id: SessionId) -> EndedSession {
        EndedSession { id, until: T.plus(MS) }
    }

    #[test]
    fn what_matters_and_is_not_in_the_log_is_forgotten() {
        let [one, two] = [1, 2].map(|seed| session_of(&account(), seed).id);
        let log = HashSet::from([two]);
        assert_eq!(forgotten([ended(one), ended(two)], &log, T), [ended(one)]);
        assert_eq!(forgotten([ended(one), ended(two)], &log, T.plus(MS)), []);
    }

    #[test]
    fn each_is_ended_again_as_far_as_it_is_not() {
        let sessions = [1, 2, 3].map(|seed| session_of(&account(), seed));
        let [alive, over, known] = sessions;
        let over = Session { revoked: Some((T, EndReason::Logout)), ..over };
        let gone = session_of(&account(), 4).id;
        let all = [alive.id, over.id, known.id, gone, alive.id].map(ended);
        let kept = Kept {
            log: HashSet::from([known.id]),
            sessions: [&alive, &over, &known].map(|session| (session.id, session.clone())).into(),
        };
        let plan = restore(all.to_vec(), &kept, at(T));
        let account_id = alive.account_id;
        let event = |id| AuditEvent::new(AuditKind::RevocationRestored).of_session(id);
        let (reason, at) = (EndReason::Ended, T);
        assert_eq!(
            plan.writes(),
            [
                Write::EndSession { ended: ended(alive.id), account_id, at, reason },
                Write::Record(event(alive.id).of_account(account_id)),
                Write::InsertRevocation { ended: ended(over.id), account_id: Some(account_id), at },
                Write::Record(event(over.id).of_account(account_id)),
                Write::InsertRevocation { ended: ended(gone), account_id: None, at },
                Write::Record(event(gone)),
            ]
        );
        assert_eq!(plan.carried_out(), [alive.id, over.id, gone].map(ended));
    }
}
