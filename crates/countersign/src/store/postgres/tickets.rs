//! Tickets.

use tokio_postgres::Row;

use super::apply::Transaction;
use super::engine::connection::Connection;
use super::engine::failure::Failure;
use super::engine::value::Value;
use super::load::{self, Lock};
use super::rows::TICKET_COLUMNS;
use super::{PostgresStore, rows, second_factors};
use crate::base::clock::Timestamp;
use crate::base::digest::sha256;
use crate::base::id::{AccountId, TicketId};
use crate::model::account::{Credentials, NameUse};
use crate::model::context::Context;
use crate::model::session::{Device, StartSessionOutcome};
use crate::model::ticket::{
    self, AccountRegistration, AddressUndo, ApproveOutcome, Belongings, COUNTED, MailLimits, MailSignIn,
    NewTicket, PasswordReset, PresentedTicket, RecentTickets, RegisterOutcome, ResetOutcome, SignInApproval,
    StartTicketOutcome, Ticket, TicketPurpose, UndoOutcome, VerifyOutcome,
};
use crate::store::{StoreError, TicketStore};

impl TicketStore for PostgresStore {
    async fn start_ticket(
        &self,
        new: NewTicket,
        limits: MailLimits,
        context: &Context,
    ) -> Result<StartTicketOutcome, StoreError> {
        self.change("start_ticket", context, (new, limits), start).await
    }

    async fn find_ticket(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.read("find_ticket", move |db| async move { load::ticket_by_id(&db, id, Lock::No).await }).await
    }

    async fn find_ticket_of(&self, shown: PresentedTicket) -> Result<Option<Ticket>, StoreError> {
        self.read("find_ticket_of", move |db| async move { load::ticket(&db, &shown, Lock::No).await }).await
    }

    async fn look_at_ticket(
        &self,
        shown: PresentedTicket,
        purpose: TicketPurpose,
        context: &Context,
    ) -> Result<Option<Ticket>, StoreError> {
        self.change("look_at_ticket", context, (shown, purpose), look).await
    }

    async fn reset_password(
        &self,
        reset: PasswordReset,
        context: &Context,
    ) -> Result<ResetOutcome, StoreError> {
        self.change("reset_password", context, reset, reset_password).await
    }

    async fn sign_in_by_mail(
        &self,
        new: MailSignIn,
        context: &Context,
    ) -> Result<StartSessionOutcome, StoreError> {
        let device = Device { address: context.address, user_agent: context.user_agent.clone() };
        self.change("sign_in_by_mail", context, (new, device), sign_in).await
    }

    async fn approve_sign_in(
        &self,
        approval: SignInApproval,
        context: &Context,
    ) -> Result<ApproveOutcome, StoreError> {
        self.change("approve_sign_in", context, approval, approve).await
    }

    async fn undo_address(&self, undo: AddressUndo, context: &Context) -> Result<UndoOutcome, StoreError> {
        self.change("undo_address", context, undo, undo_address).await
    }

    async fn verify_email(
        &self,
        shown: PresentedTicket,
        context: &Context,
    ) -> Result<VerifyOutcome, StoreError> {
        self.change("verify_email", context, shown, verify).await
    }

    async fn register(
        &self,
        registration: AccountRegistration,
        context: &Context,
    ) -> Result<RegisterOutcome, StoreError> {
        self.change("register", context, registration, register).await
    }

    async fn invitations(&self, now: Timestamp) -> Result<Vec<Ticket>, StoreError> {
        self.read("invitations", move |db| async move {
            let sql = format!(
                "SELECT {TICKET_COLUMNS} FROM tickets t
                 WHERE t.purpose = $1 AND t.expires_at > $2 AND t.consumed_at IS NULL
                 ORDER BY t.created_at, t.id"
            );
            let found = db.query(&sql, &[&TicketPurpose::Invite.name(), &now]).await?;
            let found = found.iter().map(rows::ticket).collect::<Result<Vec<_>, _>>()?;
            Ok(found.into_iter().filter(|ticket| ticket.is_alive(now)).collect())
        })
        .await
    }

