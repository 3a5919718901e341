//! Making accounts: one, or many of which all are made or none. A name is taken in every spelling of it
//! (CC-4).

use std::collections::HashSet;

use super::{Account, AccountLanguage, CustomClaims, Locale, NameUse, Role, Username};
use crate::base::clock::Timestamp;
use crate::base::id::AccountId;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::password_hash::PasswordHash;
use crate::model::plan::{Plan, Write};
use crate::model::second_factor::{NewFactor, SecondFactor, inserts};

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its ID.
    pub id: AccountId,
    /// Its name.
    pub username: Username,
    /// Its role.
    pub role: Role,
    /// Its claims.
    pub claims: CustomClaims,
    /// The hash of its password; without one nobody can sign in to it.
    pub password_hash: Option<PasswordHash>,
    /// Whether it may not sign in yet.
    pub disabled: bool,
    /// Whether its owner has to choose another password before a session begins.
    pub password_change_required: bool,
    /// The language of mails about it, if its owner has used one.
    pub locale: Option<Locale>,
    /// Authenticators that it has from the beginning, of another system.
    pub factors: Vec<SecondFactor>,
}

impl NewAccount {
    /// An enabled account without a password, with the default role and no claims.
    #[must_use]
    pub fn new(id: AccountId, username: Username) -> Self {
        Self {
            id,
            username,
            role: Role::default(),
            claims: CustomClaims::default(),
            password_hash: None,
            disabled: false,
            password_change_required: false,
            locale: None,
            factors: Vec::new(),
        }
    }
}

/// What came of making an account.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateAccountOutcome {
    /// It is made.
    Created(Box<Account>),
    /// Another account has this name, perhaps in another spelling.
    NameTaken,
    /// The name looks like the one of another account.
    LooksAlike,
}

/// What came of making many accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportAccountsOutcome {
    /// All of them are made.
    Imported,
    /// None is made: the name of the account at this index is taken, by an account or by an earlier one of
    /// the list.
    NameTaken(usize),
    /// None is made: the name of the account at this index looks like the one of another account, or of the list.
    LooksAlike(usize),
}

/// Makes an account, unless its name is taken, or looks like one that is.
pub(crate) fn create(new: NewAccount, name: NameUse, now: Timestamp) -> Plan<CreateAccountOutcome> {
    match name {
        NameUse::Free => {}
        NameUse::Taken => return Plan::nothing(CreateAccountOutcome::NameTaken),
        NameUse::LooksAlike => return Plan::nothing(CreateAccountOutcome::LooksAlike),
    }
    let mut writes = Vec::new();
    let account = Box::new(insert(new, now, &mut writes));
    Plan::new(CreateAccountOutcome::Created(account), writes)
}

/// Makes all of these accounts, unless a name is among those taken, is there twice, or looks like another.
pub(crate) fn import(
    accounts: Vec<NewAccount>,
    uses: &[NameUse],
    now: Timestamp,
) -> Plan<ImportAccountsOutcome> {
    let all: HashSet<&str> = accounts.iter().map(|new| new.username.canonical()).collect();
    let mut seen = HashSet::new();
    for (index, (new, name)) in accounts.iter().zip(uses).enumerate() {
        if *name == NameUse::Taken || !seen.insert(new.username.canonical()) {
            return Plan::nothing(ImportAccountsOutcome::NameTaken(index));
        }
        let mut alike = new.username.plain_look_alikes();
        if *name == NameUse::LooksAlike || alike.any(|other| all.contains(other.canonical())) {
            return Plan::nothing(ImportAccountsOutcome::LooksAlike(index));
        }
    }
    let mut writes = Vec::with_capacity(2 * accounts.len());
    for new in accounts {
        insert(new, now, &mut writes);
    }
    Plan::new(ImportAccountsOutcome::Imported, writes)
}

