//! Showing again who one is, in a session that goes on (RFC 9470): its next token says so. A trusted device does not count.

use super::gate::{Missing, Showing, pass};
use super::{AccountFactors, SecondStep};
use crate::base::id::{AccountId, SessionId};
use crate::model::account::Credentials;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::proof::Proof;
use crate::model::session::{PolicyAt, Session};

/// What the owner of a session has shown again.
#[derive(Clone, Debug)]
pub struct Reauthentication {
    /// The session.
    pub session: SessionId,
    /// Its account.
    pub account_id: AccountId,
    /// What was shown first.
    pub proof: Proof,
    /// What was shown of what the account has.
    pub step: SecondStep,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReauthenticateOutcome {
    /// The session's tokens say so from now on.
    Done,
    /// The session is over, the account was disabled, or what was shown first does not hold any more.
    Refused,
    /// Something has to be shown of what the account has.
    Missing(Missing),
}

impl Reauthentication {
    /// Decides, with what was asked for: the account, what it has, and the session.
    pub(crate) fn decide(
        &self,
        found: Option<&Credentials>,
        held: &AccountFactors,
        session: Option<&Session>,
        at: PolicyAt,
    ) -> Plan<ReauthenticateOutcome> {
        let is_its = |session: &&Session| {
            session.account_id == self.account_id && session.is_alive(&at.policy, at.now)
        };
        let is_good = |found: &&Credentials| {
            found.account.id == self.account_id && found.account.is_enabled() && self.proof.still_holds(found)
        };
        let (Some(found), Some(session)) = (found.filter(is_good), session.filter(is_its)) else {
            return Plan::nothing(ReauthenticateOutcome::Refused);
        };
        let whose = (&found.account, held);
        match pass(self.proof, whose, &self.step, Showing::Change, at.now) {
            Ok(passed) => {
                let mut writes = passed.writes;
                writes.push(Write::Reauthenticate { id: session.id, amr: passed.methods, at: at.now });
                let event = AuditEvent::new(AuditKind::Reauthenticated);
                writes.push(Write::Record(event.of_account(self.account_id).of_session(session.id)));
                Plan::new(ReauthenticateOutcome::Done, writes)
            }
            Err(missing) => Plan::nothing(ReauthenticateOutcome::Missing(missing)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::change::testing::{factor, held, trusted};
    use super::*;
    use crate::model::account::Account;
    use crate::model::proof::{AuthMethod, AuthMethods};
    use crate::model::second_factor::ShownFactor;
    use crate::model::session::EndReason;
    use crate::model::session::testing::{T, account, at, session_of};

    /// SE-9: by whoever the account's owner is now, in a session that lives, and with all that the account has.
    #[test]
    fn a_session_is_renewed_by_its_owner_alone() {
        let session = session_of(&account(), 1);
        let ended = Session { revoked: Some((T, EndReason::Logout)), ..session.clone() };
        let other = Session {
            account_id: AccountId::random(&crate::base::random::Random::insecure_seeded(9)),
            ..session.clone()
        };
        let off = Account { disabled_at: Some(T), ..account() };
        let none = AccountFactors::default();
        let held = || AccountFactors { devices: vec![trusted(T.plus(Duration::from_secs(9)))], ..held() };
        for (account, version, session, held, shown, done) in [
            (account(), 5, &session, &none, ShownFactor::Nothing, true),
            (account(), 4, &session, &none, ShownFactor::Nothing, false),
            (off, 5, &session, &none, ShownFactor::Nothing, false),
            (account(), 5, &ended, &none, ShownFactor::Nothing, false),
            (account(), 5, &other, &none, ShownFactor::Nothing, false),
            (account(), 5, &session, &held(), ShownFactor::Nothing, false),
            (account(), 5, &session, &held(), ShownFactor::Totp { factor: factor(1).id, step: 8 }, true),
        ] {
            let step = SecondStep { shown: shown.clone(), device: Some([9; 32]), ..SecondStep::default() };
            let proof = Proof::Password { version: 5 };
            let again = Reauthentication {
                session: session.id,
                account_id: super::super::change::testing::factor(1).account_id,
                proof,
                step,
            };
            let found = Credentials { account, password_hash: None, password_version: version };
            let plan = again.decide(Some(&found), held, Some(session), at(T));
            let writes = plan.writes().to_vec();
            let outcome = plan.carried_out();
            assert_eq!(outcome == ReauthenticateOutcome::Done, done, "{version} {shown:?}: {outcome:?}");
            assert_eq!(writes.is_empty(), !done);
            if done && shown != ShownFactor::Nothing {
                assert_eq!(writes[0], Write::UseFactor { id: factor(1).id, step: 8, at: T });
                let amr = AuthMethods::of(AuthMethod::Password);
                let amr = amr.and(AuthMethod::OneTimePassword).and(AuthMethod::MultipleFactors);
                assert_eq!(writes[1], Write::Reauthenticate { id: session.id, amr, at: T });
            }
        }
    }
}
