//! The mails that tell about a change of addresses, and the link that takes it back. They are made before the transaction that
//! decides; if the addresses were changed in between, they are made again.

use crate::Countersign;
use crate::base::digest::sha256;
use crate::base::id::{AccountId, EmailId, SessionId, TicketId};
use crate::base::master_key::SealError;
use crate::flows::api_keys::OwnerProof;
use crate::flows::attempt::CheckError;
use crate::flows::email::EmailError;
use crate::flows::notices::notice_of;
use crate::flows::tickets::{ShownTicket, TicketError};
use crate::model::account::{Credentials, EmailAddress};
use crate::model::context::Context;
use crate::model::email::{
    AccountEmail, ChangeEmailOutcome, Concerned, EmailAction, EmailChange, EmailNotices, concerned,
    concerned_by_undo,
};
use crate::model::notice::Notice;
use crate::model::outbox::{Contents, MailTemplate, MailTicket};
use crate::model::proof::Proof;
use crate::model::ticket::{AddressUndo, CODE_TRIES, NewTicket, Ticket, TicketPurpose, UndoOutcome};
use crate::password::Password;
use crate::store::Store;

/// A change of addresses that the owner of the account may make, good for one [`Countersign::change_own_email`].
#[derive(Debug)]
pub struct CheckedEmailChange {
    account: AccountId,
    action: EmailAction,
    proof: Proof,
}

impl<S: Store> Countersign<S> {
    /// Checks that the owner of an account is there, before its addresses are changed: somebody who found an open session must
    /// not take the account away. Nothing is changed yet (CC-6).
    ///
    /// # Errors
    /// [`EmailError::Owner`].
    pub async fn check_email_change(
        &self,
        (account, session): (AccountId, SessionId),
        action: EmailAction,
        current: Option<&str>,
        context: &Context,
    ) -> Result<CheckedEmailChange, EmailError> {
        let proof = self.check_owner_is_there((account, session), current, context).await?;
        Ok(CheckedEmailChange { account, action, proof })
    }

    /// The same, before an address is added.
    ///
    /// # Errors
    /// [`EmailError::Owner`].
    pub async fn check_new_email(
        &self,
        (account, session): (AccountId, SessionId),
        current: Option<&str>,
        context: &Context,
    ) -> Result<OwnerProof, EmailError> {
        let proof = self.check_owner_is_there((account, session), current, context).await?;
        Ok(OwnerProof { account, proof })
    }

    /// Makes another verified address the primary one, or removes one and voids the tickets that were sent to it. A verified
    /// address that loses its place gets a link that brings it back. To be run to its end (CC-6).
    ///
    /// # Errors
    /// [`EmailError::NotFound`], [`EmailError::NotVerified`], [`EmailError::Overtaken`], and [`EmailError::Ticket`] for the store.
    pub async fn change_own_email(
        &self,
        CheckedEmailChange { account, action, proof }: CheckedEmailChange,
        context: &Context,
    ) -> Result<(), EmailError> {
        self.change_email((account, action), Some(proof), context).await
    }

    /// The same, by somebody who need not show the owner's password.
    ///
    /// # Errors
    /// As [`Countersign::change_own_email`].
    pub async fn change_email_of(
        &self,
        account: AccountId,
        action: EmailAction,
        context: &Context,
    ) -> Result<(), EmailError> {
        self.change_email((account, action), None, context).await
    }

    async fn change_email(
        &self,
        (account_id, action): (AccountId, EmailAction),
        checked: Option<Proof>,
        context: &Context,
    ) -> Result<(), EmailError> {
        for _ in 0..TRIES {
            let found = self.store.credentials(account_id).await?.ok_or(EmailError::NotFound)?;
            let own = self.store.emails(account_id).await?;
            let notices = self.email_notices(concerned(&own, action), None, &found, context);
            let notices = notices.map_err(TicketError::from)?;
            let change = EmailChange { account_id, action, checked, notices };
            return match self.store.change_email(change, context).await? {
                ChangeEmailOutcome::Done => Ok(()),
                ChangeEmailOutcome::NotFound => Err(EmailError::NotFound),
                ChangeEmailOutcome::NotVerified => Err(EmailError::NotVerified),
                ChangeEmailOutcome::Overtaken => Err(EmailError::Overtaken),
                ChangeEmailOutcome::Outdated => continue,
            };
        }
        Err(EmailError::Overtaken)
    }

