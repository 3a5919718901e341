//! What is before a life and after it: addresses that people have from the beginning, and a copy that is put back at the end.

use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::EmailId;
use countersign::internal::flows::email::{MailPurpose, MailRequest};
use countersign::internal::flows::tickets::ShownTicket;
use countersign::internal::model::account::EmailAddress;
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::email::{AccountEmail, NewEmail};
use countersign::store::{EmailStore as _, SessionStore as _};

use super::World;
use crate::auditor::{Verdict, ensure};
use crate::executor::now;

impl World {
    /// At the end of a life: a copy is put back, and what was sent before does nothing any more (DB-4).
    pub(super) fn restores(&mut self) -> Verdict {
        self.time += 120_000;
        self.set_clocks();
        for person in 0..self.people.len() {
            let address = EmailAddress::parse(&format!("{}@example.org", self.people[person].name)).unwrap();
            let context = Context::local(Actor::Anonymous, self.now(0));
            let asked = self.server(0).request_mail(MailRequest::new(MailPurpose::Reset, address), &context);
            now(asked).map_err(|error| error.to_string())?;
        }
        self.audit_records(&[], None)?;
        self.auditor.check(&self.nodes, self.moment(), true)?;
        self.time += 1_000;
        self.set_clocks();
        let store = self.server(0).store();
        // As `restore` refuses a copy that knows of later times: the clock may have been set back.
        let after = |last: Timestamp| last.plus(Duration::from_millis(1));
        let instant = self.auditor.mails.last_made().map_or(self.now(0), |last| self.now(0).max(after(last)));
        now(store.end_sessions_before(instant, &self.operator(0))).map_err(|error| error.to_string())?;
        for mail in &self.mails {
            let context = Context::local(Actor::Anonymous, self.now(0));
            let shown = ShownTicket::Link(&mail.link);
            let new = "a horse of before the copy was put back";
            let used = now(self.server(0).reset_password(shown, new, &context));
            ensure(used.is_err(), || format!("DB-4: {} works after a restore", mail.ticket))?;
        }
        Ok(())
    }

    /// Each person has an address from the beginning.
    pub(super) fn has_address(&self, person: usize) {
        let email = AccountEmail {
            id: EmailId::random(&self.random),
            account_id: self.people[person].account,
            address: EmailAddress::parse(&format!("{}@example.org", self.people[person].name)).unwrap(),
            verified_at: Some(self.now(0)),
            is_primary: true,
            created_at: self.now(0),
        };
        let new = NewEmail { email, checked: None };
        now(self.server(0).store().inner.add_email(new, &self.operator(0))).unwrap();
    }
}