    async fn withdraw_invitation(&self, id: TicketId, context: &Context) -> Result<bool, StoreError> {
        self.change("withdraw_invitation", context, id, withdraw).await
    }
}

/// Of many that ask at once for one address or from one network, each counts those before it. Who is over the limits waits for
/// nobody: a flood holds no connection.
async fn start(
    tx: Transaction,
    (new, limits): (NewTicket, MailLimits),
) -> Result<StartTicketOutcome, Failure> {
    let now = tx.at.now;
    let before = recent(&tx.db, &new.ticket, now).await?;
    if ticket::start(new.clone(), before, limits, now).writes().is_empty() {
        return Ok(StartTicketOutcome::Limited);
    }
    let locks =
        [lock_of(new.ticket.address.canonical().as_bytes()), lock_of(&new.ticket.source.unwrap_or_default())];
    let sql = "SELECT number FROM ticket_locks WHERE number IN ($1, $2) ORDER BY number FOR UPDATE";
    tx.db.query(sql, &[&locks[0], &locks[1]]).await?;
    let recent = recent(&tx.db, &new.ticket, now).await?;
    tx.apply(ticket::start(new, recent, limits, now)).await
}

/// Which of the 64 rows stands for this.
fn lock_of(text: &[u8]) -> i64 {
    i64::from(sha256(text)[0] % 64)
}

async fn look(
    tx: Transaction,
    (shown, purpose): (PresentedTicket, TicketPurpose),
) -> Result<Option<Ticket>, Failure> {
    let (found, account) = with_account(&tx.db, &shown).await?;
    tx.apply(ticket::look(found, account.as_ref(), &shown, purpose, tx.at.now)).await
}

async fn reset_password(tx: Transaction, reset: PasswordReset) -> Result<ResetOutcome, Failure> {
    let (found, account) = with_account(&tx.db, &reset.shown).await?;
    let open = match &account {
        Some(found) => load::lock_sessions(&tx.db, found.account.id, None).await?.open,
        None => Vec::new(),
    };
    tx.apply(reset.decide(found, account.as_ref(), &open, tx.at)).await
}

async fn sign_in(
    tx: Transaction,
    (new, device): (MailSignIn, Device),
) -> Result<StartSessionOutcome, Failure> {
    let (found, account) = with_account(&tx.db, &new.shown).await?;
    let id = new.session.account_id;
    let held = second_factors::and_new(&tx.db, id, new.session.second.shown.new_factor()).await?;
    let admitted = match new.admit(found, account, &held, tx.at.now) {
        Ok(admitted) => admitted,
        Err(refused) => return tx.apply(refused).await,
    };
    let found = load::lock_sessions(&tx.db, id, admitted.replaces()).await?;
    let admitted = if admitted.asks_for_earlier() {
        admitted.after(load::last_sessions_of(&tx.db, id).await?)
    } else {
        admitted
    };
    tx.apply(admitted.begin(found.one, found.open, device, tx.at)).await
}

async fn approve(tx: Transaction, approval: SignInApproval) -> Result<ApproveOutcome, Failure> {
    let (found, account) = with_account(&tx.db, &approval.shown).await?;
    tx.apply(approval.decide(found, account.as_ref(), tx.at.now)).await
}

async fn undo_address(tx: Transaction, undo: AddressUndo) -> Result<UndoOutcome, Failure> {
    let (found, account) = with_account(&tx.db, &undo.shown).await?;
    let (Some(ticket), Some(owner)) = (&found, &account) else {
        return tx.apply(undo.decide(None, None, false, tx.at)).await;
    };
    let id = owner.account.id;
    // Another account may be next: then the index refuses, and this is begun again.
    let is_taken = load::email_is_anothers(&tx.db, &ticket.address, id).await?;
    let has = Belongings {
        emails: &load::emails_of(&tx.db, id, Lock::Rows).await?,
        ways: &load::lock_ways_back(&tx.db, id).await?,
        open: &load::lock_sessions(&tx.db, id, None).await?.open,
        keys: &load::lock_api_keys(&tx.db, id).await?,
    };
    let plan = undo.decide(found.clone(), Some((owner, has)), is_taken, tx.at);
    tx.apply(plan).await
}

