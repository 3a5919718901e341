//! The writes of plans about e-mail addresses and tickets.

use super::apply::Transaction;
use super::engine::failure::Failure;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, EmailId, TicketId};
use crate::model::email::AccountEmail;
use crate::model::ticket::{NewTicket, TicketPurpose};

impl Transaction {
    pub(super) async fn insert_email(&self, email: &AccountEmail) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO email_addresses (id, account_id, canonical, address, verified_at, is_primary, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &email.id,
                &email.account_id,
                &email.address.canonical(),
                &email.address.as_str(),
                &email.verified_at,
                &email.is_primary,
                &email.created_at,
            ],
        )
        .await
    }

    pub(super) async fn update_email(&self, email: &AccountEmail) -> Result<(), Failure> {
        let sql = "UPDATE email_addresses SET verified_at = $2, is_primary = $3 WHERE id = $1";
        self.rows(1, sql, &[&email.id, &email.verified_at, &email.is_primary]).await
    }

    pub(super) async fn delete_email(&self, id: EmailId) -> Result<(), Failure> {
        self.rows(1, "DELETE FROM email_addresses WHERE id = $1", &[&id]).await
    }

    pub(super) async fn insert_ticket(
        &self,
        NewTicket { ticket, secret_hash, .. }: &NewTicket,
    ) -> Result<(), Failure> {
        self.rows(
            1,
            "INSERT INTO tickets (id, purpose, account_id, canonical, address, secret_hash, code_hash, browser_hash,
                                  tries_left, password_version, payload, source, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[
                &ticket.id,
                &ticket.purpose.name(),
                &ticket.account_id,
                &ticket.address.canonical(),
                &ticket.address.as_str(),
                &secret_hash.as_slice(),
                &ticket.code_hash.as_ref().map(<[u8; 32]>::as_slice),
                &ticket.browser_hash.as_ref().map(<[u8; 32]>::as_slice),
                &i64::from(ticket.tries_left),
                &ticket.password_version,
                &ticket.payload.as_deref(),
                &ticket.source.as_ref().map(<[u8; 16]>::as_slice),
                &ticket.created_at,
                &ticket.expires_at,
            ],
        )
        .await
    }

    pub(super) async fn update_ticket(
        &self,
        id: TicketId,
        tries_left: u32,
        consumed_at: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let sql =
            "UPDATE tickets SET tries_left = $2, consumed_at = $3 WHERE id = $1 AND consumed_at IS NULL";
        self.rows(1, sql, &[&id, &i64::from(tries_left), &consumed_at]).await
    }

    pub(super) async fn approve_ticket(&self, id: TicketId, at: Timestamp) -> Result<(), Failure> {
        let sql = "UPDATE tickets SET approved_at = $2 WHERE id = $1 AND consumed_at IS NULL AND approved_at IS NULL";
        self.rows(1, sql, &[&id, &at]).await
    }

    pub(super) async fn void_tickets(
        &self,
        (account_id, canonical): (Option<AccountId>, &str),
        purpose: Option<TicketPurpose>,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let sql = "UPDATE tickets SET consumed_at = $4
                   WHERE canonical = $2 AND account_id IS NOT DISTINCT FROM $1
                     AND purpose = coalesce($3, purpose)
                     AND ($3 IS NOT NULL OR purpose <> 'undo_address') AND consumed_at IS NULL";
        let purpose = purpose.map(TicketPurpose::name);
        self.db.execute(sql, &[&account_id, &canonical, &purpose, &at]).await.map(drop)
    }
}
