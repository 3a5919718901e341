//! Setting another password by mail. It ends all sessions, signs nobody in, and changes nothing about what a sign-in asks for
//! (EM-3): a disabled account stays disabled.

use super::consume::{admit, used_up};
use super::{PresentedTicket, Ticket, TicketPurpose};
use crate::base::id::AccountId;
use crate::model::account::{Credentials, PasswordChange};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::outbox::NewDelivery;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::proof::{AuthMethods, OutsideProof, Proof};
use crate::model::session::{EndedSession, PolicyAt, Session};

/// A password to be set with a ticket.
#[derive(Clone, Debug)]
pub struct PasswordReset {
    /// What was shown of the ticket.
    pub shown: PresentedTicket,
    /// The hash of the new password.
    pub new: PasswordHash,
    /// The mail that tells the account's owner.
    pub notice: Option<NewDelivery>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResetOutcome {
    /// It is set, and all of these sessions are ended.
    Done(AccountId, Vec<EndedSession>),
    /// What was shown is no ticket for this, not any more, or not of an account that may sign in.
    Invalid,
}

impl PasswordReset {
    /// Sets the password, with what was asked for: the ticket, the account that it names, and its open sessions. A required
    /// change of password is met: the owner has chosen one.
    pub(crate) fn decide(
        self,
        ticket: Option<Ticket>,
        account: Option<&Credentials>,
        open: &[Session],
        at: PolicyAt,
    ) -> Plan<ResetOutcome> {
        let ticket = match admit(ticket, &self.shown, TicketPurpose::Reset, at.now) {
            Ok(ticket) => ticket,
            Err(writes) => return Plan::new(ResetOutcome::Invalid, writes),
        };
        let Some(found) = account.filter(|found| ticket.is_good_for(found)) else {
            return Plan::nothing(ResetOutcome::Invalid);
        };
        let id = found.account.id;
        let mut writes = vec![
            used_up(&ticket, at.now),
            Write::Record(AuditEvent::new(AuditKind::PasswordReset).of_account(id)),
        ];
        let checked = Some(Proof::Outside(OutsideProof::new("mail", AuthMethods::NONE)));
        let change = PasswordChange { account_id: id, new: self.new, checked, keep: None, notice: None };
        let ended = change.write(found, open, at, &mut writes);
        writes.extend(self.notice.map(|notice| Write::InsertDelivery(Box::new(notice))));
        Plan::new(ResetOutcome::Done(id, ended), writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::Account;
    use crate::model::session::testing::{T, account, at, session_of};
    use crate::model::ticket::testing::{LINK, found, ticket};

    fn reset() -> PasswordReset {
        PasswordReset { shown: LINK, new: PasswordHash::from_stored("new".to_owned()), notice: None }
    }

    /// EM-3: and the owner need not choose another one then.
    #[test]
    fn a_reset_uses_the_ticket_sets_the_password_and_ends_every_session() {
        let account = Account { password_change_required: true, ..account() };
        let open = [session_of(&account, 1), session_of(&account, 2)];
        let found = Credentials { account, ..found() };
        let plan = reset().decide(Some(ticket(TicketPurpose::Reset)), Some(&found), &open, at(T));
        let ended = |write: &&Write| matches!(write, Write::EndSession { .. });
        assert_eq!(plan.writes().iter().filter(ended).count(), 2);
        let [
            Write::UpdateTicket { consumed_at: Some(T), .. },
            Write::Record(reset),
            Write::SetPassword { version: 6, change_required: false, .. },
            Write::Record(changed),
            ..,
        ] = plan.writes()
        else {
            panic!("{:?}", plan.writes())
        };
        assert_eq!((reset.kind, changed.kind), (AuditKind::PasswordReset, AuditKind::PasswordChanged));
        assert!(matches!(plan.carried_out(), ResetOutcome::Done(_, ended) if ended.len() == 2));
    }

    /// EM-1, EM-3: one answer for all, and nothing written.
    #[test]
    fn what_is_no_ticket_for_a_reset_changes_nothing() {
        let disabled = Account { disabled_at: Some(T), ..account() };
        for (ticket, found) in [
            (None, Some(found())),
            (Some(ticket(TicketPurpose::Verify)), Some(found())),
            (Some(ticket(TicketPurpose::Reset)), None),
            (Some(ticket(TicketPurpose::Reset)), Some(Credentials { password_version: 6, ..found() })),
            (Some(ticket(TicketPurpose::Reset)), Some(Credentials { account: disabled, ..found() })),
        ] {
            let plan = reset().decide(ticket, found.as_ref(), &[], at(T));
            assert!(plan.writes().is_empty());
            assert_eq!(plan.carried_out(), ResetOutcome::Invalid);
        }
    }
}
