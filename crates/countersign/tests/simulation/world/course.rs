//! The course of a life: what was planned and what follows from it, one event after the other.

use countersign::internal::flows::keys::Activation;

use super::{Call, Event, World};
use crate::auditor::Verdict;
use crate::executor::now;

impl World {
    pub(super) fn live(&mut self) -> Verdict {
        while let Some(((time, _), event)) = self.events.pop_first() {
            self.time = time.max(self.time);
            self.set_clocks();
            if self.trace.len() < 100_000 {
                self.trace.push(format!("{:>10} {event:?}", self.time));
            }
            self.happens(event)?;
        }
        self.audit_records(&[], None)?;
        self.auditor.check(&self.nodes, self.moment(), true)?;
        self.newcomers_sign_in()?;
        self.restores()
    }

    fn happens(&mut self, event: Event) -> Verdict {
        match event {
            Event::Refreshes { client, tab } => self.refreshes(client, tab),
            Event::Arrives(request) => self.arrives(request),
            Event::Steps(id) => return self.steps(id),
            Event::Answered { client, tab, attempt, jar } => self.answered(client, tab, attempt, jar),
            Event::TimesOut { client, tab, attempt } => self.times_out(client, tab, attempt),
            Event::LogsIn { client, wrong } => {
                let person = &self.people[self.clients[client].person];
                let password = if wrong { "not the password".to_owned() } else { person.password.clone() };
                let (changes, required) = (person.changes, person.required);
                let new = (required && !self.one_in(4)).then(|| self.new_password());
                let replaces = self.clients[client].jar.clone();
                self.send(client, Call::Login { password, new, replaces, changes });
            }
            Event::ShowsCode { client, between } => self.shows_code(client, &between),
            Event::Guesses { client, crash } => self.guesses(client, crash),
            Event::LogsOut { client, everywhere } => {
                if let Some(token) = self.clients[client].jar.clone() {
                    self.send(client, Call::Logout { token, everywhere });
                }
            }
            Event::ChangesPassword { client } => self.changes_password(client),
            Event::Mail(event) => self.mail_happens(event),
            Event::AsksToSignIn(person) => self.asks_to_sign_in(person),
            Event::PollsSignIn(mail) => self.polls_sign_in(mail),
            Event::AsksToRegister => self.asks_to_register(),
            Event::Invitation { taken_back } => self.invitation_happens(taken_back),
            Event::Disables(person) => return self.disables(person),
            Event::RequiresChange(person) => return self.requires_change(person),
            Event::ChangesRole(person) => return self.changes_role(person),
            Event::RotatesKeys => {
                let switch = if self.one_in(2) { Activation::AtOnce } else { Activation::WhenPublished };
                let node = self.node();
                let made = now(self.server(node).rotate_keys(switch, &self.operator(node)));
                made.map_err(|error| error.to_string())?;
                return self.made_signing_keys(node);
            }
            Event::Upkeep => return self.upkeep(),
            Event::CommandLineEnds(client) => return self.command_line_ends(client),
            Event::Follows(node) => return self.follows(node),
            Event::MakesKey { person, is_owner, lifetime } => self.makes_key(person, is_owner, lifetime),
            Event::UsesKey => self.uses_key(),
            Event::RevokesKey { by_tool } => return self.revokes_key(by_tool),
            Event::Steals(client) => self.steals(client),
            Event::Thieves(client) => {
                if let Some(token) = self.clients[client].thief.clone() {
                    self.send_now(client, Call::Refresh { token, thief: true });
                }
            }
            Event::Crashes => return self.crashes(),
            Event::ClockJumps(by) => self.clock_jumps(by),
        }
        Ok(())
    }

    /// The guard lets nobody in whose session has ended.
    fn changes_password(&mut self, client: usize) {
        let Some(token) = self.clients[client].jar.clone() else { return };
        let known = self.auditor.sessions.get(&self.presented(&token).session_id);
        if known.is_some_and(|known| known.ended.is_none()) {
            let new = self.new_password();
            self.send(client, Call::ChangePassword { token, new });
        }
    }

    fn new_password(&self) -> String {
        format!("a new horse staple of hers, number {}", self.ids)
    }
}
