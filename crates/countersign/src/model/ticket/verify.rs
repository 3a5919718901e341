//! Verifying an address by the mail that was sent to it.

use super::consume::{admit, used_up};
use super::{PresentedTicket, Ticket, TicketPurpose};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::account::Credentials;
use crate::model::email::{self, AccountEmail};
use crate::model::plan::Plan;

/// What came of verifying an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyOutcome {
    /// It is verified, for this account.
    Done(AccountId),
    /// What was shown is no ticket for this, or not any more; the account has not got the address any more, or another one has
    /// it verified.
    Invalid,
}

/// Verifies an address, with what was asked for: the ticket, the account that it names and its addresses, and whether another
/// account has this one verified.
pub(crate) fn verify_email(
    ticket: Option<Ticket>,
    shown: &PresentedTicket,
    (account, own): (Option<&Credentials>, &[AccountEmail]),
    is_taken: bool,
    now: Timestamp,
) -> Plan<VerifyOutcome> {
    let ticket = match admit(ticket, shown, TicketPurpose::Verify, now) {
        Ok(ticket) => ticket,
        Err(writes) => return Plan::new(VerifyOutcome::Invalid, writes),
    };
    let found = account.filter(|found| ticket.is_good_for(found));
    let email = own.iter().find(|email| email.address.canonical() == ticket.address.canonical());
    match (found, email) {
        (Some(found), Some(email)) if !is_taken => {
            let mut writes = vec![used_up(&ticket, now)];
            writes.extend(email::verify(email, own, now));
            Plan::new(VerifyOutcome::Done(found.account.id), writes)
        }
        _ => Plan::nothing(VerifyOutcome::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::EmailId;
    use crate::model::account::EmailAddress;
    use crate::model::plan::Write;
    use crate::model::session::testing::{T, account};
    use crate::model::ticket::testing::{LINK, found, ticket};

    fn claimed(address: &str) -> AccountEmail {
        AccountEmail {
            id: EmailId::from_bytes([7; 16]),
            account_id: account().id,
            address: EmailAddress::parse(address).unwrap(),
            verified_at: None,
            is_primary: false,
            created_at: T,
        }
    }

    /// EM-5: of the account that asked, if it still claims the address and nobody else has shown that it is theirs.
    #[test]
    fn an_address_is_verified_for_the_account_that_claims_it() {
        let ticket = || Some(ticket(TicketPurpose::Verify));
        let own = [claimed("BOB@example.org")];
        let plan = verify_email(ticket(), &LINK, (Some(&found()), &own), false, T);
        let [Write::UpdateTicket { consumed_at: Some(T), .. }, Write::UpdateEmail(email), Write::Record(_)] =
            plan.writes()
        else {
            panic!("{:?}", plan.writes())
        };
        assert_eq!((email.verified_at, email.is_primary), (Some(T), true));
        assert_eq!(plan.carried_out(), VerifyOutcome::Done(account().id));

        let others = [claimed("eve@example.org")];
        let found = found();
        for (account, own, is_taken) in
            [(Some(&found), &own, true), (Some(&found), &others, false), (None, &own, false)]
        {
            let plan = verify_email(ticket(), &LINK, (account, own), is_taken, T);
            assert!(plan.writes().is_empty());
            assert_eq!(plan.carried_out(), VerifyOutcome::Invalid);
        }
    }
}
