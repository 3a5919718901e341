//! The secrets of tickets: derived from their IDs under the key of the outbox when a mail is rendered, and hashed for the store.
//! Nothing that is stored is enough to make one. And looking at what somebody shows of a ticket.

use std::fmt::{self, Write as _};
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::Countersign;
use crate::base::digest::{mac16, sha256};
use crate::base::id::TicketId;
use crate::base::master_key::{Purpose, SealError};
use crate::base::requester::Network;
use crate::flows::attempt::{CheckError, Checked};
use crate::flows::password_change::PasswordChangeError;
use crate::model::account::{Credentials, EmailAddress, Role};
use crate::model::context::Context;
use crate::model::outbox::{Contents, MailContents, MailTemplate, MailTicket};
use crate::model::ticket::{
    CODE_TRIES, FlowCookie, NewTicket, Offer, PresentedTicket, Ticket, TicketPurpose,
};
use crate::store::{Store, StoreError};

/// Why something that needs a ticket was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// Nothing is done by mail here ([`EmailOptions`](crate::options::EmailOptions)).
    #[error("nothing is done by mail here")]
    Off,
    /// Nobody can make an account in this way here ([`RegistrationOptions`](crate::options::RegistrationOptions)).
    #[error("registration is not open here")]
    RegistrationOff,
    /// Only addresses of some domains can register here, and this is of another one.
    #[error("addresses of this domain cannot register here")]
    DomainNotAllowed,
    /// What was shown is no ticket for this, was used or has expired, or what it is bound to has changed: one answer for all (EM-1).
    #[error("this link or code is not valid any more")]
    Invalid,
    /// The new password is not good enough or could not be hashed, too much was guessed, or the store did not answer.
    #[error(transparent)]
    Password(#[from] PasswordChangeError),
    /// A mail could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<CheckError> for TicketError {
    fn from(error: CheckError) -> Self {
        Self::Password(error.into())
    }
}

impl From<StoreError> for TicketError {
    fn from(error: StoreError) -> Self {
        CheckError::from(error).into()
    }
}

/// What somebody shows of a ticket.
#[derive(Clone, Copy)]
pub enum ShownTicket<'a> {
    /// The token of the link.
    Link(&'a str),
    /// The code that was typed, and what the browser keeps that asked for it.
    Code(&'a str, &'a FlowCookie),
    /// The token of the link, and what the browser keeps that asked for it, where the link was opened.
    OwnLink(&'a str, &'a FlowCookie),
    /// What the browser keeps that asked, of a ticket that was approved elsewhere.
    Browser(&'a FlowCookie),
}

impl fmt::Debug for ShownTicket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownTicket([redacted])")
    }
}

/// The secrets of a ticket, as a mail shows them.
pub(crate) struct TicketSecrets {
    /// The last part of the link, 43 characters.
    pub(crate) link: Zeroizing<String>,
    /// Eight digits.
    pub(crate) code: Zeroizing<String>,
}

/// A mail with a ticket that somebody asks for.
pub(crate) struct Asked<'a> {
    pub(crate) purpose: TicketPurpose,
    pub(crate) template: MailTemplate,
    pub(crate) to: &'a EmailAddress,
    /// The account that it is for; none: nobody can use it, and it is not sent.
    pub(crate) account: Option<&'a Credentials>,
    /// The language of the request; that of the account goes before it.
    pub(crate) locale: Option<String>,
    /// The role of the account that is made with it, if the address has none.
    pub(crate) offers: Option<&'a Role>,
    pub(crate) by: AskedBy,
}

/// Who asks for a mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedBy {
    /// Somebody on the network who says that the address is theirs: the mail says from where, and one network gets so many.
    Anybody,
    /// An administrator for somebody else, who has no browser to type a code into. The mail does not say where administrators
    /// sit, and their mails are not counted with those of their network.
    Administrator,
}

