//! The way back of an address: after it nobody gets in who could before, and the address is verified and primary (EM-4).

use countersign::store::{EmailStore as _, TicketStore as _};

use super::mails::MailCall;
use super::{Call, Running, World};
use crate::auditor::{Verdict, ensure};
use crate::executor::now;

/// Stands for the password that an account has after that.
pub(super) const NOBODY_KNOWS: &str = "what nobody knows since an address came back";

impl World {
    /// An address was brought back in this step. From now on nobody knows the password.
    pub(super) fn undo_is_stored(&mut self, running: &Running) -> Verdict {
        let Call::Mail(MailCall::Use { mail, .. }) = &running.request.call else {
            return Err("EM-4: an address came back, and nobody asked for it".to_owned());
        };
        let error = |error: countersign::store::StoreError| error.to_string();
        let id = self.mails[*mail].ticket;
        let store = &self.nodes[0].server.store().inner;
        self.auditor.ended_by_undo(id, store, running.request.attempt)?;
        let account = self.auditor.mails.tickets[&id].account;
        let ticket = now(store.find_ticket(id)).map_err(error)?.ok_or("EM-4: a ticket that is gone")?;
        let person = self.people.iter().position(|person| Some(person.account) == account);
        let person = person.ok_or("EM-4: nobody's address came back")?;
        let account = self.people[person].account;
        let emails = now(store.emails(account)).map_err(error)?;
        let is_back = emails
            .iter()
            .any(|email| email.address == ticket.address && email.verified_at.is_some() && email.is_primary);
        ensure(is_back, || format!("EM-4: {id} was used, and its address is not verified and primary"))?;
        // Whoever has to choose another password has to do so still.
        let required = self.people[person].required;
        self.password_of(person, NOBODY_KNOWS);
        self.people[person].required = required;
        let alive = self.alive(account)?.len();
        ensure(alive == 0, || format!("EM-4: {alive} sessions outlived the way back of an address"))
    }
}
