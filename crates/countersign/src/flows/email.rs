//! E-mail addresses of accounts, and asking for mails. Whoever asks learns nothing about an address: the same work is done for
//! one that nobody has, up to a ticket that nobody can use and a mail that is not sent (EN-4).

use crate::Countersign;
use crate::base::id::{AccountId, EmailId};
use crate::flows::api_keys::OwnerProof;
use crate::flows::owner::OwnerError;
use crate::flows::tickets::{Asked, AskedBy, ShownTicket, TicketError};
use crate::model::account::{Credentials, EmailAddress, Role};
use crate::model::context::Context;
use crate::model::email::{AccountEmail, AddEmailOutcome, EmailClaim, NewEmail};
use crate::model::outbox::MailTemplate;
use crate::model::proof::Proof;
use crate::model::ticket::{FlowCookie, StartTicketOutcome, Ticket, TicketPurpose, VerifyOutcome, is_owned};
use crate::store::{Store, StoreError};

/// What anybody can ask for by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPurpose {
    /// To verify an address that somebody has added to their account.
    Verify,
    /// To set another password.
    Reset,
    /// To sign in.
    SignIn,
    /// To make an account, whose owner has shown first that they read the mail of the address.
    Register,
}

impl MailPurpose {
    /// What the ticket in the mail is for.
    pub(crate) const fn of_ticket(self) -> TicketPurpose {
        match self {
            Self::Verify => TicketPurpose::Verify,
            Self::Reset => TicketPurpose::Reset,
            Self::SignIn => TicketPurpose::SignIn,
            Self::Register => TicketPurpose::Register,
        }
    }
}

/// A mail that somebody asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MailRequest {
    /// What for.
    pub purpose: MailPurpose,
    /// The address, as it was typed.
    pub address: EmailAddress,
    /// The language that they read, as a tag of BCP 47 ([`Countersign::asked_locale`]). If an account has the address and a language of
    /// its own, the mail is in that.
    pub locale: Option<String>,
    /// What their browser keeps of the last mail that it asked for.
    pub flow: Option<FlowCookie>,
}

impl MailRequest {
    /// A mail for this purpose to this address.
    #[must_use]
    pub const fn new(purpose: MailPurpose, address: EmailAddress) -> Self {
        Self { purpose, address, locale: None, flow: None }
    }
}

/// Why an account has no other addresses than before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// The account has no such address, or is not there.
    #[error("there is no such address")]
    NotFound,
    /// It is not verified, so no notices go to it.
    #[error("the address is not verified")]
    NotVerified,
    /// Whoever asks does not count as the owner.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// Another request changed the password, or the addresses, in the meantime.
    #[error("the account was changed in the meantime")]
    Overtaken,
    /// It is verified already.
    #[error("the address is verified already")]
    AlreadyVerified,
    /// The account has no address that is verified, so nothing can be sent to its owner.
    #[error("the account has no verified address")]
    NoneVerified,
    /// Nobody can use a mail for an account that is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// There have been enough mails to this address or this account for now.
    #[error("there have been enough mails for now")]
    TooManyMails,
    /// The account has as many as may be.
    #[error("the account has {} addresses: remove one first", crate::model::email::MAX_EMAILS)]
    TooMany,
    /// Nothing is done by mail here, the mail could not be made, or the store did not answer.
    #[error(transparent)]
    Ticket(#[from] TicketError),
}

impl From<StoreError> for EmailError {
    fn from(error: StoreError) -> Self {
        TicketError::from(error).into()
    }
}

