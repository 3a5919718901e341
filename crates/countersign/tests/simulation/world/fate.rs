//! The administrator, the thief, and fate.

use countersign::internal::flows::accounts::ChangeAccountError;
use countersign::internal::model::account::{AccountChange, Role};
use countersign::internal::model::session::{EndReason, SessionSelector};
use countersign::store::SessionStore as _;
use countersign::store::sqlite::OpenMode;

use super::{Call, Event, GUESSES, TIMEOUT, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::now;
use crate::faulty::Bug;

impl World {
    pub(super) fn disables(&mut self, person: usize) -> Verdict {
        let disable = self.people[person].enabled;
        let change = AccountChange { disabled: Some(disable), ..AccountChange::default() };
        let node = self.change_account(person, change)?;
        let person = &mut self.people[person];
        (person.enabled, person.changes) = (!disable, person.changes + 1);
        let account = person.account;
        self.audit(&["account_disabled"], Some(node))?;
        ensure(!disable || self.alive(account)?.is_empty(), || "SE-6: alive though disabled".to_owned())
    }

    pub(super) fn requires_change(&mut self, person: usize) -> Verdict {
        let required = !self.people[person].required;
        let change = AccountChange { password_change_required: Some(required), ..AccountChange::default() };
        let node = self.change_account(person, change)?;
        let person = &mut self.people[person];
        (person.required, person.changes) = (required, person.changes + 1);
        let account = person.account;
        self.audit(&["password_change_required"], Some(node))?;
        ensure(!required || self.alive(account)?.is_empty(), || {
            "PP-7: alive before a new password".to_owned()
        })
    }

    pub(super) fn changes_role(&mut self, person: usize) -> Verdict {
        let role = Role::parse(self.pick(&["user", "editor", "auditor"])).unwrap();
        let node =
            self.change_account(person, AccountChange { role: Some(role), ..AccountChange::default() })?;
        self.audit(&[], Some(node))
    }

    /// At any node; gives which it was.
    fn change_account(&self, person: usize, change: AccountChange) -> Result<usize, String> {
        let (node, account) = (self.node(), self.people[person].account);
        let changed = now(self.server(node).change_account(account, change, &self.operator(node)));
        changed.map(|_| node).map_err(|error: ChangeAccountError| error.to_string())
    }

    pub(super) fn upkeep(&mut self) -> Verdict {
        let node = self.node();
        let (at, server) = (self.now(node), self.server(node));
        let all = async {
            server.follow_revocations(at).await.map_err(|error| error.to_string())?;
            server.maintain_keys(at).await.map_err(|error| error.to_string())?;
            server.guard().revocations().forget_expired(at.as_unix_seconds());
            server.record_key_uses().await.map_err(|error| error.to_string())?;
            server.sweep(at).await.map_err(|error| error.to_string())
        };
        now(all)?;
        self.made_signing_keys(node)?;
        self.follower_asks(node)
    }

    /// Another process ends a session; the nodes hear of it from the log.
    pub(super) fn command_line_ends(&mut self, client: usize) -> Verdict {
        let Some(token) = self.clients[client].jar.clone() else { return Ok(()) };
        let id = self.presented(&token).session_id;
        let tool = self.place.open(OpenMode::Tool, self.options.sessions);
        let ended = now(tool.end_sessions(SessionSelector::One(id), EndReason::Ended, &self.operator(0)));
        ended.map_err(|error| error.to_string())?;
        self.audit(&["ended"], None)
    }

    /// More guesses at once than may be checked (TH-3); perhaps the same again after a crash (TH-6).
    pub(super) fn guesses(&mut self, client: usize, crash: bool) {
        let changes = self.people[self.clients[client].person].changes;
        for number in 0..=GUESSES {
            let password = format!("a guess that is wrong, number {number}");
            self.send_now(client, Call::Login { password, new: None, replaces: None, changes });
        }
        if crash {
            self.soon(400, Event::Crashes);
            self.soon(800, Event::Guesses { client, crash: false });
        }
    }

    pub(super) fn steals(&mut self, client: usize) {
        let Some(token) = self.clients[client].jar.clone() else { return };
        let id = self.presented(&token).session_id;
        let takes_key = self.one_in(2);
        let is_bound = self.is_bound(id);
        if let Some(known) = self.auditor.sessions.get_mut(&id) {
            // The jar alone is no excuse for an owner who is refused.
            known.stolen |= takes_key || !is_bound;
            let robbed = &mut self.clients[client];
            (robbed.thief, robbed.key_stolen) = (Some(token), takes_key);
            if is_bound {
                self.soon(5_000, Event::Thieves(client));
            }
        }
    }

    /// A process is killed: what is under way in it is gone, and what the store holds is all that is left of it.
    pub(super) fn crashes(&mut self) -> Verdict {
        if !self.calm() {
            return Ok(());
        }
        self.last_fault = self.time + TIMEOUT;
        let node = self.node();
        self.running.retain(|_, running| running.node != node);
        self.place.crash();
        self.open_again(node)?;
        self.audit_records(&[], Some(node))?;
        self.auditor.check(&self.nodes, self.moment(), true)
    }

    pub(super) fn keep_older_image(&mut self) {
        if self.bug == Some(Bug::LastWriteLost) {
            self.place.keep();
        }
    }

    /// Back by an hour at most, at any time; forward only while nobody waits, since a wait would become
    /// longer than any promise covers.
    pub(super) fn clock_jumps(&mut self, by: i64) {
        let waits = !self.running.is_empty()
            || !self.calm()
            || self.events.values().any(|event| matches!(event, Event::Arrives(_) | Event::Answered { .. }))
            || self.clients.iter().any(|client| client.tabs.iter().any(Option::is_some));
        let jump = self.jump + by;
        if (by > 0 && waits) || !(-3_600_000..=0).contains(&jump) {
            return;
        }
        self.jump = jump;
        self.set_clocks();
        for known in self.auditor.sessions.values_mut() {
            known.clock_jumped = true;
        }
    }
}