    /// Gives an account its former address back with the ticket that was sent to it. Everybody is locked out: all sessions and
    /// API keys end, and no password is right until another one is set by mail. To be run to its end (CC-6).
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`], [`TicketError::Password`] for the hash and the store, [`TicketError::Seal`].
    pub async fn undo_address(
        &self,
        shown: ShownTicket<'_>,
        context: &Context,
    ) -> Result<AccountId, TicketError> {
        let shown = self.presented(shown)?;
        let ticket = self.look_at(shown, TicketPurpose::UndoAddress, context).await?;
        let account = ticket.account_id.ok_or(TicketError::Invalid)?;
        let found = self.store.credentials(account).await?.ok_or(TicketError::Invalid)?;
        let unknown =
            TicketId::random(&self.random).to_string() + &TicketId::random(&self.random).to_string();
        let requester = self.requester(&found.account.username, context);
        let unknown = Password::new(&unknown).map_err(CheckError::from)?;
        let unknown_password = self.hasher.hash(unknown, requester).await.map_err(CheckError::from)?;
        let new_id = EmailId::random(&self.random);
        for _ in 0..TRIES {
            let own = self.store.emails(account).await?;
            let concerned = concerned_by_undo(&own, &ticket);
            let notices = self.email_notices(concerned, Some(&ticket.address), &found, context)?;
            let undo = AddressUndo { shown, new_id, unknown_password: unknown_password.clone(), notices };
            match self.store.undo_address(undo, context).await? {
                UndoOutcome::Done(account, ended) => {
                    self.revoke(&ended);
                    return Ok(account);
                }
                UndoOutcome::Invalid => return Err(TicketError::Invalid),
                UndoOutcome::Outdated => {}
            }
        }
        Err(TicketError::Invalid)
    }

    /// The mails to those whom a change concerns. `restored` becomes primary by an undo.
    fn email_notices(
        &self,
        concerned: Concerned<'_>,
        restored: Option<&EmailAddress>,
        found: &Credentials,
        context: &Context,
    ) -> Result<EmailNotices, SealError> {
        let primary = restored.or(concerned.primary.map(|email| &email.address));
        let former = concerned.former.filter(|_| self.is_told(Notice::AddressUndo));
        let told = concerned.primary.filter(|_| self.is_told(Notice::AddressChanged));
        let told = told.map(|primary| {
            let mail = notice_of(&primary.address, MailTemplate::AddressChanged, &found.account, context);
            self.delivery(&Contents::Mail(mail), context.now)
        });
        Ok(EmailNotices {
            for_whom: concerned.ids(),
            way_back: former.map(|former| self.way_back(former, primary, found, context)).transpose()?,
            told: told.transpose()?,
        })
    }

    fn way_back(
        &self,
        former: &AccountEmail,
        primary: Option<&EmailAddress>,
        found: &Credentials,
        context: &Context,
    ) -> Result<NewTicket, SealError> {
        let (id, purpose) = (TicketId::random(&self.random), TicketPurpose::UndoAddress);
        let expires_at = context.now.plus(purpose.lifetime());
        let ticket = Ticket {
            id,
            purpose,
            account_id: Some(found.account.id),
            address: former.address.clone(),
            // A thief changes the password.
            password_version: None,
            code_hash: None,
            browser_hash: None,
            tries_left: CODE_TRIES,
            payload: None,
            source: None,
            created_at: context.now,
            expires_at,
            consumed_at: None,
            approved_at: None,
        };
        let mut mail = notice_of(&former.address, MailTemplate::AddressUndo, &found.account, context);
        mail.parameters.other_address = primary.map(|primary| primary.as_str().to_owned());
        mail.parameters.ticket = Some(MailTicket { id, expires_at, has_code: false });
        let mail = Some(self.delivery(&Contents::Mail(mail), context.now)?);
        let secret_hash = sha256(self.ticket_secrets(id).link.as_bytes());
        Ok(NewTicket { ticket, secret_hash, mail })
    }
}

/// Whoever changes addresses again and again in between gets no further.
const TRIES: u32 = 3;
