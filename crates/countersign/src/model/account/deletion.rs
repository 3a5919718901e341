//! Deleting an account: at once, by somebody who may; or by its owner, who can take it back until the grace is over.
//! Until then the account is disabled, so whatever refuses a disabled account refuses this one.

use std::time::Duration;

use super::{Account, ChangeAccountOutcome, Credentials, PendingChange};
use crate::base::clock::Timestamp;
use crate::model::plan::Plan;
use crate::model::proof::Proof;

/// Who wants an account to be deleted, and when.
#[derive(Clone, Copy, Debug)]
pub enum Deletion {
    /// Somebody who administers: at once.
    Now,
    /// Its owner.
    ByOwner {
        /// What they have shown. It has to hold still.
        proof: Proof,
        /// For how long they can take it back; without any it is deleted at once.
        grace: Duration,
    },
    /// The upkeep: if its owner has asked, and the grace is over.
    IfDue,
}

impl Deletion {
    /// The account as it would be.
    pub(crate) fn of(
        self,
        found: Option<Credentials>,
        now: Timestamp,
    ) -> Result<PendingChange, Plan<ChangeAccountOutcome>> {
        let found = found.ok_or(Plan::nothing(ChangeAccountOutcome::NotFound))?;
        let account = &found.account;
        match self {
            Self::IfDue if !account.is_overdue(now) => Err(Plan::nothing(ChangeAccountOutcome::NotFound)),
            Self::ByOwner { .. } if !account.is_enabled() => {
                Err(Plan::nothing(ChangeAccountOutcome::NotFound))
            }
            Self::ByOwner { proof, .. } if !proof.still_holds(&found) => {
                Err(Plan::nothing(ChangeAccountOutcome::Overtaken))
            }
            Self::ByOwner { grace, .. } if !grace.is_zero() => {
                let (disabled_at, delete_at) = (Some(now), Some(now.plus(grace)));
                let after = Account { disabled_at, delete_at, ..found.account.clone() };
                Ok(PendingChange::between(found.account, Some(after)))
            }
            Self::Now | Self::ByOwner { .. } | Self::IfDue => Ok(PendingChange::between(found.account, None)),
        }
    }
}

impl Account {
    /// Whether the time in which its owner could take it back is over: nobody gets in any more, and the upkeep deletes it.
    pub(in crate::model) fn is_overdue(&self, now: Timestamp) -> bool {
        self.delete_at.is_some_and(|at| at <= now)
    }

    /// Whether its owner may prove who they are: to sign in, or to take it back.
    pub(crate) const fn knows_its_owner(&self) -> bool {
        self.is_enabled() || self.delete_at.is_some()
    }

