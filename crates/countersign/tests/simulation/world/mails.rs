//! Mails: people add addresses, ask for mails, and use what these bring, by the link or by the code; others guess at codes.

use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::email::{MailPurpose, MailRequest};
use countersign::internal::flows::password_change::PasswordChangeError;
use countersign::internal::flows::tickets::TicketError;
use countersign::internal::model::account::EmailAddress;
use countersign::internal::model::audit::{AuditKind, AuditRecord};
use countersign::internal::model::context::Context;
use countersign::internal::model::email::EmailAction;
use countersign::internal::model::ticket::{CODE_TRIES, FlowCookie, TicketPurpose};

use super::mail::{Mail, Shown};
use super::{Call, Done, Event, Running, Server, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::{Task, now};

/// What a person does about mails.
#[derive(Clone, Copy, Debug)]
pub(super) enum MailEvent {
    Asks(usize),
    AddsAddress(usize),
    RemovesAddress(usize),
    /// One of the last mails, in whatever way.
    Uses,
    UsesLink(usize),
    GuessesCode,
}

#[derive(Clone, Debug)]
pub(super) enum MailCall {
    Ask(MailPurpose, String),
    Add(usize, String),
    Remove(usize),
    /// Which mail, and how often its account had changed by then.
    Use {
        mail: usize,
        shown: Shown,
        new: String,
        changes: u32,
    },
}

pub(super) enum MailDone {
    Asked(Result<FlowCookie, String>),
    Removed(Result<(), String>),
    Used(Result<(), TicketError>),
}

impl World {
    pub(super) fn mail_happens(&mut self, event: MailEvent) {
        match event {
            MailEvent::Asks(person) => self.asks_for_mail(person),
            MailEvent::AddsAddress(person) => self.adds_address(person),
            MailEvent::RemovesAddress(person) => self.removes_address(person),
            MailEvent::Uses => self.uses_mail(),
            MailEvent::UsesLink(mail) => self.use_mail(mail, Shown::Link, false),
            MailEvent::GuessesCode => self.guesses_code(),
        }
    }

    fn asks_for_mail(&mut self, person: usize) {
        let address = self.address(person);
        let purpose = if self.one_in(4) { MailPurpose::Verify } else { MailPurpose::Reset };
        self.send(0, Call::Mail(MailCall::Ask(purpose, address)));
    }

    fn adds_address(&mut self, person: usize) {
        let address = self.address(person);
        self.send(0, Call::Mail(MailCall::Add(person, address)));
    }

    fn removes_address(&mut self, person: usize) {
        self.send(0, Call::Mail(MailCall::Remove(person)));
    }

    /// One of the mails that came last.
    fn uses_mail(&mut self) {
        let Some(mail) = self.some_mail() else { return };
        let shown = self.pick(&[Shown::Link, Shown::Link, Shown::Code, Shown::WrongCode]);
        self.use_mail(mail, shown, false);
    }

    /// As many wrong codes as are looked at, at once, and the right link after them.
    fn guesses_code(&mut self) {
        let Some(mail) = self.some_mail().filter(|mail| self.mails[*mail].flow.is_some()) else { return };
        for _ in 0..CODE_TRIES {
            self.use_mail(mail, Shown::WrongCode, true);
        }
        self.soon(10_000, Event::Mail(MailEvent::UsesLink(mail)));
    }

    fn use_mail(&mut self, mail: usize, shown: Shown, at_once: bool) {
        // A store that loses what it has acknowledged has mails that the log does not tell of.
        let Some(known) = self.auditor.mails.tickets.get(&self.mails[mail].ticket) else { return };
        if known.purpose == TicketPurpose::SignIn {
            if at_once {
                self.guesses_sign_in(mail, shown);
            } else {
                self.signs_in_by_mail(mail, shown);
            }
            return;
        }
        let account = known.account;
        let person = self.people.iter().find(|person| Some(person.account) == account);
        let changes = person.map_or(0, |person| person.changes);
        let shown = if self.mails[mail].flow.is_none() { Shown::Link } else { shown };
        let new = format!("another horse staple by mail, number {}", self.ids);
        let call = match known.purpose {
            TicketPurpose::Register | TicketPurpose::Invite => Call::Register(self.registration(mail, shown)),
            _ => Call::Mail(MailCall::Use { mail, shown, new, changes }),
        };
        if at_once { self.send_now(0, call) } else { self.send(0, call) }
    }

    fn some_mail(&self) -> Option<usize> {
        let count = self.mails.len();
        (count > 0).then(|| count - 1 - usize::try_from(self.below(count.min(3) as u64)).unwrap())
    }

    /// Of each person's two, and one that both claim.
    fn address(&self, person: usize) -> String {
        let name = &self.people[person].name;
        match self.below(4) {
            0 => "both@example.org".to_owned(),
            1 => format!("{name}@example.net"),
            _ => format!("{name}@example.org"),
        }
    }

    pub(super) fn start_with_mail(&self, call: MailCall, server: Server, context: Context) -> Task<Done> {
        match call {
            MailCall::Ask(purpose, address) => {
                let request = MailRequest::new(purpose, EmailAddress::parse(&address).unwrap());
                Box::pin(async move {
                    let asked = server.request_mail(request, &context).await;
                    Done::Mail(MailDone::Asked(asked.map_err(|error| error.to_string())))
                })
            }
            MailCall::Add(person, address) => {
                let account = self.people[person].account;
                let address = EmailAddress::parse(&address).unwrap();
                Box::pin(async move {
                    let added = server.add_email(account, (address, None), &context).await;
                    let added = added.map(|(_, flow)| flow).map_err(|error| error.to_string());
                    Done::Mail(MailDone::Asked(added))
                })
            }
            MailCall::Remove(person) => {
                let account = self.people[person].account;
                Box::pin(async move {
                    let removed = async {
                        let emails = server.emails(account).await.map_err(|error| error.to_string())?;
                        // The first stays, or nobody could ask for another password any more.
                        let Some(email) = emails.get(1) else { return Ok(()) };
                        let _ =
                            server.change_email_of(account, EmailAction::Remove(email.id), &context).await;
                        Ok(())
                    };
                    Done::Mail(MailDone::Removed(removed.await))
                })
            }
            MailCall::Use { mail, shown, new, .. } => {
                let mail = &self.mails[mail];
                let (link, code, flow) = mail.to_show(shown);
                let purpose = self.auditor.mails.tickets[&mail.ticket].purpose;
                Box::pin(async move {
                    let shown = shown.of(&link, &code, flow.as_ref());
                    Done::Mail(MailDone::Used(match purpose {
                        TicketPurpose::Reset => server.reset_password(shown, &new, &context).await,
                        TicketPurpose::UndoAddress => server.undo_address(shown, &context).await.map(drop),
                        _ => server.verify_email(shown, &context).await.map(drop),
                    }))
                })
            }
        }
    }

    /// What one call of the store has done to tickets. Whoever set a password with one knows it from this moment on.
    pub(super) fn read_mails(&mut self, records: &[AuditRecord], request: Option<u64>) -> Verdict {
        let is_new = records.iter().any(|it| it.event.kind.known() == Some(AuditKind::TicketIssued));
        let mut tickets = Vec::new();
        if is_new {
            for (mail, secrets) in now(self.server(0).waiting_mails()).map_err(|error| error.to_string())? {
                let Some(ticket) = mail.parameters.ticket else { continue };
                tickets.push(ticket.id);
                let is_read = self.mails.iter().any(|known| known.ticket == ticket.id);
                if let (Some((link, code)), false) = (secrets, is_read) {
                    self.mails.push(Mail { ticket: ticket.id, link, code, flow: None });
                }
            }
        }
        let store = &self.nodes[0].server.store().inner;
        self.auditor.read_of_mails(records, store, &tickets, request)
    }

    /// A password was set by mail in this step.
    pub(super) fn reset_is_stored(&mut self, running: &Running) -> Verdict {
        let Call::Mail(MailCall::Use { mail, new, .. }) = &running.request.call else { return Ok(()) };
        let account = self.auditor.mails.tickets[&self.mails[*mail].ticket].account;
        let person = self.people.iter().position(|person| Some(person.account) == account);
        let Some(person) = person else { return self.newcomers_password_is_set(account, new) };
        let account = self.password_of(person, new);
        let alive = self.alive(account)?.len();
        ensure(alive == 0, || format!("EM-3: {alive} sessions outlived a reset"))
    }

    pub(super) fn mail_done(&mut self, done: MailDone, running: &Running, call: &MailCall) -> Verdict {
        match (done, call) {
            (MailDone::Asked(Ok(flow)), _) => {
                if let Some(mail) = self.mails.iter_mut().find(|mail| mail.ticket == flow.ticket_id()) {
                    mail.flow = Some(flow);
                }
                Ok(())
            }
            // A disabled account, or too many addresses.
            (MailDone::Asked(Err(_)), MailCall::Add(..)) => Ok(()),
            (MailDone::Asked(Err(error)) | MailDone::Removed(Err(error)), _) => Err(error),
            (MailDone::Used(used), MailCall::Use { mail, shown, changes, .. }) => {
                let clock = running.context.now;
                self.mail_used(used, (*mail, *shown), *changes, (running.request.attempt, clock))
            }
            _ => Ok(()),
        }
    }

    fn mail_used(
        &mut self,
        used: Result<(), TicketError>,
        (mail, shown): (usize, Shown),
        changes: u32,
        (request, clock): (u64, countersign::Timestamp),
    ) -> Verdict {
        let id = self.mails[mail].ticket;
        match used {
            Ok(()) => {
                ensure(shown != Shown::WrongCode, || format!("EM-1: a wrong code was enough for {id}"))?;
                self.auditor.acted(id, request, clock)
            }
            Err(TicketError::Invalid) => {
                let known = &self.auditor.mails.tickets[&id];
                let person = self.people.iter().find(|person| Some(person.account) == known.account);
                let is_ready = person.is_some_and(|person| person.enabled && person.changes == changes);
                let must = known.purpose == TicketPurpose::Reset
                    && shown != Shown::WrongCode
                    && is_ready
                    && self.auditor.is_good(id, clock);
                if shown == Shown::WrongCode {
                    self.auditor.guessed(id, clock);
                }
                ensure(!must, || format!("EM-1: {id} is good, and was refused"))
            }
            Err(TicketError::Password(PasswordChangeError::Check(CheckError::Throttled(_)))) => Ok(()),
            Err(error) => Err(format!("a ticket could not be used: {error}")),
        }
    }
}
