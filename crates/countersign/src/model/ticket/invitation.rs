//! Taking an invitation back.

use super::consume::used_up;
use super::{Ticket, TicketPurpose};
use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};

/// Takes an invitation back that nobody has used yet; gives whether it was one.
pub(crate) fn withdraw(found: Option<Ticket>, now: Timestamp) -> Plan<bool> {
    match found.filter(|ticket| ticket.purpose == TicketPurpose::Invite && ticket.is_alive(now)) {
        None => Plan::nothing(false),
        Some(ticket) => {
            let event = AuditEvent::new(AuditKind::InvitationWithdrawn).with_detail(ticket.id.to_string());
            Plan::new(true, vec![used_up(&ticket, now), Write::Record(event)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::testing::T;
    use crate::model::ticket::testing::ticket;

    #[test]
    fn an_invitation_is_taken_back_once_and_nothing_else_is() {
        let plan = withdraw(Some(ticket(TicketPurpose::Invite)), T);
        let [Write::UpdateTicket { consumed_at: Some(T), .. }, Write::Record(event)] = plan.writes() else {
            panic!("{:?}", plan.writes())
        };
        assert_eq!(event.kind, AuditKind::InvitationWithdrawn);
        assert!(plan.carried_out());
        let used = Ticket { consumed_at: Some(T), ..ticket(TicketPurpose::Invite) };
        let old = Ticket { expires_at: T, ..ticket(TicketPurpose::Invite) };
        for found in [None, Some(used), Some(old), Some(ticket(TicketPurpose::Register))] {
            let plan = withdraw(found, T);
            assert!(plan.writes().is_empty() && !plan.carried_out());
        }
    }
}