    /// As it is when its owner has taken it back.
    pub(crate) fn taken_back(self) -> Self {
        match self.delete_at {
            Some(_) => Self { disabled_at: None, delete_at: None, ..self },
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::{AccountChange, NameUse, Role};
    use crate::model::audit::{AuditEvent, AuditKind};
    use crate::model::plan::Write;
    use crate::model::session::testing::{T, account, at, session_of};

    const GRACE: Duration = Duration::from_hours(14 * 24);

    fn credentials(account: Account) -> Credentials {
        Credentials { account, password_hash: None, password_version: 5 }
    }

    fn by_owner(version: i64, grace: Duration) -> Deletion {
        Deletion::ByOwner { proof: Proof::Password { version }, grace }
    }

    fn pending() -> Account {
        Account { disabled_at: Some(T), delete_at: Some(T.plus(GRACE)), ..account() }
    }

    fn asked(found: Account, deletion: Deletion, now: Timestamp) -> (ChangeAccountOutcome, Vec<Write>) {
        let open = [session_of(&account(), 1)];
        let plan = match deletion.of(Some(credentials(found)), now) {
            Ok(pending) => pending.decide(NameUse::Free, false, (&open, &[]), at(now)),
            Err(refused) => refused,
        };
        let writes = plan.writes().to_vec();
        (plan.carried_out(), writes)
    }

    fn kinds(writes: &[Write]) -> Vec<AuditKind> {
        writes
            .iter()
            .filter_map(|write| if let Write::Record(event) = write { Some(event.kind) } else { None })
            .collect()
    }

    /// AD-1: it is disabled from now on, its sessions end, and it stays until the grace is over.
    #[test]
    fn a_request_of_its_owner_disables_it_until_the_grace_is_over() {
        let (outcome, writes) = asked(account(), by_owner(5, GRACE), T);
        let ChangeAccountOutcome::Done(after, ended) = outcome else { panic!("{outcome:?}") };
        assert_eq!((*after, ended.len()), (pending(), 1));
        assert_eq!(writes[0], Write::UpdateAccount(Box::new(pending())));
        assert_eq!(kinds(&writes), [AuditKind::AccountDeletionRequested, AuditKind::SessionEnded]);
        let event = AuditEvent::new(AuditKind::AccountDeletionRequested).of_account(account().id);
        assert!(writes.contains(&Write::Record(event.with_detail(T.plus(GRACE).to_string()))));
        let (_, writes) = asked(account(), by_owner(5, Duration::ZERO), T);
        assert!(writes.contains(&Write::DeleteAccount(account().id)), "without a grace: at once");
    }

    /// AD-1: each reason to refuse, alone.
    #[test]
    fn an_owner_is_refused_without_a_proof_or_an_account_or_a_successor() {
        let off = Account { disabled_at: Some(T), ..account() };
        let admin = Account { role: Role::admin(), ..account() };
        for grace in [GRACE, Duration::ZERO] {
            for (found, version, expected) in [
                (account(), 4, ChangeAccountOutcome::Overtaken),
                (off.clone(), 5, ChangeAccountOutcome::NotFound),
                (pending(), 5, ChangeAccountOutcome::NotFound),
                (admin.clone(), 5, ChangeAccountOutcome::LastAdministrator),
            ] {
                assert_eq!(asked(found, by_owner(version, grace), T), (expected, Vec::new()));
            }
        }
        let plan = Deletion::Now.of(None, T).unwrap_err();
        assert_eq!(plan.carried_out(), ChangeAccountOutcome::NotFound);
    }

    /// AD-2: a millisecond before its end, at it; and never one that nobody asked for.
    #[test]
    fn the_upkeep_deletes_what_is_due_and_nothing_else() {
        let (end, ms) = (T.plus(GRACE), Duration::from_millis(1));
        let off = Account { disabled_at: Some(T), ..account() };
        for (found, now, is_deleted) in [
            (pending(), end.minus(ms), false),
            (pending(), end, true),
            (account(), end, false),
            (off, end, false),
        ] {
            let (_, writes) = asked(found.clone(), Deletion::IfDue, now);
            assert_eq!(writes.contains(&Write::DeleteAccount(found.id)), is_deleted, "{found:?}");
            assert_eq!(writes.is_empty(), !is_deleted);
        }
        assert!(
            kinds(&asked(pending(), Deletion::Now, T).1).contains(&AuditKind::AccountDeleted),
            "hastened"
        );
    }

    /// AD-3: an administrator who says whether it is disabled has decided; who says anything else has not.
    #[test]
    fn an_administrator_cancels_it_by_enabling_or_by_disabling() {
        use AuditKind::*;
        for (disabled, kinds_of, after) in [
            (Some(false), vec![AccountDeletionCancelled], account()),
            (
                Some(true),
                vec![AccountDeletionCancelled, AccountDisabled],
                Account { disabled_at: Some(T), ..account() },
            ),
            (None, vec![], pending()),
        ] {
            let change = AccountChange { disabled, ..AccountChange::default() };
            let pending = PendingChange::of(Some(pending()), change, T.plus(GRACE)).unwrap();
            let plan = pending.decide(NameUse::Free, false, (&[], &[]), at(T));
            assert_eq!(kinds(plan.writes()), kinds_of);
            assert_eq!(plan.carried_out(), ChangeAccountOutcome::Done(Box::new(after), Vec::new()));
        }
    }
}
