//! Signing in by mail. The session always begins in the browser that asked: by the code, by the link if it is opened there, or, if
//! the link is opened elsewhere, after whoever opened it has typed the two digits that the asking browser shows. So nobody can be
//! talked into letting a stranger in by one click, and a mail scanner that clicks gets nothing.

use super::consume::{admit, used_up};
use super::{PresentedTicket, Ticket, TicketPurpose};
use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::model::account::Credentials;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::second_factor::AccountFactors;
use crate::model::session::{
    AdmittedSession, Device, NewSession, PolicyAt, Session, StartSessionOutcome, StoredSession,
};

/// A session to begin with a ticket.
#[derive(Clone, Debug)]
pub struct MailSignIn {
    /// What was shown of the ticket: any but [`PresentedTicket::Link`], which says nothing about the browser.
    pub shown: PresentedTicket,
    /// The session.
    pub session: NewSession,
}

/// A session that may begin. It says what else has to be loaded for [`begin`](Self::begin).
#[derive(Debug)]
pub(crate) struct AdmittedMailSignIn {
    ticket: Ticket,
    session: AdmittedSession,
}

impl MailSignIn {
    /// Lets it begin, with what was asked for: the ticket, and the account that it names. All that holds for any other session
    /// holds for this one. A refusal for what can be made good, such as a required change of password, uses no ticket up.
    pub(crate) fn admit(
        self,
        ticket: Option<Ticket>,
        found: Option<Credentials>,
        held: &AccountFactors,
        now: Timestamp,
    ) -> Result<AdmittedMailSignIn, Plan<StartSessionOutcome>> {
        let Self { shown, session } = self;
        let refused = |writes| Plan::new(StartSessionOutcome::Refused, writes);
        let ticket = admit(ticket, &shown, TicketPurpose::SignIn, now).map_err(refused)?;
        let is_good = found.as_ref().is_some_and(|found| ticket.is_good_for(found));
        let is_its = ticket.account_id == Some(session.account_id);
        if !is_good || !is_its || matches!(shown, PresentedTicket::Link { .. }) {
            return Err(refused(Vec::new()));
        }
        // Who may keep the password chooses another one by a reset, of which the account's primary address is told.
        let is_required = found.as_ref().is_some_and(|found| found.account.password_change_required);
        let new_password = session.new_password.clone().filter(|_| is_required);
        let session = NewSession { new_password, ..session };
        Ok(AdmittedMailSignIn { ticket, session: session.admit(found, held, now)? })
    }
}

impl AdmittedMailSignIn {
    /// The session that it may replace.
    pub(crate) fn replaces(&self) -> Option<SessionId> {
        self.session.replaces()
    }

    /// As [`AdmittedSession::asks_for_earlier`].
    pub(crate) const fn asks_for_earlier(&self) -> bool {
        self.session.asks_for_earlier()
    }

    /// As [`AdmittedSession::after`].
    pub(crate) fn after(self, earlier: Vec<Session>) -> Self {
        Self { session: self.session.after(earlier), ..self }
    }

    /// Uses the ticket up and begins the session, as [`AdmittedSession::begin`].
    pub(crate) fn begin(
        self,
        replaced: Option<StoredSession>,
        open: Vec<Session>,
        device: Device,
        at: PolicyAt,
    ) -> Plan<StartSessionOutcome> {
        self.session.begin(replaced, open, device, at).after(vec![used_up(&self.ticket, at.now)])
    }
}

