//! Making an account of one's own: address first. Nothing but a ticket and a mail is made for somebody who asks, and only who has
//! shown that they read the mail of the address chooses a name and a password. So strangers read no names off it, cost no hash,
//! and leave no half accounts. Nobody is signed in.

use crate::Countersign;
use crate::base::id::{AccountId, EmailId};
use crate::flows::attempt::Checked;
use crate::flows::tickets::{ShownTicket, TicketError};
use crate::model::account::{Account, EmailAddress, Locale, NewAccount, Username, UsernameError};
use crate::model::context::Context;
use crate::model::email::EmailClaim;
use crate::model::ticket::{AccountRegistration, RegisterOutcome, Ticket, TicketPurpose};
use crate::options::RegistrationMode;
use crate::store::Store;

/// Why an account was not made with a ticket. The ticket is still good, unless it is the ticket's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The text cannot be a user name.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// Another account has this name, perhaps in another spelling.
    #[error("the user name is taken")]
    NameTaken,
    /// The name is in other letters than the Latin ones of another account, and looks the same (UTS 39).
    #[error("the user name looks like the one of another account")]
    LooksAlike,
    /// The ticket cannot be used for this, the password was refused, too much was guessed, or the store did not answer.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

impl<S: Store> Countersign<S> {
    /// Makes an account with the ticket of a registration or of an invitation, with the address that its mail went to verified
    /// and primary. `locale` is the language that its owner has used. A name or a password that is refused does not use the ticket up. To be run to its end (CC-6).
    ///
    /// # Errors
    /// Every variant of [`RegisterError`].
    pub async fn register(
        &self,
        shown: ShownTicket<'_>,
        (username, password): (&str, &str),
        locale: Option<Locale>,
        context: &Context,
    ) -> Result<Account, RegisterError> {
        let purpose = match self.purpose_of(shown).await? {
            Some(TicketPurpose::Invite) => TicketPurpose::Invite,
            _ => TicketPurpose::Register,
        };
        let shown = self.presented(shown)?;
        let ticket = self.look_at(shown, purpose, context).await?;
        self.still_offers(&ticket).await?;
        let role = self.offered_role(&ticket).ok_or(TicketError::Invalid)?;
        let username = Username::parse(username)?;
        let hash = self.hash_new_password(password, &username, context).await.map_err(TicketError::from)?;
        let account = NewAccount {
            role,
            password_hash: Some(hash),
            locale,
            ..NewAccount::new(AccountId::random(&self.random), username)
        };
        let email = EmailId::random(&self.random);
        let registration = AccountRegistration { shown, account, email };
        match self.make_with_ticket(&ticket, registration, context).await? {
            RegisterOutcome::Done(account) => {
                self.tell_after_create(&account, context).await;
                Ok(*account)
            }
            RegisterOutcome::Invalid => Err(TicketError::Invalid.into()),
            RegisterOutcome::NameTaken => Err(RegisterError::NameTaken),
            RegisterOutcome::LooksAlike => Err(RegisterError::LooksAlike),
        }
    }

    /// SECURITY: whoever has one ticket must not read every name of an account off it, so a name that is refused counts as a wrong
    /// guess at the ticket (TH-3).
    async fn make_with_ticket(
        &self,
        ticket: &Ticket,
        registration: AccountRegistration,
        context: &Context,
    ) -> Result<RegisterOutcome, TicketError> {
        // No account has such a name.
        let name = format!("\0names of ticket {}", ticket.id);
        let mut outcome = RegisterOutcome::Invalid;
        self.attempt(&name, context, async |_| {
            outcome = self.store.register(registration, context).await?;
            let is_refused = matches!(outcome, RegisterOutcome::NameTaken | RegisterOutcome::LooksAlike);
            Ok(if is_refused { Checked::Wrong(None) } else { Checked::Right(()) })
        })
        .await?;
        Ok(outcome)
    }

    /// Whether the account that a ticket offers can still be made: who can register may have changed since, and somebody may
    /// have verified the address.
    pub(crate) async fn still_offers(&self, ticket: &Ticket) -> Result<(), TicketError> {
        if self.may_register(ticket.purpose, None).is_err() {
            return Err(TicketError::Invalid);
        }
        let found = self.store.account_of_address(&ticket.address, EmailClaim::Verified).await?;
        if found.is_some() { Err(TicketError::Invalid) } else { Ok(()) }
    }

    /// Whether people can make an account in this way; with this address, if there is one. What is refused says nothing about
    /// people.
    pub(crate) fn may_register(
        &self,
        purpose: TicketPurpose,
        address: Option<&EmailAddress>,
    ) -> Result<(), TicketError> {
        let options = &self.options.registration;
        let is_open = match options.mode {
            RegistrationMode::Off => false,
            RegistrationMode::Open => true,
            RegistrationMode::Invite => purpose == TicketPurpose::Invite,
        };
        if !is_open {
            return Err(TicketError::RegistrationOff);
        }
        if address.is_some_and(|address| !options.allows(address)) {
            return Err(TicketError::DomainNotAllowed);
        }
        Ok(())
    }
}
