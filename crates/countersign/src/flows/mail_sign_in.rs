//! Signing in by mail: with the code of a mail or its link, in place of a password. What follows is what follows a password
//! ([`Countersign::start_session`]), in the transaction that uses the ticket up. And letting the browser that asked go on, from
//! the one that the mail was opened in.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Serialize};

use crate::Countersign;
use crate::base::id::TicketId;
use crate::base::master_key::{Purpose, SealError};
use crate::flows::figures::LoginResult;
use crate::flows::login::{Authenticated, LoginError};
use crate::flows::password_change::PasswordChangeError;
use crate::flows::tickets::{ShownTicket, TicketError};
use crate::model::context::Context;
use crate::model::proof::Proof;
use crate::model::ticket::{ApproveOutcome, FlowCookie, SignInApproval, Ticket, TicketPurpose};
use crate::store::Store;

/// From where a sign-in was asked for, as far as it is known: for whoever opens its mail elsewhere.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct SignInFacts {
    /// The network address.
    pub(crate) address: Option<IpAddr>,
    /// What the browser calls itself.
    pub(crate) user_agent: Option<String>,
}

impl<S: Store> Countersign<S> {
    /// Takes the code of a mail, or its link in the browser that asked, for what a password is taken for elsewhere. Nothing is changed
    /// but the audit log and the count of failures: [`start_session`](Self::start_session) uses the ticket up, and gives
    /// [`LoginError::InvalidCredentials`] if somebody else has done so.
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`], and [`TicketError::Password`] for too many guesses and the store.
    pub async fn authenticate_by_mail(
        &self,
        shown: ShownTicket<'_>,
        context: &Context,
    ) -> Result<Authenticated, TicketError> {
        self.by_mail_for(TicketPurpose::SignIn)?;
        let outcome = self.prove_by_mail(shown, context).await;
        if let Err(error) = &outcome {
            self.figures.logins.increment(result(error));
        }
        outcome
    }

    async fn prove_by_mail(
        &self,
        shown: ShownTicket<'_>,
        context: &Context,
    ) -> Result<Authenticated, TicketError> {
        let shown = self.presented(shown)?;
        let ticket = self.look_at(shown, TicketPurpose::SignIn, context).await?;
        let (id, version) = ticket.account_id.zip(ticket.password_version).ok_or(TicketError::Invalid)?;
        let account = self.store.find_account(id).await?.ok_or(TicketError::Invalid)?;
        let (cookie, name) = (context.device_cookie.as_ref(), account.username.canonical());
        let device = self.devices.remember(cookie, name, context.now, &self.random);
        let requester = self.requester(&account.username, context);
        let proved = Authenticated::new(account, requester, Proof::Mail { version });
        Ok(Authenticated { device: Some(device), ticket: Some(shown), ..proved })
    }

    /// What the ticket that is shown is for, if there is one. Anybody may know.
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`] for what is no code, and [`TicketError::Password`] for the store.
    pub async fn purpose_of(&self, shown: ShownTicket<'_>) -> Result<Option<TicketPurpose>, TicketError> {
        let found = self.store.find_ticket_of(self.presented(shown)?).await?;
        Ok(found.map(|ticket| ticket.purpose))
    }

    /// What somebody has proved for the browser that asked, if they have let it go on; nothing for whatever else there may be: nobody
    /// has opened the mail, the address is unknown, the digits were wrong, the time is over (EN-4).
    ///
    /// # Errors
    /// [`TicketError::Off`], and [`TicketError::Password`] for the store.
    pub async fn approved_sign_in(
        &self,
        flow: &FlowCookie,
        context: &Context,
    ) -> Result<Option<Authenticated>, TicketError> {
        self.by_mail_for(TicketPurpose::SignIn)?;
        // One look, whatever is found: browsers ask every second.
        let found = self.store.find_ticket(flow.ticket_id()).await?;
        let is_approved = |ticket: &Ticket| {
            ticket.approved_at.is_some() && ticket.is_alive(context.now) && ticket.is_of_browser(&flow.hash())
        };
        if !found.as_ref().is_some_and(is_approved) {
            return Ok(None);
        }
        match self.authenticate_by_mail(ShownTicket::Browser(flow), context).await {
            Err(TicketError::Invalid) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Lets the browser go on that asked for the mail with this link, if these are the digits that it shows. There is one try. Whoever
    /// calls this is not signed in. To be run to its end (CC-6).
    ///
    /// # Errors
    /// [`TicketError::Off`], [`TicketError::Invalid`], and [`TicketError::Password`] for the store.
    pub async fn approve_sign_in(
        &self,
        token: &str,
        digits: &str,
        context: &Context,
    ) -> Result<(), TicketError> {
        self.by_mail_for(TicketPurpose::SignIn)?;
        if self.options.email.same_browser_only {
            return Err(TicketError::Invalid);
        }
        let shown = self.presented(ShownTicket::Link(token))?;
        let ticket = self.store.find_ticket_of(shown).await?.ok_or(TicketError::Invalid)?;
        let right = self.digits(ticket.id);
        let is_right = verify_slices_are_equal(right.as_bytes(), digits.as_bytes()).is_ok();
        match self.store.approve_sign_in(SignInApproval { shown, is_right }, context).await? {
            ApproveOutcome::Approved => Ok(()),
            ApproveOutcome::Invalid => Err(TicketError::Invalid),
        }
    }

    /// The two digits that the browser shows that asked for a mail. They are made of the ticket's ID alone, so there are some for an
    /// unknown address too (EN-4). Whoever knows them can do nothing without the mail.
    #[must_use]
    pub fn sign_in_digits(&self, flow: &FlowCookie) -> String {
        self.digits(flow.ticket_id())
    }

    fn digits(&self, id: TicketId) -> String {
        let secret = self.outbox_key.derive(Purpose::TicketDigits, id.as_bytes());
        let number = secret.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)) % 100;
        format!("{number:02}")
    }

    /// From where a sign-in is asked for, sealed into its ticket; nothing for other purposes.
    pub(crate) fn facts_for(
        &self,
        purpose: TicketPurpose,
        id: TicketId,
        context: &Context,
    ) -> Result<Option<Vec<u8>>, SealError> {
        if purpose != TicketPurpose::SignIn {
            return Ok(None);
        }
        let facts = SignInFacts { address: context.address, user_agent: context.user_agent.clone() };
        let plain = serde_json::to_vec(&facts).map_err(|_| SealError::Forged)?;
        self.outbox_key.seal(Purpose::TicketFacts, &plain, id.as_bytes(), &self.random).map(Some)
    }

    /// What was sealed; nothing of what this version cannot read.
    pub(crate) fn facts_of(&self, ticket: &Ticket) -> SignInFacts {
        let opened = ticket
            .payload
            .as_ref()
            .and_then(|sealed| self.outbox_key.open(Purpose::TicketFacts, sealed, ticket.id.as_bytes()).ok());
        opened.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default()
    }
}

/// What a sign-in by mail that failed is counted as.
const fn result(error: &TicketError) -> LoginResult {
    match error {
        TicketError::Invalid => LoginResult::Wrong,
        TicketError::Password(PasswordChangeError::Check(error)) => LoginError::of_check(error),
        TicketError::Off
        | TicketError::RegistrationOff
        | TicketError::DomainNotAllowed
        | TicketError::Password(_)
        | TicketError::Seal(_) => LoginResult::Error,
    }
}
