//! Adding, verifying and removing an account's addresses, and which one is primary: the first that is verified, until its owner
//! chooses another or removes it. The addresses come in the order in which they were added.

use super::way_back::{EmailNotices, concerned, tell};
use super::{AccountEmail, AddEmailOutcome, ChangeEmailOutcome, EmailAction, MAX_EMAILS, NewEmail};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::account::Credentials;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::proof::Proof;
use crate::model::ticket::{self, Ticket};

/// A change of an account's addresses.
#[derive(Clone, Debug)]
pub struct EmailChange {
    /// The account.
    pub account_id: AccountId,
    /// What is done.
    pub action: EmailAction,
    /// What its owner has shown; `None` when somebody else does it, who may. It has to hold still.
    pub checked: Option<Proof>,
    /// The mails about it.
    pub notices: EmailNotices,
}

/// Adds an address, unless the account has it.
///
/// SECURITY: also where the account has it, what its owner has shown has to hold: a mail that verifies it is sent next.
pub(crate) fn add(
    found: Option<&Credentials>,
    own: &[AccountEmail],
    NewEmail { email: new, checked }: NewEmail,
) -> Plan<AddEmailOutcome> {
    let is_there = |found: &&Credentials| checked.is_none() || found.account.is_enabled();
    let Some(found) = found.filter(is_there) else { return Plan::nothing(AddEmailOutcome::NoAccount) };
    if checked.is_some_and(|proof| !proof.still_holds(found)) {
        return Plan::nothing(AddEmailOutcome::Overtaken);
    }
    let is_same = |email: &&AccountEmail| email.address.canonical() == new.address.canonical();
    if let Some(there) = own.iter().find(is_same) {
        return Plan::nothing(AddEmailOutcome::There(there.clone()));
    }
    if own.len() >= MAX_EMAILS {
        return Plan::nothing(AddEmailOutcome::TooMany);
    }
    let writes = vec![Write::InsertEmail(Box::new(new.clone())), record(AuditKind::EmailAdded, &new)];
    Plan::new(AddEmailOutcome::There(new), writes)
}

/// The writes by which an address is verified; none if it is already.
pub(in crate::model) fn verify(email: &AccountEmail, own: &[AccountEmail], now: Timestamp) -> Vec<Write> {
    if email.verified_at.is_some() {
        return Vec::new();
    }
    let is_primary = !own.iter().any(|other| other.is_primary);
    let verified = AccountEmail { verified_at: Some(now), is_primary, ..email.clone() };
    let event = record(AuditKind::EmailVerified, &verified);
    vec![Write::UpdateEmail(Box::new(verified)), event]
}

/// The writes of an address that a new account begins with: its owner has shown that they read its mail.
pub(in crate::model) fn verified_from_the_start(new: AccountEmail) -> [Write; 3] {
    let [added, verified] = [AuditKind::EmailAdded, AuditKind::EmailVerified].map(|kind| record(kind, &new));
    [Write::InsertEmail(Box::new(new)), added, verified]
}

impl EmailChange {
    /// Makes another address the primary one, or removes one, with what was asked for: the account, its addresses, and its ways
    /// back. A removed address takes along what was sent to it, but its way back: whoever reads its mail has no business with the
    /// account any more, unless the change was not the owner's.
    pub(crate) fn decide(
        self,
        found: Option<&Credentials>,
        own: &[AccountEmail],
        ways: &[Ticket],
        now: Timestamp,
    ) -> Plan<ChangeEmailOutcome> {
        let found = match (found, self.checked) {
            (Some(found), Some(_)) if !found.account.is_enabled() => None,
            (Some(found), Some(proof)) if !proof.still_holds(found) => {
                return Plan::nothing(ChangeEmailOutcome::Overtaken);
            }
            (found, _) => found,
        };
        let id = self.action.email();
        let email = own.iter().find(|email| email.id == id).filter(|_| found.is_some());
        let Some(email) = email else { return Plan::nothing(ChangeEmailOutcome::NotFound) };
        let concerned = concerned(own, self.action);
        let mut writes = match self.action {
            EmailAction::MakePrimary(_) if email.verified_at.is_none() => {
                return Plan::nothing(ChangeEmailOutcome::NotVerified);
            }
            EmailAction::MakePrimary(_) if email.is_primary => {
                return Plan::nothing(ChangeEmailOutcome::Done);
            }
            EmailAction::MakePrimary(_) => {
                own.iter().filter(|other| other.is_primary).map(|other| with_primary(other, false)).collect()
            }
            EmailAction::Remove(_) => remove(email, now),
        };
        if concerned.ids() != self.notices.for_whom {
            return Plan::nothing(ChangeEmailOutcome::Outdated);
        }
        if let Some(primary) = concerned.primary {
            writes.extend([with_primary(primary, true), record(AuditKind::EmailPrimaryChanged, primary)]);
        }
        writes.extend(tell(concerned, self.notices, ways, now));
        Plan::new(ChangeEmailOutcome::Done, writes)
    }
}

