//! Whether what is shown of a ticket is enough. Every reason against it is one answer; a wrong code costs a try (EM-1).

use super::{PresentedTicket, Ticket, TicketPurpose, is_same};
use crate::base::clock::Timestamp;
use crate::model::account::Credentials;
use crate::model::plan::{Plan, Write};

/// The ticket, if it may be used for this purpose now; otherwise what has to be written all the same. A store finds it by its
/// secret or its ID, so of a link nothing is left to compare.
pub(in crate::model) fn admit(
    found: Option<Ticket>,
    shown: &PresentedTicket,
    purpose: TicketPurpose,
    now: Timestamp,
) -> Result<Ticket, Vec<Write>> {
    let found = found.filter(|ticket| ticket.purpose == purpose && ticket.is_alive(now));
    let ticket = found.ok_or(Vec::new())?;
    let is_right = match shown {
        PresentedTicket::Link { .. } => true,
        PresentedTicket::OwnLink { browser_hash, .. } => ticket.is_of_browser(browser_hash),
        PresentedTicket::Browser { browser_hash, .. } => {
            ticket.approved_at.is_some() && ticket.is_of_browser(browser_hash)
        }
        // Another browser has no say: nobody else can use the tries up.
        PresentedTicket::Code { browser_hash, .. }
            if !ticket.is_of_browser(browser_hash) || ticket.code_hash.is_none() =>
        {
            false
        }
        PresentedTicket::Code { code_hash, .. } if is_same(ticket.code_hash, code_hash) => true,
        PresentedTicket::Code { .. } => {
            let tries_left = ticket.tries_left.saturating_sub(1);
            return Err(vec![Write::UpdateTicket { id: ticket.id, tries_left, consumed_at: None }]);
        }
    };
    if is_right { Ok(ticket) } else { Err(Vec::new()) }
}

/// The write that uses a ticket up. It fails if another has done so.
pub(in crate::model) const fn used_up(ticket: &Ticket, now: Timestamp) -> Write {
    Write::UpdateTicket { id: ticket.id, tries_left: ticket.tries_left, consumed_at: Some(now) }
}

/// The ticket, if it may be used now, without using it: for what has to be known before it is. A wrong code counts, so this
/// tells nothing that using it would not.
pub(crate) fn look(
    found: Option<Ticket>,
    account: Option<&Credentials>,
    shown: &PresentedTicket,
    purpose: TicketPurpose,
    now: Timestamp,
) -> Plan<Option<Ticket>> {
    match admit(found, shown, purpose, now) {
        Err(writes) => Plan::new(None, writes),
        Ok(ticket) => Plan::nothing(is_owned(&ticket, account).then_some(ticket)),
    }
}

