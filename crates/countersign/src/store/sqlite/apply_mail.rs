//! The writes of plans about e-mail addresses and tickets.

use rusqlite::params;

use super::apply::Transaction;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, EmailId, TicketId};
use crate::model::email::AccountEmail;
use crate::model::ticket::{NewTicket, TicketPurpose};

impl Transaction<'_> {
    pub(super) fn insert_email(&self, email: &AccountEmail) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO email_addresses (id, account_id, canonical, address, verified_at, is_primary, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                email.id.as_bytes(),
                email.account_id.as_bytes(),
                email.address.canonical(),
                email.address.as_str(),
                email.verified_at.map(Timestamp::as_unix_millis),
                email.is_primary,
                email.created_at.as_unix_millis(),
            ],
        )
    }

    pub(super) fn update_email(&self, email: &AccountEmail) -> rusqlite::Result<()> {
        let verified_at = email.verified_at.map(Timestamp::as_unix_millis);
        self.one_row(
            "UPDATE email_addresses SET verified_at = ?2, is_primary = ?3 WHERE id = ?1",
            params![email.id.as_bytes(), verified_at, email.is_primary],
        )
    }

    pub(super) fn delete_email(&self, id: EmailId) -> rusqlite::Result<()> {
        self.one_row("DELETE FROM email_addresses WHERE id = ?1", [id.as_bytes()])
    }

    pub(super) fn insert_ticket(
        &self,
        NewTicket { ticket, secret_hash, .. }: &NewTicket,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "INSERT INTO tickets (id, purpose, account_id, canonical, address, secret_hash, code_hash, browser_hash,
                                  tries_left, password_version, payload, source, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                ticket.id.as_bytes(),
                ticket.purpose.name(),
                ticket.account_id.as_ref().map(AccountId::as_bytes),
                ticket.address.canonical(),
                ticket.address.as_str(),
                secret_hash,
                ticket.code_hash,
                ticket.browser_hash,
                ticket.tries_left,
                ticket.password_version,
                ticket.payload,
                ticket.source,
                ticket.created_at.as_unix_millis(),
                ticket.expires_at.as_unix_millis(),
            ],
        )
    }

    pub(super) fn update_ticket(
        &self,
        id: TicketId,
        tries_left: u32,
        consumed_at: Option<Timestamp>,
    ) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE tickets SET tries_left = ?2, consumed_at = ?3 WHERE id = ?1 AND consumed_at IS NULL",
            params![id.as_bytes(), tries_left, consumed_at.map(Timestamp::as_unix_millis)],
        )
    }

    pub(super) fn approve_ticket(&self, id: TicketId, at: Timestamp) -> rusqlite::Result<()> {
        self.one_row(
            "UPDATE tickets SET approved_at = ?2 WHERE id = ?1 AND consumed_at IS NULL AND approved_at IS NULL",
            params![id.as_bytes(), at.as_unix_millis()],
        )
    }

    pub(super) fn void_tickets(
        &self,
        (account_id, canonical): (Option<&AccountId>, &str),
        purpose: Option<TicketPurpose>,
        at: Timestamp,
    ) -> rusqlite::Result<()> {
        let sql = "UPDATE tickets SET consumed_at = ?4
                   WHERE canonical = ?2 AND account_id IS ?1 AND purpose = coalesce(?3, purpose)
                     AND (?3 IS NOT NULL OR purpose <> 'undo_address')
                     AND consumed_at IS NULL";
        let (account_id, purpose) = (account_id.map(AccountId::as_bytes), purpose.map(TicketPurpose::name));
        let values = params![account_id, canonical, purpose, at.as_unix_millis()];
        self.db.prepare_cached(sql)?.execute(values).map(drop)
    }
}
