//! Adding, verifying and removing an account's addresses, and which one is primary: the first that is verified, until its owner
//! chooses another or removes it. The addresses come in the order in which they were added.

use super::{AccountEmail, AddEmailOutcome, ChangeEmailOutcome, MAX_EMAILS};
use crate::base::clock::Timestamp;
use crate::base::id::EmailId;
use crate::model::account::Account;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::ticket;

/// Adds an address, unless the account has it.
pub(crate) fn add(found: Option<&Account>, own: &[AccountEmail], new: AccountEmail) -> Plan<AddEmailOutcome> {
    if found.is_none() {
        return Plan::nothing(AddEmailOutcome::NoAccount);
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

/// Lets notices go to another address.
pub(crate) fn make_primary(own: &[AccountEmail], id: EmailId) -> Plan<ChangeEmailOutcome> {
    match own.iter().find(|email| email.id == id) {
        None => Plan::nothing(ChangeEmailOutcome::NotFound),
        Some(email) if email.verified_at.is_none() => Plan::nothing(ChangeEmailOutcome::NotVerified),
        Some(email) if email.is_primary => Plan::nothing(ChangeEmailOutcome::Done),
        Some(email) => {
            let mut writes: Vec<_> =
                own.iter().filter(|other| other.is_primary).map(|other| with_primary(other, false)).collect();
            writes.extend([with_primary(email, true), record(AuditKind::EmailPrimaryChanged, email)]);
            Plan::new(ChangeEmailOutcome::Done, writes)
        }
    }
}

/// Removes an address, and voids what was sent to it: whoever reads its mail has no business with the account any more. In
/// place of the primary one comes the verified one that was added first.
pub(crate) fn remove(own: &[AccountEmail], id: EmailId, now: Timestamp) -> Plan<ChangeEmailOutcome> {
    let Some(email) = own.iter().find(|email| email.id == id) else {
        return Plan::nothing(ChangeEmailOutcome::NotFound);
    };
    let void = ticket::void(Some(email.account_id), &email.address, None, now);
    let mut writes = vec![Write::DeleteEmail(id), void, record(AuditKind::EmailRemoved, email)];
    let next = own.iter().find(|other| other.id != id && other.verified_at.is_some());
    if let Some(next) = next.filter(|_| email.is_primary) {
        writes.extend([with_primary(next, true), record(AuditKind::EmailPrimaryChanged, next)]);
    }
    Plan::new(ChangeEmailOutcome::Done, writes)
}

fn with_primary(email: &AccountEmail, is_primary: bool) -> Write {
    Write::UpdateEmail(Box::new(AccountEmail { is_primary, ..email.clone() }))
}

fn record(kind: AuditKind, email: &AccountEmail) -> Write {
    Write::Record(AuditEvent::new(kind).of_account(email.account_id).with_detail(email.id.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::model::account::EmailAddress;
    use crate::model::session::testing::{T, account};

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

    #[test]
    fn an_account_has_an_address_once_and_ten_at_most() {
        let own: Vec<_> = (0..9).map(|number| email(number, false, false)).collect();
        let same = AccountEmail { id: email(99, false, false).id, ..own[3].clone() };
        let plan = add(Some(&account()), &own, same);
        assert!(plan.writes().is_empty());
        assert_eq!(plan.carried_out(), AddEmailOutcome::There(own[3].clone()));
        let plan = add(Some(&account()), &own, email(9, false, false));
        let ten = after(&own, &plan);
        assert_eq!((ten.len(), plan.carried_out()), (10, AddEmailOutcome::There(email(9, false, false))));
        assert_eq!(
            add(Some(&account()), &ten, email(10, false, false)).carried_out(),
            AddEmailOutcome::TooMany
        );
        assert_eq!(add(None, &[], email(1, false, false)).carried_out(), AddEmailOutcome::NoAccount);
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
        let left = after(&chosen, &remove(&chosen, own[2].id, T));
        assert_eq!((left.len(), primary(&left)), (2, Some(own[1].id)));
        let left = after(&left, &remove(&left, own[1].id, T));
        assert_eq!((left.len(), primary(&left)), (1, None), "one that is not verified is never primary");
        for plan in [remove(&left, own[1].id, T), make_primary(&left, own[1].id)] {
            assert_eq!(plan.carried_out(), ChangeEmailOutcome::NotFound);
        }
    }
}