/// Whether what a ticket is bound to is as it was. An account that is yet to be made has nothing that could have changed.
pub(crate) fn is_owned(ticket: &Ticket, account: Option<&Credentials>) -> bool {
    match ticket.purpose {
        TicketPurpose::Register | TicketPurpose::Invite => ticket.payload.is_some(),
        TicketPurpose::Verify | TicketPurpose::Reset | TicketPurpose::SignIn => {
            account.is_some_and(|found| ticket.is_good_for(found))
        }
        // A thief who has the account deleted, or its password changed, does not void it.
        TicketPurpose::UndoAddress => account.is_some_and(|found| {
            ticket.account_id == Some(found.account.id) && found.account.knows_its_owner()
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::id::AccountId;
    use crate::model::account::Account;
    use crate::model::session::testing::T;
    use crate::model::ticket::testing::{LINK, found, ticket};
    use crate::model::ticket::{CODE_TRIES, TicketPurpose::*};

    const MS: Duration = Duration::from_millis(1);

    fn code(browser: u8, code: u8) -> PresentedTicket {
        PresentedTicket::Code { id: ticket(Reset).id, browser_hash: [browser; 32], code_hash: [code; 32] }
    }

    fn is_admitted(ticket: Ticket, purpose: TicketPurpose, now: Timestamp) -> bool {
        look(Some(ticket), Some(&found()), &LINK, purpose, now).carried_out().is_some()
    }

    /// EM-1: at the exact millisecond, for its own purpose, once.
    #[test]
    fn a_ticket_is_good_until_its_end_for_its_purpose_once() {
        let end = ticket(Reset).expires_at;
        assert!(is_admitted(ticket(Reset), Reset, T));
        assert!(is_admitted(ticket(Reset), Reset, end.minus(MS)));
        assert!(!is_admitted(ticket(Reset), Reset, end));
        for other in [Verify, SignIn, Register, Invite, UndoAddress] {
            assert!(!is_admitted(ticket(Reset), other, T), "{other:?}");
        }
        assert!(!is_admitted(Ticket { consumed_at: Some(T), ..ticket(Reset) }, Reset, T));
        assert!(look(None, Some(&found()), &LINK, Reset, T).carried_out().is_none());
    }

    /// EM-1: what it is bound to.
    #[test]
    fn a_ticket_dies_with_the_password_and_the_account_that_it_is_for() {
        let of = |account: Option<&Credentials>| {
            look(Some(ticket(Reset)), account, &LINK, Reset, T).carried_out().is_some()
        };
        assert!(of(Some(&found())));
        let disabled = Account { disabled_at: Some(T), ..found().account };
        let stranger = Account { id: AccountId::from_bytes([9; 16]), ..found().account };
        assert!(!of(Some(&Credentials { password_version: 6, ..found() })));
        assert!(!of(Some(&Credentials { account: disabled, ..found() })));
        assert!(!of(Some(&Credentials { account: stranger, ..found() })));
        assert!(!of(None));
        let nobodys = Ticket { account_id: None, ..ticket(Reset) };
        assert!(!is_admitted(nobodys, Reset, T));
        let unbound = Ticket { password_version: None, ..ticket(Verify) };
        let changed = Credentials { password_version: 6, ..found() };
        assert!(look(Some(unbound), Some(&changed), &LINK, Verify, T).carried_out().is_some());
    }

    /// EM-1: five wrong codes of the browser that asked, and of no other.
    #[test]
    fn a_code_is_guessed_at_five_times() {
        let mut kept = ticket(Reset);
        for shown in [code(9, 9), code(9, 1)] {
            let plan = look(Some(kept.clone()), Some(&found()), &shown, Reset, T);
            assert!(plan.writes().is_empty(), "another browser's guess costs nothing");
            assert!(plan.carried_out().is_none());
        }
        for left in (0..CODE_TRIES).rev() {
            assert!(look(Some(kept.clone()), Some(&found()), &code(2, 1), Reset, T).carried_out().is_some());
            let plan = look(Some(kept.clone()), Some(&found()), &code(2, 9), Reset, T);
            let [Write::UpdateTicket { tries_left, consumed_at: None, .. }] = plan.writes() else { panic!() };
            assert_eq!(*tries_left, left);
            kept.tries_left = *tries_left;
            assert!(plan.carried_out().is_none());
        }
        for shown in [code(2, 1), LINK] {
            let plan = look(Some(kept.clone()), Some(&found()), &shown, Reset, T);
            assert!(plan.writes().is_empty());
            assert!(plan.carried_out().is_none(), "the link is dead too");
        }
        let only_a_link = Ticket { code_hash: None, ..ticket(Reset) };
        assert!(look(Some(only_a_link), Some(&found()), &code(2, 1), Reset, T).carried_out().is_none());
    }

    /// DB-4: nobody knows which tickets were used since the copy was made.
    #[test]
    fn a_ticket_of_before_the_store_was_restored_is_void() {
        assert!(is_admitted(ticket(Reset).since(T), Reset, T));
        assert!(!is_admitted(ticket(Reset).since(T.plus(MS)), Reset, T));
    }
}