impl<S: Store> Countersign<S> {
    /// A ticket with its mail, and what the browser keeps that asked for it. Makes the same of an address that nobody has.
    pub(crate) fn new_ticket(
        &self,
        asked: Asked<'_>,
        context: &Context,
    ) -> Result<(NewTicket, FlowCookie), SealError> {
        let id = TicketId::random(&self.random);
        let cookie = FlowCookie::of(id, &self.random);
        let secrets = self.ticket_secrets(id);
        let is_asked_for = asked.by == AskedBy::Anybody;
        // It is sealed for an address that somebody has too, so that the work is the same (EN-4).
        let payload = asked.offers.map(|role| self.seal_offer(id, role)).transpose()?;
        let expires_at = context.now.plus(asked.purpose.lifetime());
        let ticket = Ticket {
            id,
            purpose: asked.purpose,
            account_id: asked.account.map(|found| found.account.id),
            address: asked.to.clone(),
            password_version: asked.account.map(|found| found.password_version),
            code_hash: is_asked_for.then(|| self.code_hash(id, &secrets.code)),
            browser_hash: is_asked_for.then(|| cookie.hash()),
            tries_left: CODE_TRIES,
            payload: match payload {
                Some(offered) => Some(offered).filter(|_| asked.account.is_none()),
                None => self.facts_for(asked.purpose, id, context)?,
            },
            source: context.address.filter(|_| is_asked_for).map(|address| self.mail_source(address)),
            created_at: context.now,
            expires_at,
            consumed_at: None,
            approved_at: None,
        };
        let mut mail = MailContents::new(asked.to.as_str(), asked.template);
        let account = asked.account.map(|found| &found.account);
        mail.locale = self.mail_language(account, asked.locale);
        // SECURITY: the mail of nobody is not sent; it has a name all the same, which takes its time (EN-4).
        let name = asked.account.map_or(asked.to.as_str(), |found| found.account.username.as_str());
        mail.parameters.username = Some(name.to_owned());
        mail.parameters.ticket = Some(MailTicket { id, expires_at, has_code: is_asked_for });
        if is_asked_for {
            mail.parameters.requester = context.address;
            mail.parameters.user_agent.clone_from(&context.user_agent);
        }
        mail.parameters.at = Some(context.now);
        let mail = Some(self.delivery(&Contents::Mail(mail), context.now)?);
        Ok((NewTicket { ticket, secret_hash: sha256(secrets.link.as_bytes()), mail }, cookie))
    }

    /// What to show in the mail of a ticket; nothing if it is not to be sent, because nobody can use the ticket (any more).
    ///
    /// # Errors
    /// [`StoreError`] when the store did not answer.
    pub(crate) async fn secrets_for_mail(
        &self,
        ticket: &MailTicket,
    ) -> Result<Option<TicketSecrets>, StoreError> {
        let found = self.store.find_ticket(ticket.id).await?;
        let is_usable = found.is_some_and(|found| found.is_alive(self.clock.now()) && found.is_somebodys());
        Ok(is_usable.then(|| self.ticket_secrets(ticket.id)))
    }

    /// Every mail that waits, the oldest first, with the link and the code of those that would be sent with one.
    #[cfg(feature = "internal-testing")]
    #[doc(hidden)]
    pub async fn waiting_mails(&self) -> Result<Vec<(MailContents, Option<(String, String)>)>, StoreError> {
        let query = crate::model::outbox::DeliveryQuery { limit: 1_000, ..Default::default() };
        let mut mails = Vec::new();
        for delivery in self.store.list_deliveries(query).await? {
            let Ok(Contents::Mail(mail)) = self.outbox_key.contents(&delivery) else { continue };
            let secrets = match &mail.parameters.ticket {
                Some(ticket) => self.secrets_for_mail(ticket).await?,
                None => None,
            };
            mails.push((mail, secrets.map(|it| (it.link.to_string(), it.code.to_string()))));
        }
        Ok(mails)
    }

    /// The payload of a ticket for a new account.
    fn seal_offer(&self, id: TicketId, role: &Role) -> Result<Vec<u8>, SealError> {
        let offer = serde_json::to_vec(&Offer { role: role.as_str().to_owned() });
        let offer = offer.map_err(|_| SealError::Forged)?;
        self.outbox_key.seal(Purpose::TicketPayload, &offer, id.as_bytes(), &self.random)
    }

    /// The role of the account that is made with a ticket; none if it is for no new account, or not ours.
    pub(crate) fn offered_role(&self, ticket: &Ticket) -> Option<Role> {
        let sealed = ticket.payload.as_deref()?;
        let offer = self.outbox_key.open(Purpose::TicketPayload, sealed, ticket.id.as_bytes()).ok()?;
        Role::parse(&serde_json::from_slice::<Offer>(&offer).ok()?.role).ok()
    }