impl<S: Store> Countersign<S> {
    /// Sends a mail with a ticket, if an account has the address and there have not been too many. Whoever asks gets a cookie
    /// that looks the same in any case, in the same time (EN-4).
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Seal`], and [`TicketError::Password`] for the store.
    pub async fn request_mail(
        &self,
        request: MailRequest,
        context: &Context,
    ) -> Result<FlowCookie, TicketError> {
        let MailRequest { purpose, address, locale, flow } = request;
        let claim = match purpose {
            MailPurpose::Verify => EmailClaim::Unverified,
            MailPurpose::Reset | MailPurpose::SignIn | MailPurpose::Register => EmailClaim::Verified,
        };
        self.by_mail_for(purpose.of_ticket())?;
        if purpose == MailPurpose::Register {
            self.may_register(TicketPurpose::Register, Some(&address))?;
        }
        let found = self.store.account_of_address(&address, claim).await?;
        let enabled = found.as_ref().filter(|found| found.account.is_enabled());
        let (template, account) = match (purpose, &found) {
            (MailPurpose::Verify, _) => (MailTemplate::Verify, enabled),
            (MailPurpose::Reset, _) => (MailTemplate::Reset, enabled),
            // Whoever signs in can take an account back that is to be deleted.
            (MailPurpose::SignIn, found) => {
                (MailTemplate::SignIn, found.as_ref().filter(|found| found.account.knows_its_owner()))
            }
            // Whoever is there is told so by a mail without a link, and whoever asked is not. A disabled account keeps its address.
            (MailPurpose::Register, Some(found)) => (MailTemplate::AlreadyRegistered, Some(found)),
            (MailPurpose::Register, None) => (MailTemplate::Register, None),
        };
        let purpose = purpose.of_ticket();
        let role = Role::default();
        let offers = (purpose == TicketPurpose::Register).then_some(&role);
        let asked = Asked { purpose, template, to: &address, account, locale, offers, by: AskedBy::Anybody };
        let (outcome, cookie) = self.start(asked, context).await?;
        // The code of the mail that was sent a moment ago is still good in this browser.
        Ok(flow.filter(|_| outcome == StartTicketOutcome::Limited).unwrap_or(cookie))
    }

    pub(crate) async fn start(
        &self,
        asked: Asked<'_>,
        context: &Context,
    ) -> Result<(StartTicketOutcome, FlowCookie), TicketError> {
        let (new, cookie) = self.new_ticket(asked, context)?;
        Ok((self.store.start_ticket(new, self.options.email.limits, context).await?, cookie))
    }

    pub(crate) fn by_mail(&self) -> Result<(), TicketError> {
        if self.options.email.enabled { Ok(()) } else { Err(TicketError::Off) }
    }

    /// Whether something is done by mail here.
    pub(crate) fn by_mail_for(&self, purpose: TicketPurpose) -> Result<(), TicketError> {
        self.by_mail()?;
        let is_on = purpose != TicketPurpose::SignIn || self.options.email.sign_in;
        if is_on { Ok(()) } else { Err(TicketError::Off) }
    }

    /// The ticket of a link, if it is still good. It changes nothing (EM-2).
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`], and [`TicketError::Password`] for the store.
    pub async fn ticket_of_link(&self, token: &str, context: &Context) -> Result<Ticket, TicketError> {
        let shown = self.presented(ShownTicket::Link(token))?;
        let ticket = self.store.find_ticket_of(shown).await?.ok_or(TicketError::Invalid)?;
        self.by_mail_for(ticket.purpose)?;
        let account = match ticket.account_id {
            Some(id) => self.store.credentials(id).await?,
            None => None,
        };
        let is_for_new = matches!(ticket.purpose, TicketPurpose::Register | TicketPurpose::Invite);
        if is_for_new {
            self.still_offers(&ticket).await?;
        }
        let is_good = ticket.is_alive(context.now) && is_owned(&ticket, account.as_ref());
        if is_good { Ok(ticket) } else { Err(TicketError::Invalid) }
    }

    /// Verifies an address with the ticket that was sent to it; gives the account.
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`], and [`TicketError::Password`] for too many guesses and the store.
    pub async fn verify_email(
        &self,
        shown: ShownTicket<'_>,
        context: &Context,
    ) -> Result<AccountId, TicketError> {
        let shown = self.presented(shown)?;
        self.look_at(shown, TicketPurpose::Verify, context).await?;
        match self.store.verify_email(shown, context).await? {
            VerifyOutcome::Done(account) => Ok(account),
            VerifyOutcome::Invalid => Err(TicketError::Invalid),
        }
    }

    /// The addresses of an account, in the order in which they were added.
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub async fn emails(&self, account: AccountId) -> Result<Vec<AccountEmail>, StoreError> {
        self.store.emails(account).await
    }

    /// Adds an address to the account whose owner has proved to be there, unless it has it, and sends the mail that verifies it:
    /// the mail of an address is worth as much as the password. To be run to its end (CC-6).
    ///
    /// # Errors
    /// [`EmailError::NotFound`], [`EmailError::TooMany`], [`EmailError::Overtaken`], [`EmailError::Ticket`].
    pub async fn add_own_email(
        &self,
        owner: OwnerProof,
        new: (EmailAddress, Option<String>),
        context: &Context,
    ) -> Result<(AccountEmail, FlowCookie), EmailError> {
        self.add_email_to((owner.account, Some(owner.proof)), new, context).await
    }

    /// The same, by somebody who need not show the owner's password.
    ///
    /// # Errors
    /// As [`Countersign::add_own_email`], but `Overtaken`.
    pub async fn add_email(
        &self,
        account: AccountId,
        new: (EmailAddress, Option<String>),
        context: &Context,
    ) -> Result<(AccountEmail, FlowCookie), EmailError> {
        self.add_email_to((account, None), new, context).await
    }

    async fn add_email_to(
        &self,
        (account, checked): (AccountId, Option<Proof>),
        (address, locale): (EmailAddress, Option<String>),
        context: &Context,
    ) -> Result<(AccountEmail, FlowCookie), EmailError> {
        self.by_mail()?;
        let email = AccountEmail {
            id: EmailId::random(&self.random),
            account_id: account,
            address,
            verified_at: None,
            is_primary: false,
            created_at: context.now,
        };
        let email = match self.store.add_email(NewEmail { email, checked }, context).await? {
            AddEmailOutcome::There(email) => email,
            AddEmailOutcome::NoAccount => return Err(EmailError::NotFound),
            AddEmailOutcome::Overtaken => return Err(EmailError::Overtaken),
            AddEmailOutcome::TooMany => return Err(EmailError::TooMany),
        };
        let found = self.store.credentials(account).await?.ok_or(EmailError::NotFound)?;
        let cookie = self.ask_to_verify(&email, &found, locale, context).await?;
        Ok((email, cookie))
    }

    async fn ask_to_verify(
        &self,
        email: &AccountEmail,
        found: &Credentials,
        locale: Option<String>,
        context: &Context,
    ) -> Result<FlowCookie, TicketError> {
        let (purpose, template) = (TicketPurpose::Verify, MailTemplate::Verify);
        let account = email.verified_at.is_none().then_some(found);
        let (to, by) = (&email.address, AskedBy::Anybody);
        let asked = Asked { purpose, template, to, account, locale, offers: None, by };
        Ok(self.start(asked, context).await?.1)
    }
}