/// Somebody has opened the link in another browser than the one that asked, and typed two digits.
#[derive(Clone, Copy, Debug)]
pub struct SignInApproval {
    /// The link.
    pub shown: PresentedTicket,
    /// Whether they are those that the asking browser shows.
    pub is_right: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApproveOutcome {
    /// The browser that asked may go on.
    Approved,
    /// The digits were wrong, and the ticket is void; or it was no ticket for this, or not any more.
    Invalid,
}

impl SignInApproval {
    /// Approves a ticket, with what was asked for: the ticket, and the account that it names. There is one try: digits can be
    /// guessed.
    pub(crate) fn decide(
        self,
        ticket: Option<Ticket>,
        account: Option<&Credentials>,
        now: Timestamp,
    ) -> Plan<ApproveOutcome> {
        let ticket = match admit(ticket, &self.shown, TicketPurpose::SignIn, now) {
            Ok(ticket) if ticket.approved_at.is_none() => ticket,
            Ok(_) => return Plan::nothing(ApproveOutcome::Invalid),
            Err(writes) => return Plan::new(ApproveOutcome::Invalid, writes),
        };
        let Some(found) = account.filter(|found| ticket.is_good_for(found)) else {
            return Plan::nothing(ApproveOutcome::Invalid);
        };
        let record = |event: AuditEvent| Write::Record(event.of_account(found.account.id));
        if self.is_right {
            let approve = Write::ApproveTicket { id: ticket.id, at: now };
            let event = record(AuditEvent::new(AuditKind::SignInApproved));
            Plan::new(ApproveOutcome::Approved, vec![approve, event])
        } else {
            let event = record(AuditEvent::new(AuditKind::LoginFailed).with_detail("mail_digits"));
            Plan::new(ApproveOutcome::Invalid, vec![used_up(&ticket, now), event])
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::id::AccountId;
    use crate::model::account::Account;
    use crate::model::proof::Proof;
    use crate::model::second_factor::SecondStep;
    use crate::model::session::SignInNotices;
    use crate::model::session::testing::{T, account, at, session_of};
    use crate::model::ticket::testing::{LINK, found, ticket};

    fn sign_in(shown: PresentedTicket) -> MailSignIn {
        let session = session_of(&account(), 0);
        MailSignIn {
            shown,
            session: NewSession {
                id: session.id,
                account_id: session.account_id,
                proof: Proof::Mail { version: 5 },
                secret_hash: [7; 32],
                replaces: None,
                new_password: None,
                takes_back: false,
                second: SecondStep::default(),
                bound_key: None,
                notices: SignInNotices::default(),
            },
        }
    }

    fn of_sign_in() -> Ticket {
        ticket(TicketPurpose::SignIn)
    }

    const fn own_link(browser: u8) -> PresentedTicket {
        PresentedTicket::OwnLink { secret_hash: [0; 32], browser_hash: [browser; 32] }
    }

    fn code(browser: u8, code: u8) -> PresentedTicket {
        PresentedTicket::Code { id: of_sign_in().id, browser_hash: [browser; 32], code_hash: [code; 32] }
    }

    fn browser(browser: u8) -> PresentedTicket {
        PresentedTicket::Browser { id: of_sign_in().id, browser_hash: [browser; 32] }
    }

    fn begun(
        shown: PresentedTicket,
        ticket: Ticket,
        found: Credentials,
        now: Timestamp,
    ) -> (StartSessionOutcome, Vec<Write>) {
        let plan = match sign_in(shown).admit(Some(ticket), Some(found), &AccountFactors::default(), now) {
            Ok(admitted) => admitted.begin(None, Vec::new(), Device::default(), at(now)),
            Err(refused) => refused,
        };
        let writes = plan.writes().to_vec();
        (plan.carried_out(), writes)
    }

    /// EM-1: by what it takes, in the browser that asked; then the ticket goes in the transaction that begins the session.
    #[test]
    fn a_session_begins_in_the_browser_that_asked_and_nowhere_else() {
        let approved = Ticket { approved_at: Some(T), ..of_sign_in() };
        for (shown, ticket, begins) in [
            (code(2, 1), of_sign_in(), true),
            (code(9, 1), of_sign_in(), false),
            (own_link(2), of_sign_in(), true),
            (own_link(9), of_sign_in(), false),
            (LINK, of_sign_in(), false),
            (browser(2), of_sign_in(), false),
            (browser(2), approved.clone(), true),
            (browser(9), approved.clone(), false),
            (LINK, approved.clone(), false),
            (code(2, 1), approved, true),
            (own_link(2), Ticket { browser_hash: None, ..of_sign_in() }, false),
            (code(2, 1), super::super::testing::ticket(TicketPurpose::Reset), false),
        ] {
            let (outcome, writes) = begun(shown, ticket, found(), T);
            if begins {
                assert!(matches!(outcome, StartSessionOutcome::Started(..)), "{shown:?}");
                assert!(matches!(writes[0], Write::UpdateTicket { consumed_at: Some(T), .. }), "{shown:?}");
                let Some(Write::Record(event)) = writes.last() else { panic!("{writes:?}") };
                let expected = (AuditKind::LoginSucceeded, Some("mail"));
                assert_eq!((event.kind, event.detail.as_deref()), expected);
            } else {
                assert_eq!((outcome, writes), (StartSessionOutcome::Refused, Vec::new()), "{shown:?}");
            }
        }
        let (outcome, writes) = begun(code(2, 9), of_sign_in(), found(), T);
        assert_eq!(outcome, StartSessionOutcome::Refused);
        assert!(matches!(writes[..], [Write::UpdateTicket { tries_left: 4, consumed_at: None, .. }]));
    }

    /// EM-1, CC-3, PP-7, AD-3: what every sign-in obeys, and what can be made good leaves the ticket as it is.
    #[test]
    fn whoever_may_not_sign_in_does_not_by_mail() {
        let end = T.plus(Duration::from_secs(9));
        let with = |account: Account| Credentials { account, ..found() };
        let disabled = Account { disabled_at: Some(T), ..account() };
        let pending = Account { disabled_at: Some(T), delete_at: Some(end), ..account() };
        let required = Account { password_change_required: true, ..account() };
        let stranger = Account { id: AccountId::from_bytes([9; 16]), ..account() };
        let is_untouched =
            |writes: &[Write]| !writes.iter().any(|write| matches!(write, Write::UpdateTicket { .. }));
        for (found, outcome) in [
            (with(disabled), StartSessionOutcome::Refused),
            (with(pending), StartSessionOutcome::DeletionPending(end)),
            (with(required), StartSessionOutcome::PasswordChangeRequired),
            (with(stranger), StartSessionOutcome::Refused),
            (Credentials { password_version: 6, ..found() }, StartSessionOutcome::Refused),
        ] {
            let (refused, writes) = begun(own_link(2), of_sign_in(), found, T);
            assert_eq!(refused, outcome);
            assert!(is_untouched(&writes), "{writes:?}");
        }
        for ticket in [
            Ticket { consumed_at: Some(T), ..of_sign_in() },
            Ticket { expires_at: T, ..of_sign_in() },
            Ticket { account_id: None, ..of_sign_in() },
        ] {
            let (refused, writes) = begun(own_link(2), ticket, found(), T);
            assert_eq!((refused, writes), (StartSessionOutcome::Refused, Vec::new()));
        }
    }

    /// EM-1: the right digits once, the wrong ones never again.
    #[test]
    fn there_is_one_try_at_the_digits() {
        let decide = |ticket: Ticket, is_right, account: Credentials| {
            let plan = SignInApproval { shown: LINK, is_right }.decide(Some(ticket), Some(&account), T);
            (plan.writes().to_vec(), plan.carried_out())
        };
        let (writes, outcome) = decide(of_sign_in(), true, found());
        let [Write::ApproveTicket { at: T, .. }, Write::Record(event)] = &writes[..] else {
            panic!("{writes:?}")
        };
        assert_eq!((outcome, event.kind), (ApproveOutcome::Approved, AuditKind::SignInApproved));
        let (writes, outcome) = decide(of_sign_in(), false, found());
        let [Write::UpdateTicket { consumed_at: Some(T), .. }, Write::Record(event)] = &writes[..] else {
            panic!("{writes:?}")
        };
        assert_eq!((outcome, event.kind), (ApproveOutcome::Invalid, AuditKind::LoginFailed));
        let approved = Ticket { approved_at: Some(T), ..of_sign_in() };
        let of_another = Credentials { password_version: 6, ..found() };
        for is_right in [true, false] {
            for (ticket, account) in [
                (approved.clone(), found()),
                (of_sign_in(), of_another.clone()),
                (Ticket { consumed_at: Some(T), ..of_sign_in() }, found()),
                (ticket(TicketPurpose::Reset), found()),
            ] {
                assert_eq!(decide(ticket, is_right, account), (Vec::new(), ApproveOutcome::Invalid));
            }
        }
    }
}