    pub(crate) fn ticket_secrets(&self, id: TicketId) -> TicketSecrets {
        let link = self.outbox_key.derive(Purpose::TicketLink, id.as_bytes());
        let code = self.outbox_key.derive(Purpose::TicketCode, id.as_bytes());
        let number = code.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes)) % 100_000_000;
        let mut digits = Zeroizing::new(String::with_capacity(CODE_DIGITS));
        let _ = write!(digits, "{number:08}");
        TicketSecrets { link: Zeroizing::new(URL_SAFE_NO_PAD.encode(link.as_slice())), code: digits }
    }

    /// There are so few codes that the hash of one tells it, unless a key is in it.
    fn code_hash(&self, id: TicketId, code: &str) -> [u8; 32] {
        let key = self.outbox_key.derive(Purpose::TicketCodeHash, id.as_bytes());
        sha256(&Zeroizing::new([key.as_slice(), code.as_bytes()].concat()))
    }

    /// Stands for the network of an address, and gives no list of addresses away.
    fn mail_source(&self, address: IpAddr) -> [u8; 16] {
        let network = format!("{:?}", Network::of(address));
        mac16(&self.account_names, &[b"mail source", network.as_bytes()])
    }

    /// What is shown, as a store compares it.
    pub(crate) fn presented(&self, shown: ShownTicket<'_>) -> Result<PresentedTicket, TicketError> {
        if !self.options.email.enabled {
            return Err(TicketError::Off);
        }
        match shown {
            ShownTicket::Link(token) => Ok(PresentedTicket::Link { secret_hash: sha256(token.as_bytes()) }),
            ShownTicket::Code(typed, cookie) => {
                let code = code_of(typed).ok_or(TicketError::Invalid)?;
                let (id, browser_hash) = (cookie.ticket_id(), cookie.hash());
                Ok(PresentedTicket::Code { id, browser_hash, code_hash: self.code_hash(id, &code) })
            }
            ShownTicket::OwnLink(token, cookie) => {
                let (secret_hash, browser_hash) = (sha256(token.as_bytes()), cookie.hash());
                Ok(PresentedTicket::OwnLink { secret_hash, browser_hash })
            }
            ShownTicket::Browser(cookie) => {
                Ok(PresentedTicket::Browser { id: cookie.ticket_id(), browser_hash: cookie.hash() })
            }
        }
    }

    /// The ticket that is shown, without using it. A code is a guess like any other, so it is counted before it is looked at
    /// (TH-3); the secret of a link cannot be guessed.
    pub(crate) async fn look_at(
        &self,
        shown: PresentedTicket,
        purpose: TicketPurpose,
        context: &Context,
    ) -> Result<Ticket, TicketError> {
        let found = match shown {
            PresentedTicket::Link { .. }
            | PresentedTicket::OwnLink { .. }
            | PresentedTicket::Browser { .. } => self.store.look_at_ticket(shown, purpose, context).await?,
            PresentedTicket::Code { id, .. } => {
                // No account has such a name.
                let name = format!("\0ticket {id}");
                self.attempt(&name, context, async |_| {
                    let found = self.store.look_at_ticket(shown, purpose, context).await?;
                    Ok(found.map_or(Checked::Wrong(None), Checked::Right))
                })
                .await?
            }
        };
        found.ok_or(TicketError::Invalid)
    }
}

/// The digits of a code, as somebody types them: with spaces or hyphens between.
fn code_of(typed: &str) -> Option<Zeroizing<String>> {
    if typed.len() > 4 * CODE_DIGITS {
        return None;
    }
    let digits: Zeroizing<String> =
        Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect());
    let is_code = digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(digits)
}

const CODE_DIGITS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["01234567", " 0123 4567 ", "0123-4567", "01 23 45 67"] {
            assert_eq!(code_of(typed).unwrap().as_str(), "01234567", "{typed}");
        }
        for typed in ["", "0123456", "012345678", "0123456a", "０１２３４５６７", &" ".repeat(40)] {
            assert!(code_of(typed).is_none(), "{typed}");
        }
    }
}