/// The writes by which an address goes, with the tickets that were sent to it.
pub(in crate::model) fn remove(email: &AccountEmail, now: Timestamp) -> Vec<Write> {
    let void = ticket::void(Some(email.account_id), &email.address, None, now);
    vec![Write::DeleteEmail(email.id), void, record(AuditKind::EmailRemoved, email)]
}

pub(in crate::model) fn with_primary(email: &AccountEmail, is_primary: bool) -> Write {
    Write::UpdateEmail(Box::new(AccountEmail { is_primary, ..email.clone() }))
}

pub(in crate::model) fn record(kind: AuditKind, email: &AccountEmail) -> Write {
    Write::Record(AuditEvent::new(kind).of_account(email.account_id).with_detail(email.id.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::EmailId;
    use crate::base::random::Random;
    use crate::model::account::{Account, EmailAddress};
    use crate::model::email::EmailNotices;
    use crate::model::proof::Proof;
    use crate::model::session::testing::{T, account};
    use crate::model::ticket::testing::found;

    fn email(number: u64, verified: bool, is_primary: bool) -> AccountEmail {
        AccountEmail {
            id: EmailId::random(&Random::insecure_seeded(number)),
            account_id: account().id,
            address: EmailAddress::parse(&format!("a{number}@example.org")).unwrap(),
            verified_at: verified.then_some(T),
            is_primary,
            created_at: T,
        }
    }

    /// The addresses after a plan.
    fn after<O>(own: &[AccountEmail], plan: &Plan<O>) -> Vec<AccountEmail> {
        changed(own, plan.writes())
    }

    fn changed(own: &[AccountEmail], writes: &[Write]) -> Vec<AccountEmail> {
        let mut own = own.to_vec();
        for write in writes {
            match write {
                Write::InsertEmail(email) => own.push((**email).clone()),
                Write::UpdateEmail(email) => {
                    *own.iter_mut().find(|other| other.id == email.id).unwrap() = (**email).clone();
                }
                Write::DeleteEmail(id) => own.retain(|email| email.id != *id),
                _ => {}
            }
        }
        assert!(own.iter().filter(|email| email.is_primary).count() <= 1);
        own
    }

    /// Decided for an owner whose password has this number, the account's being 5.
    fn decided(own: &[AccountEmail], action: EmailAction, version: i64) -> Plan<ChangeEmailOutcome> {
        let notices = EmailNotices { for_whom: concerned(own, action).ids(), ..EmailNotices::default() };
        let checked = Some(Proof::Password { version });
        EmailChange { account_id: account().id, action, checked, notices }.decide(Some(&found()), own, &[], T)
    }

    /// By an owner whose password has this number, the account's being 5.
    fn added(own: &[AccountEmail], email: AccountEmail, version: i64) -> Plan<AddEmailOutcome> {
        add(Some(&found()), own, NewEmail { email, checked: Some(Proof::Password { version }) })
    }

    fn make_primary(own: &[AccountEmail], id: EmailId) -> Plan<ChangeEmailOutcome> {
        decided(own, EmailAction::MakePrimary(id), 5)
    }

    fn remove(own: &[AccountEmail], id: EmailId) -> Plan<ChangeEmailOutcome> {
        decided(own, EmailAction::Remove(id), 5)
    }

    #[test]
    fn an_account_has_an_address_once_and_ten_at_most() {
        let own: Vec<_> = (0..9).map(|number| email(number, false, false)).collect();
        let same = AccountEmail { id: email(99, false, false).id, ..own[3].clone() };
        let plan = added(&own, same, 5);
        assert!(plan.writes().is_empty());
        assert_eq!(plan.carried_out(), AddEmailOutcome::There(own[3].clone()));
        let plan = added(&own, email(9, false, false), 5);
        let ten = after(&own, &plan);
        assert_eq!((ten.len(), plan.carried_out()), (10, AddEmailOutcome::There(email(9, false, false))));
        assert_eq!(added(&ten, email(10, false, false), 5).carried_out(), AddEmailOutcome::TooMany);
    }

    #[test]
    fn the_first_verified_address_is_primary_until_another_is_chosen_or_it_is_removed() {
        let own = vec![email(0, false, false), email(1, false, false), email(2, false, false)];
        assert_eq!(make_primary(&own, own[1].id).carried_out(), ChangeEmailOutcome::NotVerified);
        let own = changed(&own, &verify(&own[1], &own, T));
        let own = changed(&own, &verify(&own[2], &own, T));
        let primary = |own: &[AccountEmail]| own.iter().find(|email| email.is_primary).map(|email| email.id);
        assert_eq!(primary(&own), Some(own[1].id));
        assert!(verify(&own[1], &own, T).is_empty(), "it is verified");

        let plan = make_primary(&own, own[2].id);
        let chosen = after(&own, &plan);
        assert_eq!((primary(&chosen), plan.carried_out()), (Some(own[2].id), ChangeEmailOutcome::Done));
        let left = after(&chosen, &remove(&chosen, own[2].id));
        assert_eq!((left.len(), primary(&left)), (2, Some(own[1].id)));
        let left = after(&left, &remove(&left, own[1].id));
        assert_eq!((left.len(), primary(&left)), (1, None), "one that is not verified is never primary");
        for plan in [remove(&left, own[1].id), make_primary(&left, own[1].id)] {
            assert_eq!(plan.carried_out(), ChangeEmailOutcome::NotFound);
        }
    }

    /// SE-9, CC-3: a request that waited while the owner locked a thief out does nothing.
    #[test]
    fn the_password_that_was_shown_has_to_hold_still() {
        let own = [email(0, true, true), email(1, true, false)];
        for action in [EmailAction::MakePrimary(own[1].id), EmailAction::Remove(own[0].id)] {
            for (version, expected) in [
                (4, ChangeEmailOutcome::Overtaken),
                (5, ChangeEmailOutcome::Done),
                (6, ChangeEmailOutcome::Overtaken),
            ] {
                let plan = decided(&own, action, version);
                assert_eq!(plan.writes().is_empty(), expected != ChangeEmailOutcome::Done);
                assert_eq!(plan.carried_out(), expected);
            }
        }
    }

    /// SE-9, CC-3: nor does it add an address, or have the mail of one sent again; not to a disabled account either.
    #[test]
    fn an_owner_adds_nothing_with_a_password_that_was_changed() {
        let (own, new) = ([email(0, false, false)], email(1, false, false));
        for email in [&own[0], &new] {
            for version in [4, 6] {
                let plan = added(&own, email.clone(), version);
                assert!(plan.writes().is_empty());
                assert_eq!(plan.carried_out(), AddEmailOutcome::Overtaken);
            }
            assert_eq!(added(&own, email.clone(), 5).carried_out(), AddEmailOutcome::There(email.clone()));
        }
        let disabled = Credentials { account: Account { disabled_at: Some(T), ..account() }, ..found() };
        let by_owner = NewEmail { email: new, checked: Some(Proof::Password { version: 5 }) };
        let by_another = NewEmail { checked: None, ..by_owner.clone() };
        for (found, new, expected) in [
            (None, &by_another, false),
            (None, &by_owner, false),
            (Some(&disabled), &by_owner, false),
            (Some(&disabled), &by_another, true),
        ] {
            let outcome = add(found, &[], new.clone()).carried_out();
            let there = AddEmailOutcome::There(new.email.clone());
            assert_eq!(outcome, if expected { there } else { AddEmailOutcome::NoAccount });
        }
    }

    /// EM-4: a mail for one address never goes with the change of another.
    #[test]
    fn mails_that_were_made_for_others_are_made_again() {
        let own = [email(0, true, true), email(1, true, false), email(2, true, false)];
        let action = EmailAction::MakePrimary(own[2].id);
        let now_concerned = concerned(&own, action);
        assert_eq!(now_concerned.ids(), (Some(own[0].id), Some(own[2].id)));
        for for_whom in [(None, None), (Some(own[1].id), Some(own[2].id)), (Some(own[0].id), None)] {
            let notices = EmailNotices { for_whom, ..EmailNotices::default() };
            let change = EmailChange { account_id: account().id, action, checked: None, notices };
            let plan = change.decide(Some(&found()), &own, &[], T);
            assert!(plan.writes().is_empty());
            assert_eq!(plan.carried_out(), ChangeEmailOutcome::Outdated);
        }
        for (action, expected) in [
            (EmailAction::Remove(own[0].id), (Some(own[0].id), Some(own[1].id))),
            (EmailAction::Remove(own[1].id), (Some(own[1].id), None)),
            (EmailAction::MakePrimary(own[0].id), (None, None)),
        ] {
            assert_eq!(concerned(&own, action).ids(), expected, "{action:?}");
        }
        let claimed = [email(0, false, false)];
        assert_eq!(
            concerned(&claimed, EmailAction::Remove(claimed[0].id)).ids(),
            (None, None),
            "nothing was proved"
        );
    }
}
