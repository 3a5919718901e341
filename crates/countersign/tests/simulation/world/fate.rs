//! The administrator, the thief, and fate.

use std::sync::Arc;

use countersign::Countersign;
use countersign::internal::base::clock::Timestamp;
use countersign::internal::flows::accounts::ChangeAccountError;
use countersign::internal::model::account::{AccountChange, Role};
use countersign::internal::model::session::{EndReason, SessionSelector};
use countersign::store::SessionStore as _;
use countersign::store::sqlite::OpenMode;

use super::setup::accepted;
use super::{Call, Event, GUESSES, START, TIMEOUT, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::now;
use crate::faulty::{Bug, Faulty};

impl World {
    pub(super) fn disables(&mut self, person: usize) -> Verdict {
        let disable = self.people[person].enabled;
        let change = AccountChange { disabled: Some(disable), ..AccountChange::default() };
        self.change_account(person, change)?;
        let person = &mut self.people[person];
        (person.enabled, person.changes) = (!disable, person.changes + 1);
        let account = person.account;
        self.audit(&["account_disabled"])?;
        ensure(!disable || self.alive(account)?.is_empty(), || "SE-6: alive though disabled".to_owned())
    }

    pub(super) fn requires_change(&mut self, person: usize) -> Verdict {
        let required = !self.people[person].required;
        let change = AccountChange { password_change_required: Some(required), ..AccountChange::default() };
        self.change_account(person, change)?;
        let person = &mut self.people[person];
        (person.required, person.changes) = (required, person.changes + 1);
        let account = person.account;
        self.audit(&["password_change_required"])?;
        ensure(!required || self.alive(account)?.is_empty(), || {
            "PP-7: alive before a new password".to_owned()
        })
    }

    pub(super) fn changes_role(&mut self, person: usize) -> Verdict {
        let role = Role::parse(self.pick(&["user", "editor", "auditor"])).unwrap();
        self.change_account(person, AccountChange { role: Some(role), ..AccountChange::default() })?;
        self.audit(&[])
    }

    fn change_account(&self, person: usize, change: AccountChange) -> Verdict {
        let changed = now(self.server.change_account(self.people[person].account, change, &self.operator()));
        changed.map(drop).map_err(|error: ChangeAccountError| error.to_string())
    }

    pub(super) fn upkeep(&mut self) -> Verdict {
        let at = self.clock.now();
        let all = async {
            self.server.follow_revocations(at).await.map_err(|error| error.to_string())?;
            self.server.maintain_keys(at).await.map_err(|error| error.to_string())?;
            self.server.guard().revocations().forget_expired(at.as_unix_seconds());
            self.server.sweep(at).await.map_err(|error| error.to_string())
        };
        now(all)?;
        self.audit(&[])
    }

    /// Another process ends a session; the server hears of it at its next turn.
    pub(super) fn command_line_ends(&mut self, client: usize) -> Verdict {
        let Some(token) = self.clients[client].jar.clone() else { return Ok(()) };
        let id = self.presented(&token).session_id;
        let tool = self.place.open(OpenMode::Tool, self.options.sessions);
        let ended = now(tool.end_sessions(SessionSelector::One(id), EndReason::Ended, &self.operator()));
        ended.map_err(|error| error.to_string())?;
        now(self.server.follow_revocations(self.clock.now())).map_err(|error| error.to_string())?;
        self.audit(&["ended"])
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
        if let Some(known) = self.auditor.sessions.get_mut(&id) {
            known.stolen = true;
            self.clients[client].thief = Some(token);
        }
    }

    /// The process is killed: what is under way is gone, and what the files hold is all that is left.
    pub(super) fn crashes(&mut self) -> Verdict {
        if !self.calm() {
            return Ok(());
        }
        self.last_fault = self.time + TIMEOUT;
        self.running.clear();
        self.place.crash();
        let store = Faulty::new(self.place.open(OpenMode::Server, self.options.sessions), self.bug);
        let (options, keys) = (accepted(&self.options), self.keys.clone());
        let opened = Countersign::open(store, options, keys, self.clock.clone(), self.random.clone());
        self.server = Arc::new(now(opened).map_err(|error| error.to_string())?);
        self.audit_records(&[])?;
        self.auditor.check(&self.server, (self.clock.now(), self.jump), true)
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
        self.clock.set(Timestamp::from_unix_millis(START + self.time + self.jump));
        for known in self.auditor.sessions.values_mut() {
            known.clock_jumped = true;
        }
    }
}
