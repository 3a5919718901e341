//! Requests under way: they are sent over a network with faults, arrive, are worked on one store call at a
//! time, and are answered.

use std::sync::Arc;

use countersign::internal::flows::logout::Scope;
use countersign::internal::model::audit::AuditKind;
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::session::refresh_token::PresentedToken;

use super::{Call, Done, Event, Jar, Request, Running, Server, TIMEOUT, World};
use crate::auditor::Verdict;
use crate::executor::{Task, step};

impl World {
    /// A tab asks for a new access token, over a network with faults.
    pub(super) fn refreshes(&mut self, client: usize, tab: usize) {
        let Some(token) = self.clients[client].jar.clone() else {
            if self.one_in(8) {
                self.soon(0, Event::LogsIn { client, wrong: false });
            }
            return;
        };
        if self.clients[client].tabs[tab].is_some() {
            return;
        }
        let attempt = self.id();
        self.clients[client].tabs[tab] = Some(attempt);
        let is_bound = self.is_bound(self.presented(&token).session_id);
        let call = Call::Refresh { token, thief: false };
        let mut request =
            Request { client, tab: Some(tab), attempt, call, cut_off: false, answer_lost: false };
        self.soon(TIMEOUT, Event::TimesOut { client, tab, attempt });
        let fault = if (is_bound || self.calm()) && self.one_in(4) { self.below(3) } else { 9 };
        if fault < 3 {
            // Whoever proves their device survives as many as there are.
            if !is_bound {
                self.last_fault = self.time + TIMEOUT;
            }
            request.cut_off = fault == 1;
            request.answer_lost = fault == 2;
        } else if self.one_in(10) {
            // Somebody between asks twice, and both answers come back. (If the second were dropped, this
            // would be a lost answer that nobody asks again for, which no rule survives:
            // docs/MEASUREMENTS.md.)
            let answer_lost = is_bound && self.one_in(2);
            let duplicate = Request { tab: None, answer_lost, ..request.clone() };
            let delay = self.delay();
            self.soon(delay, Event::Arrives(duplicate));
        }
        if fault != 0 {
            let delay = self.delay();
            self.soon(delay, Event::Arrives(request));
        }
    }

    /// Anything else that a person does; the person waits for the answer, which may be lost.
    pub(super) fn send(&mut self, client: usize, call: Call) {
        let attempt = self.id();
        let (cut_off, answer_lost) = (self.one_in(12), self.one_in(12));
        let request = Request { client, tab: None, attempt, call, cut_off, answer_lost };
        let delay = self.delay();
        self.soon(delay, Event::Arrives(request));
    }

    pub(super) fn send_now(&mut self, client: usize, call: Call) {
        let attempt = self.id();
        let request = Request { client, tab: None, attempt, call, cut_off: false, answer_lost: true };
        self.soon(0, Event::Arrives(request));
    }

    pub(super) fn arrives(&mut self, request: Request) {
        let node = self.node();
        let context = Context::local(Actor::Anonymous, self.now(node));
        let task = self.start(&request, Arc::clone(self.server(node)), context.clone());
        let id = self.id();
        self.running.insert(id, Running { request, node, context, task });
        self.soon(0, Event::Steps(id));
    }

    /// The use case that a request is for, called as the HTTP layer calls it.
    fn start(&self, request: &Request, server: Server, mut context: Context) -> Task<Done> {
        context.device = self.proof_for(request, &server, context.now);
        let person = &self.people[self.clients[request.client].person];
        match request.call.clone() {
            Call::Refresh { token, .. } => {
                Box::pin(async move { Done::Refreshed(server.refresh(&token, &context).await) })
            }
            Call::Login { password, new, replaces, .. } => {
                let name = person.name.clone();
                let login = async move {
                    let mut authenticated = server.authenticate(&name, &password, &context).await?;
                    if let Some(new) = &new {
                        authenticated = server.with_new_password(authenticated, new).await?;
                    }
                    server.start_session(authenticated, replaces.as_deref(), &context).await
                };
                Box::pin(async move { Done::LoggedIn(login.await) })
            }
            Call::Logout { token, everywhere } => {
                let scope = if everywhere { Scope::Everywhere } else { Scope::This };
                Box::pin(async move { Done::LoggedOut(server.logout(&token, scope, &context).await) })
            }
            Call::ChangePassword { token, new } => {
                let current = person.password.clone();
                let caller = (person.account, self.presented(&token).session_id);
                Box::pin(async move {
                    let checked = server.check_password_change(caller, Some(&current), &new, &context).await;
                    Done::PasswordChanged(match checked {
                        Ok(checked) => server.store_password(checked, &context).await,
                        Err(error) => Err(error),
                    })
                })
            }
            Call::Key(call) => self.start_with_key(call, server, context),
            Call::Mail(call) => self.start_with_mail(call, server, context),
            Call::SignIn(call) => self.start_sign_in(call, server, context),
            Call::Register(call) => self.start_registration(&call, server, context),
            Call::Invite(call) => Self::start_invitation(call, server, context),
            Call::Second(call) => Self::start_second(request.client, call, server, context),
        }
    }

    pub(super) fn steps(&mut self, id: u64) -> Verdict {
        let Some(mut running) = self.running.remove(&id) else { return Ok(()) };
        self.keep_older_image();
        self.steps += 1;
        self.acting = Some(running.request.attempt);
        let stepped = match step(&mut running.task) {
            None if running.request.cut_off && self.one_in(2) => self.under_way(&running),
            None => {
                let heard = self.under_way(&running);
                self.running.insert(id, running);
                let pause = self.pick(&[0, 1, 4]);
                self.soon(pause, Event::Steps(id));
                heard
            }
            Some(done) => self.done(&running, done),
        };
        self.acting = None;
        stepped
    }

    /// What a request has done so far. A reset is stored before its last step.
    pub(super) fn under_way(&mut self, running: &Running) -> Verdict {
        let reasons: &[&str] = match running.request.call {
            Call::Mail(_) => &["password_changed"],
            Call::SignIn(_) => &["replaced", "too_many"],
            Call::Second(_) => &["replaced", "too_many", "password_changed"],
            _ => &[],
        };
        let records = self.audit_records(reasons, Some(running.node))?;
        self.sign_in_is_stored(&records, running)?;
        self.second_is_stored(&records, running)?;
        if records.contains(&AuditKind::EmailRestored) {
            self.undo_is_stored(running)?;
        }
        if records.contains(&AuditKind::PasswordReset) { self.reset_is_stored(running) } else { Ok(()) }
    }

    /// The client gives up this try, and asks again.
    pub(super) fn times_out(&mut self, client: usize, tab: usize, attempt: u64) {
        if self.clients[client].tabs[tab] == Some(attempt) {
            self.clients[client].tabs[tab] = None;
            self.refreshes(client, tab);
        }
    }

    pub(super) fn presented(&self, token: &str) -> PresentedToken {
        self.codec.parse(token).unwrap().presented()
    }

    pub(super) fn answered(&mut self, client: usize, tab: Option<usize>, attempt: u64, jar: Jar) {
        let client = &mut self.clients[client];
        if let Some(tab) = tab {
            if client.tabs[tab] != Some(attempt) {
                return; // given up: nobody listens any more
            }
            client.tabs[tab] = None;
        }
        match jar {
            Jar::Keep => {}
            Jar::Set(token) => client.jar = Some(token),
            Jar::Clear => client.jar = None,
        }
    }
}
