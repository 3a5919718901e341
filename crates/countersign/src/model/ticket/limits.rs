//! Making a ticket, within the limits of mails (EM-6). Whoever asks is not told: an address that nobody has is counted like any
//! other.

use std::time::Duration;

use super::{NewTicket, Ticket, TicketPurpose};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::base::out_of_range::Broken;
use crate::model::account::EmailAddress;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// How many mails with tickets are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailLimits {
    /// To one address for one purpose in an hour. 1 to 100, default 5. Between two of them is a minute at least.
    pub per_address: u32,
    /// For one account in an hour, at all its addresses. 1 to 1,000, default 10.
    pub per_account: u32,
    /// Asked for from one network in an hour: an IPv4 address, or the /64 of an IPv6 one. 1 to 100,000, default 30.
    pub per_source: u32,
}

impl Default for MailLimits {
    fn default() -> Self {
        Self { per_address: 5, per_account: 10, per_source: 30 }
    }
}

impl MailLimits {
    pub(crate) fn broken(&self) -> Broken {
        let mut broken = Broken::default();
        broken.unless((1..=100).contains(&self.per_address), "per_address", "is not between 1 and 100");
        broken.unless((1..=1_000).contains(&self.per_account), "per_account", "is not between 1 and 1,000");
        broken.unless((1..=100_000).contains(&self.per_source), "per_source", "is not between 1 and 100,000");
        broken
    }
}

/// How many tickets were made in the time that is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecentTickets {
    /// For the address and the purpose.
    pub of_address: u32,
    /// When the last of those was made.
    pub last_of_address: Option<Timestamp>,
    /// For the account.
    pub of_account: u32,
    /// From the network.
    pub of_source: u32,
}

/// What came of making a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartTicketOutcome {
    /// It is made, and older ones for the same are void.
    Started,
    /// There have been enough mails for now: nothing was written.
    Limited,
}

/// Makes a ticket. It voids those that were made before for the same (EM-1), so that of several mails the last one counts.
pub(crate) fn start(
    new: NewTicket,
    recent: RecentTickets,
    limits: MailLimits,
    now: Timestamp,
) -> Plan<StartTicketOutcome> {
    let is_too_soon = recent.last_of_address.is_some_and(|last| now < last.plus(BETWEEN));
    if is_too_soon || recent.of_address >= limits.per_address || recent.of_source >= limits.per_source {
        return Plan::nothing(StartTicketOutcome::Limited);
    }
    // An account that has had enough at its other addresses gets what an unknown address gets: the work stays the same.
    let is_enough = recent.of_account >= limits.per_account;
    let account_id = new.ticket.account_id.filter(|_| !is_enough);
    let NewTicket { ticket, secret_hash, mail } = new;
    let ticket = Ticket { account_id, ..ticket };
    let mut writes = vec![
        void(account_id, &ticket.address, Some(ticket.purpose), now),
        Write::InsertTicket(Box::new(NewTicket { ticket: ticket.clone(), secret_hash, mail: None })),
    ];
    writes.extend(mail.map(|mail| Write::InsertDelivery(Box::new(mail))));
    let event = AuditEvent { account_id, ..AuditEvent::new(AuditKind::TicketIssued) };
    writes.push(Write::Record(event.with_detail(match ticket.purpose {
        // There is no account yet that could say who was invited.
        TicketPurpose::Invite => ticket.named(),
        other => other.name().to_owned(),
    })));
    Plan::new(StartTicketOutcome::Started, writes)
}

/// Voids what was made before for an address of an account.
pub(in crate::model) fn void(
    account_id: Option<AccountId>,
    address: &EmailAddress,
    purpose: Option<TicketPurpose>,
    at: Timestamp,
) -> Write {
    Write::VoidTickets { account_id, canonical: address.canonical().to_owned(), purpose, at }
}

/// Tickets are counted for so long.
pub(crate) const COUNTED: Duration = Duration::from_hours(1);
const BETWEEN: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::testing::T;
    use crate::model::ticket::testing::ticket;

    fn new(ticket: Ticket) -> NewTicket {
        NewTicket { ticket, secret_hash: [0; 32], mail: None }
    }

    /// EM-6, EN-4: an address that nobody has is treated as one that somebody has.
    #[test]
    fn so_many_mails_are_sent_and_no_more() {
        let known = ticket(TicketPurpose::Reset);
        let unknown = Ticket { account_id: None, ..known.clone() };
        let before = |seconds| Some(T.minus(Duration::from_secs(seconds)));
        let none = RecentTickets::default();
        for (recent, expected) in [
            (none, true),
            (RecentTickets { last_of_address: before(60), of_address: 4, ..none }, true),
            (RecentTickets { last_of_address: before(59), of_address: 1, ..none }, false),
            (RecentTickets { last_of_address: before(60), of_address: 5, ..none }, false),
            (RecentTickets { of_source: 29, ..none }, true),
            (RecentTickets { of_source: 30, ..none }, false),
        ] {
            let plans = [&known, &unknown].map(|it| start(new(it.clone()), recent, MailLimits::default(), T));
            let [writes, others] = [&plans[0], &plans[1]].map(|plan| plan.writes().len());
            assert_eq!((writes, others), if expected { (3, 3) } else { (0, 0) }, "{recent:?}");
            let outcome = if expected { StartTicketOutcome::Started } else { StartTicketOutcome::Limited };
            assert_eq!(plans.map(Plan::carried_out), [outcome, outcome]);
        }
    }

    #[test]
    fn an_account_with_many_addresses_gets_no_more_than_its_share() {
        for (of_account, is_usable) in [(9, true), (10, false)] {
            let recent = RecentTickets { of_account, ..RecentTickets::default() };
            let plan = start(new(ticket(TicketPurpose::Reset)), recent, MailLimits::default(), T);
            let [_, Write::InsertTicket(made), Write::Record(event)] = plan.writes() else { panic!() };
            assert_eq!(
                (made.ticket.account_id.is_some(), event.account_id.is_some()),
                (is_usable, is_usable)
            );
        }
    }
}
