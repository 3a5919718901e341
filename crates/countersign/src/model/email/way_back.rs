//! What is said about a change of addresses, and to whom; and the way back for the former address (EM-4).
//!
//! Whoever knows the password can put their own address in the place of the owner's. So each verified address that is removed,
//! or is not the primary one any more, gets a link that brings it back. The link is worth what the address was worth: since when
//! it was verified ([`standing`]). Of two addresses that both have a link, the one that was verified first has the last word.
//! A thief's address was verified after the owner's, so the thief cannot undo the undo.

use super::{AccountEmail, EmailAction};
use crate::base::clock::Timestamp;
use crate::base::id::EmailId;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::outbox::NewDelivery;
use crate::model::plan::Write;
use crate::model::ticket::{NewTicket, Ticket, TicketPurpose};

/// Whom a change of addresses concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Concerned<'a> {
    /// A verified address that goes, or is not the primary one any more. It gets a way back.
    pub(crate) former: Option<&'a AccountEmail>,
    /// The one that becomes primary.
    pub(crate) primary: Option<&'a AccountEmail>,
}

/// The mails about a change of addresses, made before the transaction. It compares whom they are made for with whom it concerns.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct EmailNotices {
    /// Whom they are made for: `Concerned`.
    pub for_whom: (Option<EmailId>, Option<EmailId>),
    /// The way back for the former address, with its mail.
    pub way_back: Option<NewTicket>,
    /// Tells the new primary address.
    pub told: Option<NewDelivery>,
}

impl Concerned<'_> {
    pub(crate) fn ids(&self) -> (Option<EmailId>, Option<EmailId>) {
        (self.former.map(|email| email.id), self.primary.map(|email| email.id))
    }
}

/// Whom it concerns when the owner does this.
pub(crate) fn concerned(own: &[AccountEmail], action: EmailAction) -> Concerned<'_> {
    let find = |id| own.iter().find(|email| email.id == id);
    match action {
        EmailAction::MakePrimary(id) => match find(id) {
            Some(email) if email.verified_at.is_some() && !email.is_primary => {
                Concerned { former: own.iter().find(|other| other.is_primary), primary: Some(email) }
            }
            _ => Concerned::default(),
        },
        EmailAction::Remove(id) => {
            let Some(email) = find(id) else { return Concerned::default() };
            Concerned { former: Some(email).filter(|it| it.verified_at.is_some()), primary: next(own, email) }
        }
    }
}

/// Whom it concerns when a former address comes back: the primary one, if it was verified before that. It stays, and may be the
/// owner's. Whatever was verified later gets nothing: the thief must not hear of it in time.
pub(crate) fn concerned_by_undo<'a>(own: &'a [AccountEmail], undo: &Ticket) -> Concerned<'a> {
    let canonical = undo.address.canonical();
    let is_earlier = |email: &&AccountEmail| {
        email.is_primary && email.address.canonical() != canonical && email.verified_at < standing(undo)
    };
    Concerned { former: own.iter().find(is_earlier), primary: None }
}

/// In place of the primary address that goes comes the verified one that was added first.
pub(super) fn next<'a>(own: &'a [AccountEmail], gone: &AccountEmail) -> Option<&'a AccountEmail> {
    let is_next = |other: &&AccountEmail| other.id != gone.id && other.verified_at.is_some();
    own.iter().find(is_next).filter(|_| gone.is_primary)
}

/// The writes that tell them. `ways` are the ways back that the account has.
///
/// Whoever was told within the hour is not told again: the link that they have still works, and nobody who changes addresses to
/// and fro buries it under other mails. Mails that somebody asks for do not count, and are not counted with these (EM-6).
pub(in crate::model) fn tell(
    concerned: Concerned<'_>,
    notices: EmailNotices,
    ways: &[Ticket],
    now: Timestamp,
) -> Vec<Write> {
    let is_told = |email: &AccountEmail| {
        ways.iter().any(|way| {
            let is_theirs = way.address.canonical() == email.address.canonical();
            is_theirs && way.is_alive(now) && now < way.created_at.plus(TOLD_ONCE)
        })
    };
    let mut writes = Vec::new();
    let former = concerned.former.filter(|former| !is_told(former));
    if let (Some(former), Some(NewTicket { mut ticket, secret_hash, mail })) = (former, notices.way_back) {
        ticket.payload = former.verified_at.map(|at| at.as_unix_millis().to_be_bytes().to_vec());
        let event = AuditEvent::new(AuditKind::TicketIssued).of_account(former.account_id);
        writes.push(Write::InsertTicket(Box::new(NewTicket { ticket, secret_hash, mail: None })));
        writes.extend(mail.map(|mail| Write::InsertDelivery(Box::new(mail))));
        writes.push(Write::Record(event.with_detail(TicketPurpose::UndoAddress.name())));
    }
    if concerned.primary.is_some_and(|primary| !is_told(primary)) {
        writes.extend(notices.told.map(|mail| Write::InsertDelivery(Box::new(mail))));
    }
    writes
}

/// Since when the address of a way back was verified, for this account; nothing if the ticket is none.
pub(in crate::model) fn standing(way: &Ticket) -> Option<Timestamp> {
    let bytes = way.payload.as_deref().filter(|_| way.purpose == TicketPurpose::UndoAddress)?;
    Some(Timestamp::from_unix_millis(i64::from_be_bytes(bytes.try_into().ok()?)))
}

const TOLD_ONCE: std::time::Duration = std::time::Duration::from_hours(1);
