//! Making an account with a ticket: its owner has shown that they read the mail of the address, so the account has it verified and
//! primary from the start. Nobody is signed in.

use serde::{Deserialize, Serialize};

use super::consume::{admit, used_up};
use super::{PresentedTicket, Ticket, TicketPurpose, limits};
use crate::base::clock::Timestamp;
use crate::base::id::EmailId;
use crate::model::account::{self, Account, CreateAccountOutcome, NameUse, NewAccount};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::email::{self, AccountEmail};
use crate::model::plan::{Plan, Write};

/// The payload of a ticket for a new account: what the account gets that its owner does not choose.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// Its role.
    pub(crate) role: String,
}

/// An account to be made with a ticket.
#[derive(Clone, Debug)]
pub struct AccountRegistration {
    /// What was shown of the ticket.
    pub shown: PresentedTicket,
    /// The account.
    pub account: NewAccount,
    /// The ID of its address.
    pub email: EmailId,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum RegisterOutcome {
    /// It is made.
    Done(Box<Account>),
    /// What was shown is no ticket for this, or not any more, or another account has the address verified.
    Invalid,
    /// Another account has the name, perhaps in another spelling. The ticket is still good.
    NameTaken,
    /// The name looks like the one of another account. The ticket is still good.
    LooksAlike,
}

impl AccountRegistration {
    /// Makes the account, with what was asked for: the ticket, whether the name is free, and whether another account has the
    /// address verified. A name that is refused uses nothing up.
    pub(crate) fn decide(
        self,
        ticket: Option<Ticket>,
        name: NameUse,
        is_taken: bool,
        now: Timestamp,
    ) -> Plan<RegisterOutcome> {
        // A code is good for no invitation: those have none.
        let purpose = match &ticket {
            Some(Ticket { purpose: TicketPurpose::Invite, .. }) => TicketPurpose::Invite,
            _ => TicketPurpose::Register,
        };
        let ticket = match admit(ticket, &self.shown, purpose, now) {
            Ok(ticket) => ticket,
            Err(writes) => return Plan::new(RegisterOutcome::Invalid, writes),
        };
        if is_taken || ticket.payload.is_none() {
            return Plan::nothing(RegisterOutcome::Invalid);
        }
        let address = ticket.address.clone();
        let (outcome, made) = account::create(self.account, name, now).into_parts();
        let account = match outcome {
            CreateAccountOutcome::Created(account) => account,
            CreateAccountOutcome::NameTaken => return Plan::nothing(RegisterOutcome::NameTaken),
            CreateAccountOutcome::LooksAlike => return Plan::nothing(RegisterOutcome::LooksAlike),
        };
        let new = AccountEmail {
            id: self.email,
            account_id: account.id,
            address: address.clone(),
            verified_at: Some(now),
            is_primary: true,
            created_at: now,
        };
        let mut writes = vec![used_up(&ticket, now)];
        writes.extend(made);
        writes.extend(email::verified_from_the_start(new));
        let registered = AuditEvent::new(AuditKind::AccountRegistered).of_account(account.id);
        writes.push(Write::Record(registered.with_detail(ticket.named())));
        // Whatever else was offered to the address is of no use now.
        writes.push(limits::void(None, &address, None, now));
        Plan::new(RegisterOutcome::Done(account), writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::AccountId;
    use crate::model::account::Username;
    use crate::model::session::testing::T;
    use crate::model::ticket::TicketPurpose::{Invite, Register, Reset, SignIn, Verify};
    use crate::model::ticket::testing::{LINK, ticket};

    fn offered(purpose: TicketPurpose) -> Ticket {
        Ticket { account_id: None, password_version: None, payload: Some(vec![1]), ..ticket(purpose) }
    }

    fn registration() -> AccountRegistration {
        let account = NewAccount::new(AccountId::from_bytes([8; 16]), Username::parse("bob").unwrap());
        AccountRegistration { shown: LINK, account, email: EmailId::from_bytes([7; 16]) }
    }

    /// CC-5, EM-5: the ticket, the account, its address and the audit log in one transaction.
    #[test]
    fn a_ticket_makes_an_account_whose_address_is_verified() {
        for purpose in [Register, Invite] {
            let ticket = offered(purpose);
            let named = format!("{} {}", purpose.name(), ticket.id);
            let plan = registration().decide(Some(ticket), NameUse::Free, false, T);
            let [
                Write::UpdateTicket { consumed_at: Some(T), .. },
                Write::InsertAccount { account, .. },
                Write::Record(created),
                Write::InsertEmail(email),
                Write::Record(added),
                Write::Record(verified),
                Write::Record(registered),
                Write::VoidTickets { account_id: None, purpose: None, .. },
            ] = plan.writes()
            else {
                panic!("{:?}", plan.writes())
            };
            let (email, account) = ((**email).clone(), account.clone());
            assert_eq!((email.account_id, email.verified_at, email.is_primary), (account.id, Some(T), true));
            assert_eq!(email.address.as_str(), "bob@example.org");
            assert_eq!(
                [created.kind, added.kind, verified.kind, registered.kind],
                [
                    AuditKind::AccountCreated,
                    AuditKind::EmailAdded,
                    AuditKind::EmailVerified,
                    AuditKind::AccountRegistered
                ]
            );
            assert_eq!(registered.detail.as_deref(), Some(named.as_str()));
            assert_eq!(plan.carried_out(), RegisterOutcome::Done(account));
        }
    }

    /// EM-1, EN-4, CC-4: a ticket of an address that somebody has is as good as none; a name that is refused uses none up.
    #[test]
    fn what_is_refused_writes_nothing() {
        const FREE: NameUse = NameUse::Free;
        let known = Ticket { payload: None, ..ticket(Register) };
        let nobodys = Ticket { payload: None, ..offered(Invite) };
        let used = Ticket { consumed_at: Some(T), ..offered(Register) };
        let old = Ticket { expires_at: T, ..offered(Invite) };
        for (ticket, name, is_taken, outcome) in [
            (None, FREE, false, RegisterOutcome::Invalid),
            (Some(known), FREE, false, RegisterOutcome::Invalid),
            (Some(nobodys), FREE, false, RegisterOutcome::Invalid),
            (Some(used), FREE, false, RegisterOutcome::Invalid),
            (Some(old), FREE, false, RegisterOutcome::Invalid),
            (Some(offered(Verify)), FREE, false, RegisterOutcome::Invalid),
            (Some(offered(Reset)), FREE, false, RegisterOutcome::Invalid),
            (Some(offered(SignIn)), FREE, false, RegisterOutcome::Invalid),
            (Some(offered(Register)), FREE, true, RegisterOutcome::Invalid),
            (Some(offered(Register)), NameUse::Taken, false, RegisterOutcome::NameTaken),
            (Some(offered(Invite)), NameUse::LooksAlike, false, RegisterOutcome::LooksAlike),
        ] {
            let plan = registration().decide(ticket, name, is_taken, T);
            assert!(plan.writes().is_empty(), "{outcome:?}");
            assert_eq!(plan.carried_out(), outcome);
        }
    }
}
