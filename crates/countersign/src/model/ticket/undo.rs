//! The way back: an account gets its former address again, by the link that was sent there when the address was removed or
//! replaced (EM-4).
//!
//! Whoever made that change knows the password, so the password goes too, in the same transaction: the owner sets another one by
//! a reset, whose mail only they read. Until then nobody gets in, and nobody takes the address away again. What the account has
//! since that address was verified goes: other addresses, sessions, API keys, and the ways back of whatever was verified later.

use super::consume::{admit, used_up};
use super::{PresentedTicket, Ticket, TicketPurpose};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, EmailId};
use crate::model::account::{Account, Credentials, PasswordChange};
use crate::model::api_key::{ApiKey, revoke_all};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::email::{self, AccountEmail, EmailNotices, concerned_by_undo, standing, tell};
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::session::{EndReason, EndedSession, PolicyAt, Session, end_all};

/// A former address to be brought back with a ticket.
#[derive(Clone, Debug)]
pub struct AddressUndo {
    /// What was shown of the ticket.
    pub shown: PresentedTicket,
    /// The ID of the address, if the account has not got it.
    pub new_id: EmailId,
    /// The hash of a password that nobody knows. An account without a password gets none.
    pub unknown_password: PasswordHash,
    /// The way back for the primary address that it replaces.
    pub notices: EmailNotices,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoOutcome {
    /// The account has its former address, and these sessions are ended; also those that tokens of its API keys name.
    Done(AccountId, Vec<EndedSession>),
    /// What was shown is no ticket for this, not any more, or another account has the address verified.
    Invalid,
    /// The addresses were changed in the meantime, and the mails are not for those whom it concerns now: make them again.
    Outdated,
}

/// What an account has, as a store finds it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Belongings<'a> {
    /// Its addresses, in the order in which they were added.
    pub(crate) emails: &'a [AccountEmail],
    /// Its unused ways back.
    pub(crate) ways: &'a [Ticket],
    /// Its open sessions.
    pub(crate) open: &'a [Session],
    /// Its API keys.
    pub(crate) keys: &'a [ApiKey],
}

impl AddressUndo {
    /// Brings the address back, with what was asked for: the ticket, the account that it names and what that has, and whether
    /// another account has this address verified.
    pub(crate) fn decide(
        self,
        ticket: Option<Ticket>,
        account: Option<(&Credentials, Belongings<'_>)>,
        is_taken: bool,
        at: PolicyAt,
    ) -> Plan<UndoOutcome> {
        let ticket = match admit(ticket, &self.shown, TicketPurpose::UndoAddress, at.now) {
            Ok(ticket) => ticket,
            Err(writes) => return Plan::new(UndoOutcome::Invalid, writes),
        };
        let account = account.filter(|(found, _)| {
            super::is_owned(&ticket, Some(found)) && !found.account.is_overdue(at.now) && !is_taken
        });
        let (Some((found, has)), Some(since)) = (account, standing(&ticket)) else {
            return Plan::nothing(UndoOutcome::Invalid);
        };
        let concerned = concerned_by_undo(has.emails, &ticket);
        if concerned.ids() != self.notices.for_whom {
            return Plan::nothing(UndoOutcome::Outdated);
        }
        let mut writes = vec![used_up(&ticket, at.now)];
        // The ways back of what was verified later: a thief's.
        let later = has.ways.iter().filter(|way| way.id != ticket.id && standing(way) >= Some(since));
        writes.extend(later.map(|way| used_up(way, at.now)));
        self.bring_back((&ticket, since), (found.account.id, has.emails), at.now, &mut writes);
        let ended = self.lock(found, has, at, &mut writes);
        writes.extend(tell(concerned, self.notices, has.ways, at.now));
        Plan::new(UndoOutcome::Done(found.account.id, ended), writes)
    }

    /// The address is verified since when it was, and primary. Others go that were verified later or not at all: whoever reads
    /// one of them could ask for a new password, or verify it first.
    fn bring_back(
        &self,
        (ticket, since): (&Ticket, Timestamp),
        (account_id, own): (AccountId, &[AccountEmail]),
        now: Timestamp,
        writes: &mut Vec<Write>,
    ) {
        let is_it = |email: &AccountEmail| email.address.canonical() == ticket.address.canonical();
        for other in own.iter().filter(|other| !is_it(other)) {
            match other.verified_at.filter(|at| *at < since) {
                None => writes.extend(email::remove(other, now)),
                Some(_) if other.is_primary => writes.push(email::with_primary(other, false)),
                Some(_) => {}
            }
        }
        let there = own.iter().find(|email| is_it(email)).cloned();
        let restored = AccountEmail {
            id: there.as_ref().map_or(self.new_id, |there| there.id),
            account_id,
            address: ticket.address.clone(),
            verified_at: Some(since),
            is_primary: true,
            created_at: there.as_ref().map_or(now, |there| there.created_at),
        };
        let event = email::record(AuditKind::EmailRestored, &restored);
        let restored = Box::new(restored);
        let is_there = there.is_some();
        writes.push(if is_there { Write::UpdateEmail(restored) } else { Write::InsertEmail(restored) });
        writes.push(event);
    }

    /// Nobody gets in any more who could before; also not by taking back an account whose deletion somebody has asked for.
    fn lock(
        &self,
        found: &Credentials,
        has: Belongings<'_>,
        at: PolicyAt,
        writes: &mut Vec<Write>,
    ) -> Vec<EndedSession> {
        let account_id = found.account.id;
        if found.account.delete_at.is_some() {
            let account: Account = found.account.clone().taken_back();
            let cancelled = AuditEvent::new(AuditKind::AccountDeletionCancelled).of_account(account_id);
            writes.extend([Write::UpdateAccount(Box::new(account)), Write::Record(cancelled)]);
        }
        // A passkey may be the thief's. Beside the password that its owner sets now it is of no use to them.
        writes.push(Write::PasskeysNeedAPassword(account_id));
        let mut ended = if found.password_hash.is_some() {
            let new = self.unknown_password.clone();
            let change = PasswordChange { account_id, new, checked: None, keep: None, notice: None };
            change.write(found, has.open, at, writes)
        } else {
            end_all(has.open, EndReason::Ended, at, writes)
        };
        ended.extend(revoke_all(has.keys, at, writes));
        ended
    }
}

#[cfg(test)]
mod tests;
