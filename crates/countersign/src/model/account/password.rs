//! Setting a password: by its owner, who has shown the one before, or by somebody who administers. All other
//! sessions end with it (PP-8).

use super::Credentials;
use crate::base::id::{AccountId, SessionId};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::outbox::NewDelivery;
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::proof::Proof;
use crate::model::session::{EndReason, EndedSession, PolicyAt, Session, end_all};

/// A password to set.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The account.
    pub account_id: AccountId,
    /// The new hash.
    pub new: PasswordHash,
    /// What its owner has shown; `None` when somebody else sets it, who may. It has to hold still.
    pub checked: Option<Proof>,
    /// The session that lives on.
    pub keep: Option<SessionId>,
    /// The mail that tells its owner.
    pub notice: Option<NewDelivery>,
}

/// What came of setting a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    /// It is set, and these sessions are ended.
    Done(Vec<EndedSession>),
    /// There is no such account, or it is disabled and its owner asks.
    NotFound,
    /// What was shown does not hold any more: the password was changed in the meantime.
    Overtaken,
}

impl PasswordChange {
    /// The account, if its password may be set: with `checked`, by an owner who may sign in and has not been
    /// overtaken.
    pub(crate) fn admit(&self, found: Option<Credentials>) -> Result<Credentials, Plan<SetPasswordOutcome>> {
        let found = found.ok_or(Plan::nothing(SetPasswordOutcome::NotFound))?;
        match self.checked {
            Some(_) if !found.account.is_enabled() => Err(Plan::nothing(SetPasswordOutcome::NotFound)),
            Some(proof) if !proof.still_holds(&found) => Err(Plan::nothing(SetPasswordOutcome::Overtaken)),
            _ => Ok(found),
        }
    }

    /// Sets the password of an account that was admitted, and ends its open sessions but the one to keep.
    pub(crate) fn set(self, found: &Credentials, open: &[Session], at: PolicyAt) -> Plan<SetPasswordOutcome> {
        let mut writes = Vec::new();
        let ended = self.write(found, open, at, &mut writes);
        Plan::new(SetPasswordOutcome::Done(ended), writes)
    }

    /// A password that its owner chose, having shown the one before, meets a required change. One that
    /// somebody else has set does not: they know it.
    pub(in crate::model) fn write(
        self,
        found: &Credentials,
        open: &[Session],
        at: PolicyAt,
        writes: &mut Vec<Write>,
    ) -> Vec<EndedSession> {
        let account_id = found.account.id;
        writes.push(Write::SetPassword {
            account_id,
            hash: self.new,
            version: found.password_version.saturating_add(1),
            change_required: found.account.password_change_required && self.checked.is_none(),
        });
        writes.push(Write::Record(AuditEvent::new(AuditKind::PasswordChanged).of_account(account_id)));
        writes.extend(self.notice.map(|mail| Write::InsertDelivery(Box::new(mail))));
        let others = open.iter().filter(|session| Some(session.id) != self.keep);
        end_all(others, EndReason::PasswordChanged, at, writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::Account;
    use crate::model::session::testing::{T, account, at, session_of};

    fn credentials(account: Account) -> Credentials {
        Credentials { account, password_hash: None, password_version: 5 }
    }

    fn change(version: Option<i64>) -> PasswordChange {
        let checked = version.map(|version| Proof::Password { version });
        let new = PasswordHash::from_stored("new".to_owned());
        PasswordChange { account_id: account().id, new, checked, keep: None, notice: None }
    }

    /// CC-3: the password that was checked must be the newest: one before, the same, one after.
    #[test]
    fn an_owner_sets_it_if_nobody_was_faster() {
        let (on, off) = (account(), Account { disabled_at: Some(T), ..account() });
        for (found, checked, refused) in [
            (Some(&on), Some(4), Some(SetPasswordOutcome::Overtaken)),
            (Some(&on), Some(5), None),
            (Some(&on), Some(6), Some(SetPasswordOutcome::Overtaken)),
            (Some(&on), None, None),
            (Some(&off), Some(5), Some(SetPasswordOutcome::NotFound)),
            (Some(&off), None, None),
            (None, None, Some(SetPasswordOutcome::NotFound)),
        ] {
            let admitted = change(checked).admit(found.cloned().map(credentials));
            assert_eq!(admitted.err().map(Plan::carried_out), refused, "{checked:?} {found:?}");
        }
    }

    #[test]
    fn a_required_change_is_met_by_the_owner_only() {
        let required = Account { password_change_required: true, ..account() };
        for (found, checked, remains) in [
            (&required, Some(5), false),
            (&required, None, true),
            (&account(), Some(5), false),
            (&account(), None, false),
        ] {
            let plan = change(checked).set(&credentials(found.clone()), &[], at(T));
            let [Write::SetPassword { version: 6, change_required, .. }, Write::Record(event)] =
                plan.writes()
            else {
                panic!("{:?}", plan.writes())
            };
            assert_eq!(*change_required, remains);
            assert_eq!(event.kind, AuditKind::PasswordChanged);
        }
    }

    #[test]
    fn every_session_but_the_one_to_keep_ends() {
        let found = credentials(account());
        let open = [1, 2, 3].map(|seed| session_of(&found.account, seed));
        for (keep, ends) in [(None, vec![0, 1, 2]), (Some(1), vec![0, 2])] {
            let keep = keep.map(|index: usize| open[index].id);
            let plan = PasswordChange { keep, ..change(None) }.set(&found, &open, at(T));
            let SetPasswordOutcome::Done(ended) = plan.carried_out() else { panic!("refused") };
            let ids: Vec<_> = ended.iter().map(|ended| ended.id).collect();
            assert_eq!(ids, ends.iter().map(|index: &usize| open[*index].id).collect::<Vec<_>>());
        }
    }
}
