//! Tickets.

use rusqlite::{Connection, params};

use super::rows::{self, TICKET_COLUMNS};
use super::{SqliteStore, load, second_factors, sessions};
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, TicketId};
use crate::model::account::Credentials;
use crate::model::context::Context;
use crate::model::session::{Device, StartSessionOutcome};
use crate::model::ticket::{
    self, AccountRegistration, AddressUndo, ApproveOutcome, Belongings, COUNTED, MailLimits, MailSignIn,
    NewTicket, PasswordReset, PresentedTicket, RecentTickets, RegisterOutcome, ResetOutcome, SignInApproval,
    StartTicketOutcome, Ticket, TicketPurpose, UndoOutcome, VerifyOutcome,
};
use crate::store::{StoreError, TicketStore};

impl TicketStore for SqliteStore {
    async fn start_ticket(
        &self,
        new: NewTicket,
        limits: MailLimits,
        context: &Context,
    ) -> Result<StartTicketOutcome, StoreError> {
        self.change("start_ticket", context, move |tx| {
            let recent = recent(tx.db, &new.ticket, tx.at.now)?;
            tx.apply(ticket::start(new, recent, limits, tx.at.now))
        })
        .await
    }

    async fn find_ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.read("find_ticket", move |db| load::ticket_by(db, "id", id.as_bytes())).await
    }

    async fn find_ticket_of(&self, shown: PresentedTicket) -> Result<Option<Ticket>, StoreError> {
        self.read("find_ticket_of", move |db| load::ticket(db, &shown)).await
    }

    async fn look_at_ticket(
        &self,
        shown: PresentedTicket,
        purpose: TicketPurpose,
        context: &Context,
    ) -> Result<Option<Ticket>, StoreError> {
        self.change("look_at_ticket", context, move |tx| {
            let (found, account) = with_account(tx.db, &shown)?;
            tx.apply(ticket::look(found, account.as_ref(), &shown, purpose, tx.at.now))
        })
        .await
    }

    async fn reset_password(
        &self,
        reset: PasswordReset,
        context: &Context,
    ) -> Result<ResetOutcome, StoreError> {
        self.change("reset_password", context, move |tx| {
            let (found, account) = with_account(tx.db, &reset.shown)?;
            let open = match &account {
                Some(found) => load::open_sessions_of(tx.db, found.account.id)?,
                None => Vec::new(),
            };
            tx.apply(reset.decide(found, account.as_ref(), &open, tx.at))
        })
        .await
    }

    async fn sign_in_by_mail(
        &self,
        sign_in: MailSignIn,
        context: &Context,
    ) -> Result<StartSessionOutcome, StoreError> {
        let device = Device { address: context.address, user_agent: context.user_agent.clone() };
        self.change("sign_in_by_mail", context, move |tx| {
            let (found, account) = with_account(tx.db, &sign_in.shown)?;
            let id = sign_in.session.account_id;
            let held = second_factors::and_new(tx.db, id, sign_in.session.second.shown.new_factor())?;
            let admitted = match sign_in.admit(found, account, &held, tx.at.now) {
                Ok(admitted) => admitted,
                Err(refused) => return tx.apply(refused),
            };
            let replaced = sessions::find(tx.db, admitted.replaces())?;
            let open = load::open_sessions_of(tx.db, id)?;
            let admitted = if admitted.asks_for_earlier() {
                admitted.after(load::last_sessions_of(tx.db, id)?)
            } else {
                admitted
            };
            tx.apply(admitted.begin(replaced, open, device, tx.at))
        })
        .await
    }

    async fn approve_sign_in(
        &self,
        approval: SignInApproval,
        context: &Context,
    ) -> Result<ApproveOutcome, StoreError> {
        self.change("approve_sign_in", context, move |tx| {
            let (found, account) = with_account(tx.db, &approval.shown)?;
            tx.apply(approval.decide(found, account.as_ref(), tx.at.now))
        })
        .await
    }

    async fn undo_address(&self, undo: AddressUndo, context: &Context) -> Result<UndoOutcome, StoreError> {
        self.change("undo_address", context, move |tx| {
            let (found, account) = with_account(tx.db, &undo.shown)?;
            let (Some(ticket), Some(owner)) = (&found, &account) else {
                return tx.apply(undo.decide(None, None, false, tx.at));
            };
            let id = owner.account.id;
            let is_taken = load::email_is_anothers(tx.db, &ticket.address, id)?;
            let has = Belongings {
                emails: &load::emails_of(tx.db, id)?,
                ways: &load::ways_back_of(tx.db, id)?,
                open: &load::open_sessions_of(tx.db, id)?,
                keys: &load::api_keys_of(tx.db, id)?,
            };
            tx.apply(undo.decide(found.clone(), Some((owner, has)), is_taken, tx.at))
        })
        .await
    }

    async fn verify_email(
        &self,
        shown: PresentedTicket,
        context: &Context,
    ) -> Result<VerifyOutcome, StoreError> {
        self.change("verify_email", context, move |tx| {
            let (found, account) = with_account(tx.db, &shown)?;
            let (own, is_taken) = match (&found, &account) {
                (Some(ticket), Some(found)) => {
                    let id = found.account.id;
                    (load::emails_of(tx.db, id)?, load::email_is_anothers(tx.db, &ticket.address, id)?)
                }
                _ => (Vec::new(), false),
            };
            tx.apply(ticket::verify_email(found, &shown, (account.as_ref(), &own), is_taken, tx.at.now))
        })
        .await
    }

    async fn register(
        &self,
        registration: AccountRegistration,
        context: &Context,
    ) -> Result<RegisterOutcome, StoreError> {
        self.change("register", context, move |tx| {
            let found = load::ticket(tx.db, &registration.shown)?;
            let name = load::name_use(tx.db, &registration.account.username)?;
            let is_taken = match &found {
                Some(ticket) => load::email_is_anothers(tx.db, &ticket.address, registration.account.id)?,
                None => false,
            };
            tx.apply(registration.decide(found, name, is_taken, tx.at.now))
        })
        .await
    }

    async fn invitations(&self, now: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        self.read("invitations", move |db| {
            let found: Vec<Ticket> = db
                .prepare_cached(&format!(
                    "SELECT {TICKET_COLUMNS} FROM tickets t
                     WHERE t.purpose = ?1 AND t.expires_at > ?2 AND t.consumed_at IS NULL
                     ORDER BY t.created_at, t.id"
                ))?
                .query_map(params![TicketPurpose::Invite.name(), now.as_unix_millis()], rows::ticket)?
                .collect::<Result<_, _>>()?;
            Ok(found.into_iter().filter(|ticket| ticket.is_alive(now)).collect())
        })
        .await
    }

    async fn withdraw_invitation(&self, id: TicketId, context: &Context) -> Result<bool, StoreError> {
        self.change("withdraw_invitation", context, move |tx| {
            let found = load::ticket_by(tx.db, "id", id.as_bytes())?;
            tx.apply(ticket::withdraw(found, tx.at.now))
        })
        .await
    }
}

