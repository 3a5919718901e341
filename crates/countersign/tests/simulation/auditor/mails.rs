//! Tickets and their mails: no mail without its ticket and no ticket without its mail (EM-8); a ticket does one thing, once, until
//! it expires or what it is bound to changes (EM-1, DB-4); what was acknowledged stays. A purpose more is a row of [`acts`].

use std::collections::{BTreeMap, BTreeSet};

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, TicketId};
use countersign::internal::model::account::AccountFilter;
use countersign::internal::model::audit::{AuditKind, AuditRecord};
use countersign::internal::model::outbox::DeliveryQuery;
use countersign::internal::model::ticket::{CODE_TRIES, TicketPurpose};
use countersign::store::{AccountStore as _, AnyStore, EmailStore as _, OutboxStore as _, TicketStore as _};

use super::{Auditor, Verdict, ensure};
use crate::executor::now;
use crate::world::PEOPLE;

/// What uses a ticket up: the event that is written with it, and the purpose of the ticket.
const fn acts(kind: AuditKind) -> Option<TicketPurpose> {
    match kind {
        AuditKind::PasswordReset => Some(TicketPurpose::Reset),
        AuditKind::EmailVerified => Some(TicketPurpose::Verify),
        _ => None,
    }
}

/// So long a mail is kept after its end, in milliseconds.
const KEPT: i64 = 30 * 86_400_000;

