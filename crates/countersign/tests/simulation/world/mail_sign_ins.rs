//! Sign-in by mail: with the code or the link in the browser that asked, or with the link elsewhere and the digits that this
//! browser shows, which asks meanwhile whether it may go on (EM-1).

use countersign::internal::base::id::AccountId;
use countersign::internal::flows::attempt::CheckError;
use countersign::internal::flows::email::MailPurpose;
use countersign::internal::flows::issue::SignedIn;
use countersign::internal::flows::login::LoginError;
use countersign::internal::flows::password_change::PasswordChangeError;
use countersign::internal::flows::tickets::{ShownTicket, TicketError};
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::context::Context;

use super::mail::Shown;
use super::mails::MailCall;
use super::{Call, Done, Event, Jar, Running, Server, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::Task;

/// What is done with the mail of a sign-in.
#[derive(Clone, Debug)]
pub(super) struct SignInCall {
    mail: usize,
    way: Way,
    replaces: Option<String>,
    /// How often its account had changed by then, and whether somebody had let the browser go on.
    changes: u32,
    approved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In the browser that asked.
    Here(Shown),
    /// The link elsewhere, with the right digits or not.
    Elsewhere { right: bool },
    /// The browser that asked wants to go on.
    Polls,
}

pub(super) enum SignInDone {
    Began(Box<SignedIn>),
    NotBegun(LoginError),
    Refused(TicketError),
    NotYet,
    Approved,
}

impl World {
    pub(super) fn asks_to_sign_in(&mut self, person: usize) {
        let address = format!("{}@example.org", self.people[person].name);
        self.send(0, Call::Mail(MailCall::Ask(MailPurpose::SignIn, address)));
    }

    /// The mail of a sign-in is used, in one of the ways that there are.
    pub(super) fn signs_in_by_mail(&mut self, mail: usize, shown: Shown) {
        if self.mails[mail].flow.is_none() {
            // Nobody knows the digits.
            return self.sign_in(mail, Way::Elsewhere { right: false }, false);
        }
        if self.one_in(2) {
            return self.sign_in(mail, Way::Here(shown), false);
        }
        let right = !self.one_in(4);
        for later in [0, 1_000, 3_000, 3_001] {
            self.soon(later, Event::PollsSignIn(mail));
        }
        self.sign_in(mail, Way::Elsewhere { right }, false);
    }

    pub(super) fn polls_sign_in(&mut self, mail: usize) {
        self.sign_in(mail, Way::Polls, false);
    }

    /// A code of a sign-in is guessed at.
    pub(super) fn guesses_sign_in(&mut self, mail: usize, shown: Shown) {
        self.sign_in(mail, Way::Here(shown), true);
    }

    fn sign_in(&mut self, mail: usize, way: Way, at_once: bool) {
        let id = self.mails[mail].ticket;
        let account = self.auditor.mails.tickets[&id].account;
        let person = self.person_of(account).unwrap_or_default();
        let client = self.clients.iter().position(|client| client.person == person).unwrap_or_default();
        let replaces = self.clients[client].jar.clone();
        let approved = self.auditor.mails.tickets[&id].approved;
        let changes = self.people[person].changes;
        let call = Call::SignIn(SignInCall { mail, way, replaces, changes, approved });
        if at_once { self.send_now(client, call) } else { self.send(client, call) }
    }

    fn person_of(&self, account: Option<AccountId>) -> Option<usize> {
        self.people.iter().position(|person| Some(person.account) == account)
    }

    pub(super) fn start_sign_in(&self, call: SignInCall, server: Server, context: Context) -> Task<Done> {
        let SignInCall { mail, way, replaces, .. } = call;
        let (link, code, flow) = self.mails[mail].to_show(match way {
            Way::Here(shown) => shown,
            _ => Shown::Link,
        });
        let task = async move {
            let proved = match (way, &flow) {
                (Way::Elsewhere { right }, flow) => {
                    let digits = flow.as_ref().map(|flow| server.sign_in_digits(flow));
                    let digits = digits.filter(|_| right).unwrap_or_else(|| "no".to_owned());
                    let approved = server.approve_sign_in(&link, &digits, &context).await;
                    return approved.map_or_else(SignInDone::Refused, |()| SignInDone::Approved);
                }
                (_, None) => return SignInDone::NotYet,
                (Way::Polls, Some(flow)) => match server.approved_sign_in(flow, &context).await {
                    Ok(None) => return SignInDone::NotYet,
                    Ok(Some(proved)) => Ok(proved),
                    Err(error) => Err(error),
                },
                (Way::Here(Shown::Link), Some(flow)) => {
                    server.authenticate_by_mail(ShownTicket::OwnLink(&link, flow), &context).await
                }
                (Way::Here(_), Some(flow)) => {
                    server.authenticate_by_mail(ShownTicket::Code(&code, flow), &context).await
                }
            };
            match proved {
                Ok(proved) => {
                    let begun = server.start_session(proved, replaces.as_deref(), &context).await;
                    begun
                        .map_or_else(SignInDone::NotBegun, |signed_in| SignInDone::Began(Box::new(signed_in)))
                }
                Err(error) => SignInDone::Refused(error),
            }
        };
        Box::pin(async move { Done::SignedInByMail(task.await) })
    }

    /// What one step has done to the ticket: a session began with it, somebody let a browser go on, or wrong digits ended it.
    pub(super) fn sign_in_is_stored(&mut self, records: &[AuditKind], running: &Running) -> Verdict {
        let Call::SignIn(SignInCall { mail, way, approved, .. }) = &running.request.call else {
            return Ok(());
        };
        let (id, request) = (self.mails[*mail].ticket, Some(running.request.attempt));
        let store = &self.nodes[0].server.store().inner;
        if records.contains(&AuditKind::LoginSucceeded) {
            self.auditor.ended_by_sign_in(id, store, "used", request)?;
            let known = &self.auditor.mails.tickets[&id];
            ensure(*way != Way::Polls || known.approved, || format!("EM-1: {id} was approved by nobody"))?;
        }
        if let Way::Elsewhere { right } = way {
            if records.contains(&AuditKind::SignInApproved) {
                ensure(*right, || format!("EM-1: wrong digits were enough for {id}"))?;
                ensure(!approved, || format!("EM-1: {id} was approved twice"))?;
                self.auditor.mails.tickets.get_mut(&id).ok_or("a ticket that was never made")?.approved =
                    true;
            } else if records.contains(&AuditKind::LoginFailed) {
                self.auditor.ended_by_sign_in(id, store, "ended by wrong digits", request)?;
            }
        }
        Ok(())
    }

    pub(super) fn signed_in_by_mail(
        &mut self,
        done: SignInDone,
        running: &Running,
        call: &SignInCall,
    ) -> Result<Jar, String> {
        let Running { context, .. } = running;
        let SignInCall { mail, way, changes, approved, .. } = call;
        let id = self.mails[*mail].ticket;
        let known = &self.auditor.mails.tickets[&id];
        let person = self.person_of(known.account).map(|person| &self.people[person]);
        let is_ready = person.is_some_and(|person| person.enabled && person.changes == *changes);
        let is_good = is_ready && self.auditor.is_good(id, context.now);
        let is_wrong = *way == Way::Here(Shown::WrongCode);
        match done {
            SignInDone::Began(signed_in) => {
                ensure(!is_wrong, || format!("EM-1: a wrong code was enough for {id}"))?;
                return self.began_by_mail(&signed_in, running, *mail);
            }
            SignInDone::NotBegun(error @ LoginError::SecondFactorRequired(_)) => {
                let has_one = !is_wrong && person.is_some_and(|person| person.authenticator.is_some());
                ensure(has_one, || format!("MF-2: {id} was not enough for somebody who has nothing else"))?;
                let (shown, when) = ((None, Some(*mail), None), (call.replaces.as_deref(), *changes));
                return self.asked_for_second(&error, running, shown, when);
            }
            SignInDone::NotBegun(LoginError::PasswordChangeRequired) => {
                let is_told = person.is_some_and(|person| person.required || person.changes != *changes);
                ensure(is_told, || {
                    "PP-7: somebody was told to choose another password who need not".to_owned()
                })?;
            }
            SignInDone::NotBegun(LoginError::InvalidCredentials)
            | SignInDone::Refused(TicketError::Invalid) => {
                if let Way::Elsewhere { right } = way {
                    let must = is_good && !known.approved;
                    ensure(!must || !right, || format!("EM-1: {id} is good, and its digits were refused"))?;
                    ensure(!must, || format!("EM-1: {id} is good after wrong digits"))?;
                } else {
                    ensure(!is_good || is_wrong, || format!("EM-1: {id} is good, and began no session"))?;
                }
                if is_wrong {
                    self.auditor.guessed(id, context.now);
                }
            }
            SignInDone::NotYet => {
                let must = *way == Way::Polls && *approved && is_good;
                ensure(!must, || format!("EM-1: {id} was approved, and its browser has to wait"))?;
            }
            SignInDone::Approved => {
                let is_known = known.approved && *way == Way::Elsewhere { right: true };
                ensure(is_known, || format!("EM-1: {id} was said to be approved, and is not"))?;
            }
            SignInDone::Refused(TicketError::Password(PasswordChangeError::Check(
                CheckError::Throttled(_),
            ))) => {}
            SignInDone::Refused(error) => return Err(format!("a sign-in by mail failed: {error}")),
            SignInDone::NotBegun(error) => return Err(format!("a sign-in by mail failed: {error}")),
        }
        Ok(Jar::Keep)
    }

    /// A session began with a mail.
    fn began_by_mail(&mut self, signed_in: &SignedIn, running: &Running, mail: usize) -> Result<Jar, String> {
        let Running { request, node, context, .. } = running;
        let id = self.mails[mail].ticket;
        let account = self.auditor.mails.tickets[&id].account;
        let person = self.person_of(account).map(|person| &self.people[person]);
        let is_theirs = account == Some(signed_in.account.id);
        ensure(is_theirs, || format!("EM-1: {id} let somebody else in"))?;
        // Somebody who made an account by mail is nobody of the people, and nobody disables them.
        ensure(person.is_none_or(|person| person.enabled), || format!("{id} let a disabled account in"))?;
        self.auditor.acted(id, request.attempt, context.now)?;
        let cookie = signed_in.refresh.as_ref().map(|issued| issued.token.to_string());
        let at = (self.now(*node), self.jump);
        self.auditor.granted((*node, &self.nodes), signed_in, Some(0), at)?;
        Ok(cookie.map_or(Jar::Keep, Jar::Set))
    }
}