/// The ticket that is shown, and the account that it names.
fn with_account(
    db: &Connection,
    shown: &PresentedTicket,
) -> rusqlite::Result<(Option<Ticket>, Option<Credentials>)> {
    let found = load::ticket(db, shown)?;
    let account = match found.as_ref().and_then(|ticket| ticket.account_id) {
        Some(id) => load::credentials(db, id)?,
        None => None,
    };
    Ok((found, account))
}

/// How many tickets there were lately of what a new one is of.
fn recent(db: &Connection, new: &Ticket, now: Timestamp) -> rusqlite::Result<RecentTickets> {
    let since = now.minus(COUNTED).as_unix_millis();
    let (of_address, last) = db
        .prepare_cached(
            "SELECT count(*), max(created_at) FROM tickets
             WHERE canonical = ?1 AND purpose = ?2 AND created_at > ?3",
        )?
        .query_row(params![new.address.canonical(), new.purpose.name(), since], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?))
        })?;
    let count = |sql: &str, value: Option<&[u8]>| {
        db.prepare_cached(sql)?.query_row(params![value, since], |row| row.get(0))
    };
    // SECURITY: for nobody, the same look finds nothing (EN-4).
    let account = new.account_id.as_ref().map_or(new.id.as_bytes(), AccountId::as_bytes);
    Ok(RecentTickets {
        of_address,
        last_of_address: last.map(Timestamp::from_unix_millis),
        // Nobody asks for a way back.
        of_account: count(
            "SELECT count(*) FROM tickets
             WHERE account_id = ?1 AND created_at > ?2 AND purpose <> 'undo_address'",
            Some(account),
        )?,
        of_source: count(
            "SELECT count(*) FROM tickets WHERE source = ?1 AND created_at > ?2",
            new.source.as_ref().map(<[u8; 16]>::as_slice),
        )?,
    })
}