/// What the auditor knows of a ticket.
#[derive(Debug)]
pub(crate) struct KnownTicket {
    pub(crate) purpose: TicketPurpose,
    pub(crate) account: Option<AccountId>,
    expires_at: Timestamp,
    /// How many passwords the account had been given by then.
    passwords: u32,
    /// Why it is over, and the request that used it, if one did.
    over: Option<(&'static str, Option<u64>)>,
    /// How many wrong codes were looked at.
    wrong_codes: u32,
    /// Somebody has let the browser go on that asked, of a sign-in.
    pub(crate) approved: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Mails {
    pub(crate) tickets: BTreeMap<TicketId, KnownTicket>,
    passwords: BTreeMap<AccountId, u32>,
    /// The IDs of the addresses that are verified, by account.
    verified: BTreeSet<(AccountId, String)>,
    /// The accounts that tickets have made.
    registered: BTreeMap<TicketId, AccountId>,
    /// How many mails have been written.
    written: usize,
}

impl Mails {
    /// When the last ticket was made, by the clocks of the nodes.
    pub(crate) fn last_made(&self) -> Option<Timestamp> {
        self.tickets.values().map(|ticket| ticket.expires_at.minus(ticket.purpose.lifetime())).max()
    }
}

impl Auditor {
    /// What the log says that one call of the store has done; `mails` are the tickets of all that wait, and `request` made it.
    pub(crate) fn read_of_mails(
        &mut self,
        records: &[AuditRecord],
        store: &AnyStore,
        mails: &[TicketId],
        request: Option<u64>,
    ) -> Verdict {
        let is_new = |account| {
            records.iter().any(|it| {
                it.event.kind.known() == Some(AuditKind::AccountRegistered)
                    && it.event.account_id == Some(account)
            })
        };
        for record in records {
            let (Some(kind), account) = (record.event.kind.known(), record.event.account_id) else {
                continue;
            };
            match (kind, account) {
                (AuditKind::TicketIssued, _) => self.is_issued(store, mails)?,
                (AuditKind::InvitationWithdrawn, _) => {
                    let over = self.mails.consumed_since(store, "taken back", None)?;
                    let is_its = |id: &TicketId| record.event.detail == Some(id.to_string());
                    ensure(over.iter().any(is_its), || {
                        format!("EM-1: {:?} was taken back, and is not over", record.event.detail)
                    })?;
                }
                (AuditKind::EmailRemoved, Some(account)) => {
                    let id = record.event.detail.clone().unwrap_or_default();
                    self.mails.verified.remove(&(account, id));
                    self.mails.consumed_since(store, "voided", None)?;
                }
                (AuditKind::EmailRestored, Some(account)) => {
                    self.mails.verified.insert((account, record.event.detail.clone().unwrap_or_default()));
                }
                (AuditKind::PasswordChanged, Some(account)) => {
                    *self.mails.passwords.entry(account).or_default() += 1;
                }
                // The address of a new account is verified from the start: its ticket made the account.
                (AuditKind::EmailVerified, Some(account)) if is_new(account) => {
                    self.mails.verified.insert((account, record.event.detail.clone().unwrap_or_default()));
                }
                (AuditKind::AccountRegistered, Some(account)) => {
                    self.is_registered(account, record.event.detail.as_deref(), store, request)?;
                }
                (kind, Some(account)) => {
                    let Some(purpose) = acts(kind) else { continue };
                    self.mails.written += usize::from(kind == AuditKind::PasswordReset);
                    let used = self.mails.consumed_since(store, "used", request)?;
                    let [id] = used.as_slice() else {
                        return Err(format!("EM-1: {} tickets were used up for one {kind:?}", used.len()));
                    };
                    let (known, passwords) =
                        (&self.mails.tickets[id], self.mails.passwords_of(Some(account)));
                    let is_its = known.account == Some(account) && known.purpose == purpose;
                    ensure(is_its, || format!("EM-1: {id} was used for something else"))?;
                    ensure(known.passwords == passwords, || {
                        format!("EM-1: {id} is of another password than the one that it changed")
                    })?;
                    if kind == AuditKind::EmailVerified {
                        let id = record.event.detail.clone().unwrap_or_default();
                        self.mails.verified.insert((account, id));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A ticket was made, with its mail.
    fn is_issued(&mut self, store: &AnyStore, mails: &[TicketId]) -> Verdict {
        self.mails.written += 1;
        let new = mails.iter().find(|id| !self.mails.tickets.contains_key(id));
        let id = *new.ok_or("EM-8: a ticket without its mail")?;
        let found = now(store.find_ticket(id)).map_err(|error| error.to_string())?;
        let found = found.ok_or("EM-8: a mail without its ticket")?;
        let passwords = self.mails.passwords_of(found.account_id);
        let (purpose, expires_at) = (found.purpose, found.expires_at);
        let known = KnownTicket {
            purpose,
            account: found.account_id,
            expires_at,
            passwords,
            over: None,
            wrong_codes: 0,
            approved: false,
        };
        self.mails.tickets.insert(id, known);
        self.mails.consumed_since(store, "voided", None).map(drop)
    }

    /// An account was made with the ticket that the log names; whatever else was sent to the address before is void.
    fn is_registered(
        &mut self,
        account: AccountId,
        named: Option<&str>,
        store: &AnyStore,
        request: Option<u64>,
    ) -> Verdict {
        let request = request.ok_or_else(|| format!("EN-4: {account} was made, and nobody asked for it"))?;
        let over = self.mails.consumed_since(store, "voided", None)?;
        let name = |id: &TicketId| format!("{} {id}", self.mails.tickets[id].purpose.name());
        let id = over.into_iter().find(|id| named == Some(name(id).as_str()));
        let id =
            id.ok_or_else(|| format!("EM-1: {account} was made, and {named:?} was not used up for it"))?;
        let known = self.mails.tickets.get_mut(&id).ok_or("a ticket that was never made")?;
        known.over = Some(("used", Some(request)));
        ensure(matches!(known.purpose, TicketPurpose::Register | TicketPurpose::Invite), || {
            format!("EM-1: {id} is for something else, and made an account")
        })?;
        ensure(known.account.is_none(), || format!("EM-1: {id} is for somebody who has an account"))?;
        let before = self.mails.registered.insert(id, account);
        ensure(before.is_none(), || format!("EM-1: {id} has made two accounts"))
    }

    /// Every account was made with a ticket, but those of before this life, and is there.
    fn check_registered(&self, store: &AnyStore) -> Verdict {
        let error = |error: countersign::store::StoreError| error.to_string();
        let (made, found) = (
            self.mails.registered.len(),
            now(store.count_accounts(AccountFilter::default())).map_err(error)?,
        );
        ensure(found == (made + PEOPLE) as u64, || {
            format!("CC-5: {made} accounts were made with tickets, and {found} are there")
        })?;
        for (id, account) in &self.mails.registered {
            let stored = now(store.find_account(*account)).map_err(error)?;
            ensure(stored.is_some(), || format!("CC-5: the account that {id} made is gone"))?;
        }
        Ok(())
    }

    /// A ticket was shown, and somebody was told that it did what it is for.
    pub(crate) fn acted(&self, id: TicketId, request: u64, clock: Timestamp) -> Verdict {
        let known = &self.mails.tickets[&id];
        ensure(clock < known.expires_at, || format!("EM-1: {id} worked after it had expired"))?;
        ensure(known.wrong_codes < CODE_TRIES, || {
            format!("EM-1: {id} worked after {} wrong codes", known.wrong_codes)
        })?;
        match known.over {
            Some((_, Some(by))) if by == request => Ok(()),
            Some((why, _)) => Err(format!("EM-1: {id} worked after it was {why}")),
            None => Err(format!("EM-1: {id} was acknowledged, and nothing is stored")),
        }
    }

    /// A wrong code was refused. Of a ticket that has expired none is looked at, and its clock may be set back.
    pub(crate) fn guessed(&mut self, id: TicketId, clock: Timestamp) {
        if let Some(known) = self.mails.tickets.get_mut(&id)
            && clock < known.expires_at
        {
            known.wrong_codes += 1;
        }
    }

    /// A session began with a ticket, or wrong digits ended it.
    pub(crate) fn ended_by_sign_in(
        &mut self,
        id: TicketId,
        store: &AnyStore,
        why: &'static str,
        request: Option<u64>,
    ) -> Verdict {
        let ended = self.mails.consumed_since(store, why, request)?;
        ensure(ended == [id], || format!("EM-1: {id} should be {why}, and {ended:?} are over"))?;
        let known = &self.mails.tickets[&id];
        let is_its = known.passwords == self.mails.passwords_of(known.account);
        ensure(is_its || why != "used", || format!("EM-1: {id} is of another password, and began a session"))
    }

    /// An address was brought back with a ticket, which is over with whatever else that ended.
    pub(crate) fn ended_by_undo(&mut self, id: TicketId, store: &AnyStore, request: u64) -> Verdict {
        self.mails.consumed_since(store, "voided", None)?;
        let known = self.mails.tickets.get_mut(&id).ok_or("a ticket that was never made")?;
        let is_its = known.purpose == TicketPurpose::UndoAddress;
        ensure(is_its, || format!("EM-4: {id} is no way back, and brought an address back"))?;
        match known.over.replace(("used", Some(request))) {
            Some(("voided", _)) => Ok(()),
            before => Err(format!("EM-1: an address came back with {id}, which is {before:?}")),
        }
    }

    /// Whether nothing is known that speaks against a ticket itself.
    pub(crate) fn is_unused(&self, id: TicketId, clock: Timestamp) -> bool {
        let known = &self.mails.tickets[&id];
        known.over.is_none() && clock < known.expires_at && known.wrong_codes == 0
    }

    /// Whether a ticket is good, as far as anybody knows who has read the log.
    pub(crate) fn is_good(&self, id: TicketId, clock: Timestamp) -> bool {
        let known = &self.mails.tickets[&id];
        known.account.is_some()
            && self.is_unused(id, clock)
            && known.passwords == self.mails.passwords_of(known.account)
    }

    /// What was acknowledged is stored, and the outbox has a mail for each event that calls for one.
    pub(super) fn check_mails(&self, store: &AnyStore, time: i64) -> Verdict {
        let error = |error: countersign::store::StoreError| error.to_string();
        let all = DeliveryQuery { limit: 10_000, ..DeliveryQuery::default() };
        let (written, found) = (self.mails.written, now(store.list_deliveries(all)).map_err(error)?.len());
        // Later, house-keeping may have taken some away.
        let is_all = if time < KEPT { written == found } else { written >= found };
        ensure(is_all, || format!("EM-8: {written} mails were called for, {found} are there"))?;
        for (account, passwords) in &self.mails.passwords {
            let stored = now(store.credentials(*account)).map_err(error)?.ok_or("an account that is gone")?;
            ensure(stored.password_version == i64::from(*passwords), || {
                format!("EM-1: the password of {account} is not the one that was acknowledged last")
            })?;
        }
        for (account, id) in &self.mails.verified {
            let emails = now(store.emails(*account)).map_err(error)?;
            let is_kept = emails.iter().any(|it| it.id.to_string() == *id && it.verified_at.is_some());
            ensure(is_kept, || format!("EM-5: {id} was verified, and is not"))?;
        }
        self.check_registered(store)?;
        for (id, known) in self.mails.tickets.iter().filter(|(_, known)| known.over.is_some()) {
            let stored = now(store.find_ticket(*id)).map_err(error)?;
            ensure(stored.is_none_or(|stored| stored.consumed_at.is_some()), || {
                format!("EM-1: {id} was {:?}, and is alive again", known.over)
            })?;
        }
        Ok(())
    }
}

impl Mails {
    fn passwords_of(&self, account: Option<AccountId>) -> u32 {
        account.and_then(|account| self.passwords.get(&account).copied()).unwrap_or_default()
    }

    /// The tickets that are over since the last look.
    fn consumed_since(
        &mut self,
        store: &AnyStore,
        why: &'static str,
        by: Option<u64>,
    ) -> Result<Vec<TicketId>, String> {
        let mut consumed = Vec::new();
        for (id, known) in self.tickets.iter_mut().filter(|(_, known)| known.over.is_none()) {
            let stored = now(store.find_ticket(*id)).map_err(|error| error.to_string())?;
            if stored.is_some_and(|stored| stored.consumed_at.is_some()) {
                known.over = Some((why, by));
                consumed.push(*id);
            }
        }
        Ok(consumed)
    }
}
