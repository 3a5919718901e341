//! Taking a password over from the system that people come from: for whom that system is asked, and what its
//! yes may change here. Whoever has a password here, or is disabled, is never asked about: the old system
//! decides nothing about them.

use super::{Account, Credentials, NameUse, NewAccount, Username};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::account::create::insert;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};

/// A password that the old system has called right.
#[derive(Clone, Debug)]
pub struct PasswordTakeover {
    /// The ID of the account, if it has to be made.
    pub new_id: AccountId,
    /// The name.
    pub username: Username,
    /// Our hash of the password.
    pub hash: PasswordHash,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum TakeoverOutcome {
    /// It is the password of this account from now on.
    TakenOver(Box<Credentials>),
    /// Nothing is changed: the name looks like the one of another account, or has been taken.
    NameRefused,
    /// Nothing is changed: this account had been given a password in the meantime, or was disabled.
    Overtaken(Box<Credentials>),
}

/// The name under which the old system is asked, if it is asked at all: the one that the account has here, or
/// the one that was typed if there is no account.
///
/// Compatibility forms are not typed names: `Ｂob` is `bob` here, and could be another person there, who
/// would get the account in Bob's place.
pub(crate) fn name_to_ask<'a>(typed: &'a Username, found: Option<&'a Credentials>) -> Option<&'a Username> {
    match found {
        Some(found) => may_be_set(found).then_some(&found.account.username),
        None => (!typed.has_compatibility_forms()).then_some(typed),
    }
}

const fn may_be_set(found: &Credentials) -> bool {
    found.account.is_enabled() && found.password_hash.is_none()
}

impl PasswordTakeover {
    /// Makes the account, or gives the account that is there its first password. Whether another one has to be
    /// chosen stays as it is: the password is the one that it was.
    pub(crate) fn decide(
        self,
        found: Option<Credentials>,
        name: NameUse,
        now: Timestamp,
    ) -> Plan<TakeoverOutcome> {
        let mut writes = Vec::new();
        let (account, password_version) = match found {
            Some(found) if !may_be_set(&found) => {
                return Plan::nothing(TakeoverOutcome::Overtaken(Box::new(found)));
            }
            Some(found) => {
                let version = found.password_version.saturating_add(1);
                writes.push(Write::SetPassword {
                    account_id: found.account.id,
                    hash: self.hash.clone(),
                    version,
                    change_required: found.account.password_change_required,
                });
                (Account { has_password: true, ..found.account }, version)
            }
            None if name != NameUse::Free => return Plan::nothing(TakeoverOutcome::NameRefused),
            None => {
                let new = NewAccount {
                    password_hash: Some(self.hash.clone()),
                    ..NewAccount::new(self.new_id, self.username)
                };
                (insert(new, now, &mut writes), 0)
            }
        };
        writes.push(Write::Record(AuditEvent::new(AuditKind::PasswordTakenOver).of_account(account.id)));
        let credentials = Credentials { account, password_hash: Some(self.hash), password_version };
        Plan::new(TakeoverOutcome::TakenOver(Box::new(credentials)), writes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::model::account::Role;
    use crate::model::session::testing::{T, account};

    fn hash(text: &str) -> PasswordHash {
        PasswordHash::from_stored(text.to_owned())
    }

    fn found(account: Account, own: Option<&str>) -> Credentials {
        Credentials { account, password_hash: own.map(hash), password_version: 5 }
    }

    fn takeover() -> PasswordTakeover {
        let new_id = AccountId::random(&Random::insecure_seeded(9));
        PasswordTakeover { new_id, username: Username::parse("Bob").unwrap(), hash: hash("theirs") }
    }

    #[test]
    fn nobody_with_a_password_here_and_nobody_disabled_is_asked_about() {
        let disabled = Account { disabled_at: Some(T), ..account() };
        let typed = Username::parse("BOB").unwrap();
        for (found, asked) in [
            (None, Some("BOB")),
            (Some(found(account(), None)), Some("bob")),
            (Some(found(account(), Some("ours"))), None),
            (Some(found(disabled.clone(), None)), None),
            (Some(found(disabled, Some("ours"))), None),
        ] {
            let name = name_to_ask(&typed, found.as_ref()).map(Username::as_str);
            assert_eq!(name, asked, "{found:?}");
            // And what would be asked about is what would be changed.
            let plan = takeover().decide(found, NameUse::Free, T);
            assert_eq!(plan.writes().is_empty(), asked.is_none());
        }
        assert_eq!(name_to_ask(&Username::parse("Ｂob").unwrap(), None), None);
    }

    #[test]
    fn an_unknown_name_becomes_an_account_without_rights() {
        let plan = takeover().decide(None, NameUse::Free, T);
        let [Write::InsertAccount { account, password_hash }, Write::Record(made), Write::Record(taken)] =
            plan.writes()
        else {
            panic!("{:?}", plan.writes())
        };
        assert_eq!((account.username.as_str(), &account.role), ("Bob", &Role::default()));
        assert_eq!(password_hash, &Some(hash("theirs")));
        assert_eq!((made.kind, taken.kind), (AuditKind::AccountCreated, AuditKind::PasswordTakenOver));
        let TakeoverOutcome::TakenOver(now) = plan.carried_out() else { panic!("refused") };
        assert_eq!(now.password_version, 0, "as it is stored");
    }

    #[test]
    fn a_name_that_looks_like_anothers_is_not_taken_over() {
        let plan = takeover().decide(None, NameUse::LooksAlike, T);
        assert!(plan.writes().is_empty());
        assert!(matches!(plan.carried_out(), TakeoverOutcome::NameRefused));
    }

    #[test]
    fn an_account_without_a_password_keeps_everything_else() {
        for required in [false, true] {
            let before = Account {
                has_password: false,
                password_change_required: required,
                role: Role::admin(),
                ..account()
            };
            let plan = takeover().decide(Some(found(before.clone(), None)), NameUse::Taken, T);
            let [Write::SetPassword { version: 6, change_required, .. }, Write::Record(taken)] =
                plan.writes()
            else {
                panic!("{:?}", plan.writes())
            };
            assert_eq!((*change_required, taken.kind), (required, AuditKind::PasswordTakenOver));
            let TakeoverOutcome::TakenOver(now) = plan.carried_out() else { panic!("refused") };
            assert_eq!((now.account, now.password_version), (Account { has_password: true, ..before }, 6));
        }
    }
}
