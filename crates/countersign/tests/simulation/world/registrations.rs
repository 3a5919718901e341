//! Registration by mail: somebody without an account asks for a mail, and makes one with what it brings, perhaps twice. Of those who
//! were told so, everybody signs in at the end of a life.

use countersign::internal::base::id::AccountId;
use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::email::MailPurpose;
use countersign::internal::flows::password_change::PasswordChangeError;
use countersign::internal::flows::register::RegisterError;
use countersign::internal::flows::tickets::TicketError;
use countersign::internal::model::account::{Account, Username};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::email::EmailClaim;
use countersign::store::{AccountStore as _, EmailStore as _, SessionStore as _, TicketStore as _};

use super::mail::Shown;
use super::mails::MailCall;
use super::{Call, Done, Running, Server, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::{Task, now};

/// Whose registration was acknowledged.
pub(super) struct Newcomer {
    account: AccountId,
    name: String,
    password: String,
}

/// An account is made with a mail.
#[derive(Clone, Debug)]
pub(super) struct RegisterCall {
    mail: usize,
    shown: Shown,
    name: String,
    password: String,
}

impl World {
    /// With one of a few addresses, or with one that a person has.
    pub(super) fn asks_to_register(&mut self) {
        let address = self.newcomers_address();
        self.send(0, Call::Mail(MailCall::Ask(MailPurpose::Register, address)));
    }

    pub(super) fn newcomers_address(&self) -> String {
        match self.below(5) {
            0 => format!("{}@example.org", self.people[0].name),
            number => format!("new{number}@example.org"),
        }
    }

    /// Under one of a few names, so that some are taken.
    pub(super) fn registration(&self, mail: usize, shown: Shown) -> RegisterCall {
        let name = format!("newcomer{}", self.below(6));
        RegisterCall { mail, shown, name, password: format!("a newcomer's horse, number {}", self.ids) }
    }

    pub(super) fn start_registration(
        &self,
        call: &RegisterCall,
        server: Server,
        context: Context,
    ) -> Task<Done> {
        let RegisterCall { mail, shown, name, password } = call.clone();
        let (link, code, flow) = self.mails[mail].to_show(shown);
        Box::pin(async move {
            let shown = shown.of(&link, &code, flow.as_ref());
            Done::Registered(server.register(shown, (&name, &password), None, &context).await)
        })
    }

    pub(super) fn registered(
        &mut self,
        outcome: Result<Account, RegisterError>,
        running: &Running,
        call: &RegisterCall,
    ) -> Verdict {
        let RegisterCall { mail, shown, name, password } = call;
        let (id, clock) = (self.mails[*mail].ticket, running.context.now);
        match outcome {
            Ok(account) => {
                ensure(*shown != Shown::WrongCode, || format!("EM-1: a wrong code was enough for {id}"))?;
                self.auditor.acted(id, running.request.attempt, clock)?;
                let (name, password) = (name.clone(), password.clone());
                self.newcomers.push(Newcomer { account: account.id, name, password });
                Ok(())
            }
            Err(RegisterError::NameTaken) => {
                let name = Username::parse(name).unwrap();
                let store = &self.nodes[0].server.store().inner;
                let found = now(store.account_for_login(&name)).map_err(|error| error.to_string())?;
                ensure(found.is_some(), || format!("{name:?} is free, and was refused"))
            }
            Err(RegisterError::Ticket(TicketError::Invalid)) => {
                self.registration_refused(*mail, *shown, clock)
            }
            Err(RegisterError::Ticket(TicketError::Password(PasswordChangeError::Check(
                CheckError::Throttled(_),
            )))) => Ok(()),
            Err(error) => Err(format!("a registration failed: {error}")),
        }
    }

    fn registration_refused(&mut self, mail: usize, shown: Shown, clock: countersign::Timestamp) -> Verdict {
        let id = self.mails[mail].ticket;
        if shown == Shown::WrongCode {
            self.auditor.guessed(id, clock);
            return Ok(());
        }
        let store = &self.nodes[0].server.store().inner;
        let error = |error: countersign::store::StoreError| error.to_string();
        let Some(ticket) = now(store.find_ticket(id)).map_err(error)? else { return Ok(()) };
        let taken = now(store.account_of_address(&ticket.address, EmailClaim::Verified)).map_err(error)?;
        let must = ticket.account_id.is_none()
            && ticket.payload.is_some()
            && taken.is_none()
            && self.auditor.is_unused(id, clock);
        ensure(!must, || format!("EM-1: {id} is good, and made no account"))
    }

    /// Of somebody who has made an account with an address that one of the people had given up. If nobody told them of it, they
    /// are not known.
    pub(super) fn newcomers_password_is_set(&mut self, account: Option<AccountId>, new: &str) -> Verdict {
        ensure(account.is_some(), || "EM-1: nobody's password was set".to_owned())?;
        for newcomer in self.newcomers.iter_mut().filter(|newcomer| Some(newcomer.account) == account) {
            new.clone_into(&mut newcomer.password);
        }
        Ok(())
    }

    /// At the end of a life: no acknowledged registration is lost.
    pub(super) fn newcomers_sign_in(&mut self) -> Verdict {
        for Newcomer { account, name, password } in &self.newcomers {
            let context = Context::local(Actor::Anonymous, self.now(0));
            let proved = now(self.server(0).authenticate(name, password, &context));
            let proved = proved.map_err(|error| format!("CC-5: {name} was told of an account: {error}"))?;
            let signed_in = now(self.server(0).start_session(proved, None, &context));
            let signed_in = signed_in.map_err(|error| format!("CC-5: {name} cannot sign in: {error}"))?;
            let id = signed_in.session_id;
            let session =
                now(self.server(0).store().inner.find_session(id)).map_err(|error| error.to_string())?;
            let is_theirs = session.is_some_and(|session| session.account_id == *account);
            ensure(is_theirs, || format!("CC-5: {name} signs in to another account than the one made"))?;
        }
        self.audit_records(&[], None)?;
        Ok(())
    }
}