async fn verify(tx: Transaction, shown: PresentedTicket) -> Result<VerifyOutcome, Failure> {
    let (found, account) = with_account(&tx.db, &shown).await?;
    let (own, is_taken) = match (&found, &account) {
        (Some(ticket), Some(found)) => {
            let id = found.account.id;
            let own = load::emails_of(&tx.db, id, Lock::Rows).await?;
            // Another account may be next: then the index refuses, and this is begun again.
            (own, load::email_is_anothers(&tx.db, &ticket.address, id).await?)
        }
        _ => (Vec::new(), false),
    };
    tx.apply(ticket::verify_email(found, &shown, (account.as_ref(), &own), is_taken, tx.at.now)).await
}

/// Of two tickets for one address that are used at once, each would wait for the other: one for the index of verified addresses,
/// one to void the other's ticket. So the lock of the address comes first, as where tickets are made.
async fn register(tx: Transaction, registration: AccountRegistration) -> Result<RegisterOutcome, Failure> {
    if let Some(ticket) = load::ticket(&tx.db, &registration.shown, Lock::No).await? {
        let sql = "SELECT number FROM ticket_locks WHERE number = $1 FOR UPDATE";
        tx.db.query(sql, &[&lock_of(ticket.address.canonical().as_bytes())]).await?;
    }
    let found = load::ticket(&tx.db, &registration.shown, Lock::Rows).await?;
    let uses = load::name_uses(&tx.db, [&registration.account.username].into_iter()).await?;
    // Another account may be next with the name or the address: then an index refuses, and this is begun again.
    let is_taken = match &found {
        Some(ticket) => load::email_is_anothers(&tx.db, &ticket.address, registration.account.id).await?,
        None => false,
    };
    let name = uses.into_iter().next().unwrap_or(NameUse::Free);
    tx.apply(registration.decide(found, name, is_taken, tx.at.now)).await
}

async fn withdraw(tx: Transaction, id: TicketId) -> Result<bool, Failure> {
    let found = load::ticket_by_id(&tx.db, id, Lock::Rows).await?;
    tx.apply(ticket::withdraw(found, tx.at.now)).await
}

/// The ticket that is shown and the account that it names, both locked: the account first, as everywhere.
async fn with_account(
    db: &Connection,
    shown: &PresentedTicket,
) -> Result<(Option<Ticket>, Option<Credentials>), Failure> {
    let account = match load::ticket(db, shown, Lock::No).await?.and_then(|ticket| ticket.account_id) {
        Some(id) => load::credentials(db, id, Lock::Rows).await?,
        None => None,
    };
    Ok((load::ticket(db, shown, Lock::Rows).await?, account))
}

/// How many tickets there were lately of what a new one is of.
async fn recent(db: &Connection, new: &Ticket, now: Timestamp) -> Result<RecentTickets, Failure> {
    let sql = "SELECT
         (SELECT count(*) FROM tickets WHERE canonical = $1 AND purpose = $2 AND created_at > $5),
         (SELECT max(created_at) FROM tickets WHERE canonical = $1 AND purpose = $2 AND created_at > $5),
         (SELECT count(*) FROM tickets
          WHERE account_id = $3 AND created_at > $5 AND purpose <> 'undo_address'),
         (SELECT count(*) FROM tickets WHERE source = $4 AND created_at > $5)";
    let source = new.source.as_ref().map(<[u8; 16]>::as_slice);
    let since = now.minus(COUNTED);
    // SECURITY: for nobody, the same look finds nothing (EN-4).
    let account = new.account_id.unwrap_or(AccountId::from_bytes(*new.id.as_bytes()));
    let values: [&dyn Value; 5] = [&new.address.canonical(), &new.purpose.name(), &account, &source, &since];
    let row: Row = db.optional(sql, &values).await?.ok_or(Failure::Crossed)?;
    Ok(RecentTickets {
        of_address: rows::number(&row, 0)?,
        last_of_address: row.try_get(1)?,
        of_account: rows::number(&row, 2)?,
        of_source: rows::number(&row, 3)?,
    })
}
