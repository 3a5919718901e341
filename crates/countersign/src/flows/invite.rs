//! Invitations: an administrator offers an account to an address, and whoever reads its mail makes it. And the mails that an
//! administrator sends to an address of somebody's account. Unlike strangers, administrators are told what becomes of it.

use crate::Countersign;
use crate::base::clock::Timestamp;
use crate::base::id::{AccountId, EmailId, TicketId};
use crate::flows::email::EmailError;
use crate::flows::tickets::{Asked, AskedBy, TicketError};
use crate::model::account::{EmailAddress, Role};
use crate::model::context::Context;
use crate::model::email::EmailClaim;
use crate::model::outbox::MailTemplate;
use crate::model::ticket::{StartTicketOutcome, Ticket, TicketPurpose};
use crate::store::{Store, StoreError};

/// An account that was offered and is not made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invitation {
    /// The ID of its ticket. It is no secret.
    pub id: TicketId,
    /// Who was invited.
    pub address: EmailAddress,
    /// The role that the account will have.
    pub role: Role,
    /// When it was sent.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// An account has the address verified.
    #[error("an account has verified this address")]
    AddressTaken,
    /// There have been enough invitations to this address for now.
    #[error("there have been enough mails to this address for now")]
    TooManyMails,
    /// Nobody can be invited here, the mail could not be made, or the store did not answer.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

impl<S: Store> Countersign<S> {
    /// Offers an account with this role to an address. A newer invitation voids the older.
    ///
    /// # Errors
    /// Every variant of [`InviteError`].
    pub async fn invite(
        &self,
        address: &EmailAddress,
        role: &Role,
        context: &Context,
    ) -> Result<Invitation, InviteError> {
        self.by_mail()?;
        self.may_register(TicketPurpose::Invite, None)?;
        let found = self.store.account_of_address(address, EmailClaim::Verified).await;
        if found.map_err(TicketError::from)?.is_some() {
            return Err(InviteError::AddressTaken);
        }
        let asked = Asked {
            purpose: TicketPurpose::Invite,
            template: MailTemplate::Invite,
            to: address,
            account: None,
            locale: None,
            offers: Some(role),
            by: AskedBy::Administrator,
        };
        let (outcome, cookie) = self.start(asked, context).await?;
        if outcome == StartTicketOutcome::Limited {
            return Err(InviteError::TooManyMails);
        }
        let made = self.store.find_ticket(cookie.ticket_id()).await.map_err(TicketError::from)?;
        Ok(made.and_then(|ticket| self.invitation(ticket)).ok_or(TicketError::Invalid)?)
    }

    /// The invitations that can be used now, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn invitations(&self, now: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        let found = self.store.invitations(now).await?;
        Ok(found.into_iter().filter_map(|ticket| self.invitation(ticket)).collect())
    }

    /// Takes an invitation back; gives whether there was one that could be used.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn withdraw_invitation(&self, id: TicketId, context: &Context) -> Result<bool, StoreError> {
        self.store.withdraw_invitation(id, context).await
    }

    fn invitation(&self, ticket: Ticket) -> Option<Invitation> {
        let role = self.offered_role(&ticket)?;
        let Ticket { id, address, created_at, expires_at, .. } = ticket;
        Some(Invitation { id, address, role, created_at, expires_at })
    }

    /// Sends the mail that verifies an address of somebody's account once more.
    ///
    /// # Errors
    /// [`EmailError::NotFound`], [`EmailError::AlreadyVerified`], [`EmailError::Disabled`], [`EmailError::TooManyMails`],
    /// [`EmailError::Ticket`].
    pub async fn send_verification(
        &self,
        account: AccountId,
        email: EmailId,
        context: &Context,
    ) -> Result<(), EmailError> {
        self.by_mail()?;
        let emails = self.store.emails(account).await?;
        let email = emails.iter().find(|own| own.id == email).ok_or(EmailError::NotFound)?;
        if email.verified_at.is_some() {
            return Err(EmailError::AlreadyVerified);
        }
        self.send_to(account, &email.address, TicketPurpose::Verify, context).await
    }

    /// Sends the mail by which the owner of an account sets another password, to its primary address.
    ///
    /// # Errors
    /// [`EmailError::NotFound`], [`EmailError::NoneVerified`], [`EmailError::Disabled`], [`EmailError::TooManyMails`],
    /// [`EmailError::Ticket`].
    pub async fn send_reset(&self, account: AccountId, context: &Context) -> Result<(), EmailError> {
        self.by_mail()?;
        if self.store.find_account(account).await?.is_none() {
            return Err(EmailError::NotFound);
        }
        let emails = self.store.emails(account).await?;
        let primary = emails.iter().find(|email| email.is_primary).ok_or(EmailError::NoneVerified)?;
        self.send_to(account, &primary.address, TicketPurpose::Reset, context).await
    }

    async fn send_to(
        &self,
        account: AccountId,
        to: &EmailAddress,
        purpose: TicketPurpose,
        context: &Context,
    ) -> Result<(), EmailError> {
        let found = self.store.credentials(account).await?.ok_or(EmailError::NotFound)?;
        if !found.account.is_enabled() {
            return Err(EmailError::Disabled);
        }
        let is_reset = purpose == TicketPurpose::Reset;
        let template = if is_reset { MailTemplate::Reset } else { MailTemplate::Verify };
        let (account, by) = (Some(&found), AskedBy::Administrator);
        let asked = Asked { purpose, template, to, account, locale: None, offers: None, by };
        let (outcome, cookie) = self.start(asked, context).await?;
        // A ticket that was made for nobody is one over the limit of the account: its mail is not sent.
        let made = self.store.find_ticket(cookie.ticket_id()).await?;
        if outcome == StartTicketOutcome::Limited || !made.is_some_and(|ticket| ticket.is_somebodys()) {
            return Err(EmailError::TooManyMails);
        }
        Ok(())
    }
}