pub(super) fn insert(new: NewAccount, now: Timestamp, writes: &mut Vec<Write>) -> Account {
    let account = Account {
        id: new.id,
        username: new.username,
        role: new.role,
        claims: new.claims,
        language: AccountLanguage::of(new.locale),
        disabled_at: new.disabled.then_some(now),
        delete_at: None,
        has_password: new.password_hash.is_some(),
        password_change_required: new.password_change_required,
        created_at: now,
    };
    let created = AuditEvent::new(AuditKind::AccountCreated).of_account(account.id);
    writes
        .push(Write::InsertAccount { account: Box::new(account.clone()), password_hash: new.password_hash });
    writes.push(Write::Record(created.with_detail(account.role.as_str())));
    if account.password_change_required {
        writes.push(Write::Record(AuditEvent::new(AuditKind::PasswordChangeRequired).of_account(account.id)));
    }
    for factor in new.factors {
        writes.extend(inserts(&NewFactor { factor, codes: Vec::new() }, now));
    }
    account
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

    fn new(name: &str) -> NewAccount {
        NewAccount {
            id: AccountId::random(&Random::insecure_seeded(1)),
            username: Username::parse(name).unwrap(),
            role: Role::default(),
            claims: CustomClaims::default(),
            password_hash: None,
            disabled: false,
            password_change_required: false,
            locale: None,
            factors: Vec::new(),
        }
    }

    /// MF-1: there is no moment at which an imported account is without its authenticator.
    #[test]
    fn an_imported_account_has_its_authenticator_from_the_beginning() {
        use crate::model::second_factor::testing::factor;
        let found = import(vec![NewAccount { factors: vec![factor(1)], ..new("bob") }], &[NameUse::Free], T);
        let inserted = Write::InsertFactor(Box::new(factor(1)));
        assert!(matches!(found.writes().first(), Some(Write::InsertAccount { .. })), "{:?}", found.writes());
        assert!(found.writes().contains(&inserted), "{:?}", found.writes());
        assert_eq!(found.carried_out(), ImportAccountsOutcome::Imported);
    }

    #[test]
    fn an_account_is_made_as_asked_and_recorded() {
        let locale = Some(Locale::parse("de").unwrap());
        let asked = NewAccount { disabled: true, password_change_required: true, locale, ..new("bob") };
        let plan = create(asked.clone(), NameUse::Free, T);
        let account = Account {
            id: asked.id,
            username: asked.username.clone(),
            role: asked.role.clone(),
            claims: asked.claims.clone(),
            language: AccountLanguage::of(asked.locale.clone()),
            disabled_at: Some(T),
            delete_at: None,
            has_password: false,
            password_change_required: true,
            created_at: T,
        };
        let created = AuditEvent::new(AuditKind::AccountCreated).of_account(asked.id).with_detail("user");
        let required = AuditEvent::new(AuditKind::PasswordChangeRequired).of_account(asked.id);
        let inserted = Write::InsertAccount { account: Box::new(account.clone()), password_hash: None };
        assert_eq!(plan.writes(), [inserted, Write::Record(created), Write::Record(required)]);
        assert_eq!(plan.carried_out(), CreateAccountOutcome::Created(Box::new(account)));
        for (name, outcome) in [
            (NameUse::Taken, CreateAccountOutcome::NameTaken),
            (NameUse::LooksAlike, CreateAccountOutcome::LooksAlike),
        ] {
            let refused = create(asked.clone(), name, T);
            assert_eq!(refused.writes(), []);
            assert_eq!(refused.carried_out(), outcome);
        }
    }

    /// CC-4: the first name that is taken is named, whoever has it, and then nothing is made.
    #[test]
    fn an_import_is_all_or_nothing() {
        const FREE: NameUse = NameUse::Free;
        for (names, uses, outcome, writes) in [
            (["a", "b", "c"], [FREE, FREE, FREE], ImportAccountsOutcome::Imported, 6),
            (["a", "b", "c"], [FREE, FREE, NameUse::Taken], ImportAccountsOutcome::NameTaken(2), 0),
            (["a", "b", "A"], [FREE, FREE, FREE], ImportAccountsOutcome::NameTaken(2), 0),
            (["a", "A", "c"], [NameUse::Taken, FREE, FREE], ImportAccountsOutcome::NameTaken(0), 0),
            (["a", "сосо", "c"], [FREE, FREE, FREE], ImportAccountsOutcome::Imported, 6),
            (["a", "сосо", "c"], [FREE, NameUse::LooksAlike, FREE], ImportAccountsOutcome::LooksAlike(1), 0),
            (["a", "сосо", "Coco"], [FREE, FREE, FREE], ImportAccountsOutcome::LooksAlike(1), 0),
        ] {
            let plan = import(names.map(new).to_vec(), &uses, T);
            assert_eq!(plan.writes().len(), writes, "{names:?}");
            assert_eq!(plan.carried_out(), outcome, "{names:?}");
        }
    }
}
