//! Setting another password by mail: the account's owner has forgotten theirs. It signs nobody in, and what a sign-in asks for
//! stays (EM-3). All sessions end, and the account's primary address is told.

use crate::Countersign;
use crate::flows::attempt::CheckError;
use crate::flows::notices::notice_of;
use crate::flows::tickets::{ShownTicket, TicketError};
use crate::model::account::Account;
use crate::model::context::Context;
use crate::model::notice::Notice;
use crate::model::outbox::{Contents, MailTemplate, NewDelivery};
use crate::model::ticket::{PasswordReset, ResetOutcome, Ticket, TicketPurpose};
use crate::store::Store;

impl<S: Store> Countersign<S> {
    /// Sets the password of the account that a ticket is for, and ends all its sessions. A password that the policy refuses does
    /// not use the ticket up. To be run to its end (CC-6).
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`], [`TicketError::Password`], [`TicketError::Seal`].
    pub async fn reset_password(
        &self,
        shown: ShownTicket<'_>,
        new: &str,
        context: &Context,
    ) -> Result<(), TicketError> {
        let shown = self.presented(shown)?;
        let ticket = self.look_at(shown, TicketPurpose::Reset, context).await?;
        let account = ticket.account_id.ok_or(TicketError::Invalid)?;
        let account = self.store.find_account(account).await?.ok_or(TicketError::Invalid)?;
        let new = self.hash_new_password(new, &account.username, context).await?;
        let notice = if self.is_told(Notice::PasswordResetDone) {
            Some(self.reset_notice(&ticket, &account, context).await?)
        } else {
            None
        };
        let reset = PasswordReset { shown, new, notice };
        let ResetOutcome::Done(_, ended) = self.store.reset_password(reset, context).await? else {
            return Err(TicketError::Invalid);
        };
        self.revoke(&ended);
        // What others have guessed is of no use to them any more.
        self.forgive_guesses(&account.username, context.now);
        Ok(self.exchange_guesses().await.map_err(CheckError::from)?)
    }

    /// To the primary address: whoever reads another one of the account may not be its owner.
    async fn reset_notice(
        &self,
        ticket: &Ticket,
        account: &Account,
        context: &Context,
    ) -> Result<NewDelivery, TicketError> {
        let emails = self.store.emails(account.id).await?;
        let primary = emails.iter().find(|email| email.is_primary).map(|email| &email.address);
        let to = primary.unwrap_or(&ticket.address);
        let mail = notice_of(to, MailTemplate::PasswordResetDone, account, context);
        Ok(self.delivery(&Contents::Mail(mail), context.now)?)
    }
}
