//! Accounts: names, passwords, rights, and what happens to sessions with them.

use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::model::account::{
    AccountChange, AccountFilter, AccountLanguage, AccountPage, AccountQuery, ChangeAccountOutcome,
    CreateAccountOutcome, CustomClaims, Deletion, ImportAccountsOutcome, Locale, LocaleChange, NewAccount,
    PasswordChange, Role, SetPasswordOutcome, Username,
};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::session::{
    EndReason, NewSession, Rotation, SessionPolicy, StartSessionOutcome,
};
use countersign::internal::password::PasswordHash;
use countersign::store::{AccountStore as _, SessionStore as _};

use crate::world::*;

fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}

/// CC-4, EM-7.
pub(crate) async fn a_name_is_unique_in_every_spelling(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let zoe = user(&store, "Zoë").await;
    for spelling in ["ZOË", "zoe\u{308}", "Ｚoë"] {
        let new = new_account(spelling, Role::default());
        assert_eq!(store.create_account(new, &context(T0)).await.unwrap(), CreateAccountOutcome::NameTaken);
        let name = Username::parse(spelling).unwrap();
        assert_eq!(store.account_for_login(&name).await.unwrap().unwrap().account, zoe);
    }
    assert_eq!(store.find_account(zoe.id).await.unwrap().unwrap().username.as_str(), "Zoë");
    assert!(store.account_for_login(&Username::parse("zoe").unwrap()).await.unwrap().is_none());
}

/// CC-4: by the rules of creation, and nobody is signed out.
pub(crate) async fn an_account_gets_another_name(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let zoe = user(&store, "zoe").await;
    let token = log_in(&store, &zoe, T0).await;
    user(&store, "coco").await;
    let rename = async |name: &str| {
        let username = Some(Username::parse(name).unwrap());
        let change = AccountChange { username, ..AccountChange::default() };
        store.change_account(zoe.id, change, &context(at(1))).await.unwrap()
    };
    let found = async |name: &str| {
        let name = Username::parse(name).unwrap();
        store.account_for_login(&name).await.unwrap().map(|found| found.account.username.to_string())
    };
    assert_eq!(rename("COCO").await, ChangeAccountOutcome::NameTaken);
    assert_eq!(rename("сосо").await, ChangeAccountOutcome::LooksAlike);
    assert_eq!(found("zoe").await.as_deref(), Some("zoe"));
    // Its own name in another spelling is free.
    for name in ["ZOE", "Zora"] {
        let ChangeAccountOutcome::Done(after, ended) = rename(name).await else { panic!("{name}") };
        assert_eq!((after.username.as_str(), ended.len()), (name, 0));
        assert_eq!(found(name).await.as_deref(), Some(name));
    }
    assert_eq!(found("zoe").await, None, "the old name is free");
    user(&store, "zoe").await;
    let rotated = store.rotate(token, &context(at(100))).await.unwrap();
    assert!(matches!(rotated, Rotation::Advanced(grant) if grant.account().username.as_str() == "Zora"));
}

pub(crate) async fn what_is_stored_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let claims = serde_json::json!({"team": {"name": "blå", "size": 3}, "tags": [1, null]});
    let mut new = new_account("Bob", Role::parse("billing:read").unwrap());
    new.claims = CustomClaims::new(claims.as_object().unwrap().clone()).unwrap();
    new.disabled = true;
    new.password_hash = None;
    let made = create(&store, new.clone()).await;
    assert_eq!((made.disabled_at, made.created_at), (Some(T0), T0));
    let found = store.credentials(new.id).await.unwrap().unwrap();
    assert_eq!(found.account, made);
    assert_eq!((found.password_hash, found.password_version), (None, 0));
    let token = log_in(&store, &user(&store, "carol").await, at(7)).await;
    let session = store.find_session(token.session_id).await.unwrap().unwrap();
    assert_eq!(session.user_agent.as_deref(), Some("Tester/1"));
    assert_eq!(session.address, context(T0).address);
    assert_eq!(session.expires_at, at(7).plus(SessionPolicy::default().absolute_ttl));
}

pub(crate) async fn an_import_is_all_or_nothing(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    user(&store, "taken").await;
    let named = |names: &[&str]| names.iter().map(|name| new_account(name, Role::default())).collect();
    for (names, index) in [(&["a", "b", "Taken"], 2), (&["a", "A", "b"], 1)] {
        let import = store.import_accounts(named(names), &context(T0)).await.unwrap();
        assert_eq!(import, ImportAccountsOutcome::NameTaken(index));
    }
    user(&store, "coco").await;
    let import = store.import_accounts(named(&["a", "сосо"]), &context(T0)).await.unwrap();
    assert_eq!(import, ImportAccountsOutcome::LooksAlike(1));
    let made = store.create_account(new_account("Сосо", Role::default()), &context(T0)).await.unwrap();
    assert_eq!(made, CreateAccountOutcome::LooksAlike);
    let all = |limit| store.list_accounts(AccountQuery::by_name(None, limit));
    assert_eq!(all(10).await.unwrap().len(), 2);
    let import = store.import_accounts(named(&["a", "b"]), &context(T0)).await.unwrap();
    assert_eq!(import, ImportAccountsOutcome::Imported);
    assert_eq!(all(10).await.unwrap().len(), 4);
}

pub(crate) async fn accounts_are_paged_by_canonical_name(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    for name in ["delta", "Alpha", "charlie", "Bravo", "%", "alp_a"] {
        user(&store, name).await;
    }
    let list = async |search: Option<&str>, after: Option<&str>, limit| {
        let mut query = AccountQuery::by_name(after.map(str::to_owned), limit);
        query.filter.search = search.map(str::to_owned);
        let found = store.list_accounts(query).await.unwrap();
        found.into_iter().map(|account| account.username.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 3).await, ["%", "alp_a", "Alpha"]);
    assert_eq!(list(None, Some("alpha"), 9).await, ["Bravo", "charlie", "delta"]);
    assert_eq!(list(Some("l"), None, 9).await, ["alp_a", "Alpha", "charlie", "delta"]);
    assert_eq!(list(Some("%"), None, 9).await, ["%"], "the text is not a pattern");
    assert_eq!(list(Some("p_a"), None, 9).await, ["alp_a"]);
}

pub(crate) async fn accounts_are_filtered_counted_and_listed_newest_first(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    // Two of one instant: the ID tells them apart.
    for (name, role, age) in
        [("ann", "editor", 3), ("ben", "user", 2), ("cid", "editor", 2), ("dan", "user", 1)]
    {
        let created_at = T0.minus(Duration::from_secs(age));
        let mut account = new_account(name, Role::parse(role).unwrap());
        account.password_hash = account.password_hash.filter(|_| name != "ann");
        let made = store.create_account(account, &context(created_at)).await.unwrap();
        assert!(
            matches!(made, CreateAccountOutcome::Created(account) if account.has_password == (name != "ann"))
        );
    }
    let ann = store.account_for_login(&Username::parse("ann").unwrap()).await.unwrap().unwrap().account;
    let off = AccountChange { disabled: Some(true), ..AccountChange::default() };
    store.change_account(ann.id, off, &context(T0)).await.unwrap();
    let editors = AccountFilter { role: Role::parse("editor").ok(), ..AccountFilter::default() };
    let enabled = AccountFilter { disabled: Some(false), ..editors.clone() };
    let disabled = AccountFilter { disabled: Some(true), ..AccountFilter::default() };
    let searched = AccountFilter { search: Some("an".into()), ..AccountFilter::default() };
    let with_password = AccountFilter { has_password: Some(true), ..AccountFilter::default() };
    let without = AccountFilter { has_password: Some(false), ..AccountFilter::default() };
    for (filter, newest_first) in [
        (AccountFilter::default(), &["dan", "ben or cid", "ben or cid", "ann"][..]),
        (editors, &["cid", "ann"]),
        (enabled, &["cid"]),
        (disabled, &["ann"]),
        (searched, &["dan", "ann"]),
        (with_password, &["dan", "ben or cid", "ben or cid"]),
        (without, &["ann"]),
    ] {
        assert_eq!(store.count_accounts(filter.clone()).await.unwrap(), newest_first.len() as u64);
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = AccountPage::NewestFirst { before };
            let query = AccountQuery { filter: filter.clone(), page, limit: 1 };
            let Some(account) = store.list_accounts(query).await.unwrap().pop() else { break };
            before = Some((account.created_at, account.id));
            seen.push(account.username.as_str().to_owned());
        }
        let fits = |(seen, expected): (&String, &&str)| expected.split(" or ").any(|name| name == seen);
        assert!(seen.len() == newest_first.len() && seen.iter().zip(newest_first).all(fits), "{seen:?}");
        assert!(seen.iter().all(|name| seen.iter().filter(|other| *other == name).count() == 1), "{seen:?}");
    }
}

pub(crate) async fn the_last_enabled_administrator_stays(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (ann, ben) = (new_account("ann", Role::admin()), new_account("ben", Role::admin()));
    let (ann, ben) = (create(&store, ann).await, create(&store, ben).await);
    let off = AccountChange { disabled: Some(true), ..AccountChange::default() };
    let demoted = AccountChange { role: Some(Role::default()), ..AccountChange::default() };
    let done = store.change_account(ben.id, off.clone(), &context(T0)).await.unwrap();
    assert!(matches!(done, ChangeAccountOutcome::Done(..)));
    for change in [&off, &demoted] {
        let refused = store.change_account(ann.id, change.clone(), &context(T0)).await.unwrap();
        assert_eq!(refused, ChangeAccountOutcome::LastAdministrator);
    }
    let refused = store.delete_account(ann.id, Deletion::Now, &context(T0)).await.unwrap();
    assert_eq!(refused, ChangeAccountOutcome::LastAdministrator);
    assert_eq!(store.find_account(ann.id).await.unwrap(), Some(ann.clone()));
    // A disabled administrator is not one, and a change that takes nothing away is fine.
    for (id, change) in [(ben.id, &demoted), (ann.id, &AccountChange::default())] {
        let done = store.change_account(id, change.clone(), &context(T0)).await.unwrap();
        assert!(matches!(done, ChangeAccountOutcome::Done(..)), "{done:?}");
    }
    // A program's account is no administrator who signs in: not beside one who does. Where nobody has a password, all count.
    let without = |name| NewAccount { password_hash: None, ..new_account(name, Role::admin()) };
    let program = create(&store, without("nightly")).await;
    let refused = store.delete_account(ann.id, Deletion::Now, &context(T0)).await.unwrap();
    assert_eq!(refused, ChangeAccountOutcome::LastAdministrator);
    let other = create(&store, without("eve")).await;
    let gone = store.delete_account(program.id, Deletion::Now, &context(T0)).await.unwrap();
    assert!(matches!(gone, ChangeAccountOutcome::Done(..)), "{gone:?}");
    let with_password = create(&store, new_account("dan", Role::admin())).await;
    for id in [ann.id, other.id] {
        let gone = store.delete_account(id, Deletion::Now, &context(T0)).await.unwrap();
        assert!(matches!(gone, ChangeAccountOutcome::Done(..)), "{gone:?}");
    }
    let refused = store.delete_account(with_password.id, Deletion::Now, &context(T0)).await.unwrap();
    assert_eq!(refused, ChangeAccountOutcome::LastAdministrator);
    let nobody = new_account("nobody", Role::default()).id;
    assert_eq!(
        store.change_account(nobody, off, &context(T0)).await.unwrap(),
        ChangeAccountOutcome::NotFound
    );
    assert_eq!(
        store.delete_account(nobody, Deletion::Now, &context(T0)).await.unwrap(),
        ChangeAccountOutcome::NotFound
    );
}

/// SE-6, CC-3.
pub(crate) async fn disabling_ends_every_session(opener: &impl Opener) {
    let policy = SessionPolicy::default();
    let store = opener.open(policy).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let tokens = [log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(1)).await];
    let other = log_in(&store, &eve, at(1)).await;
    let off = AccountChange { disabled: Some(true), ..AccountChange::default() };
    let done = store.change_account(bob.id, off.clone(), &context(at(5))).await.unwrap();
    let ChangeAccountOutcome::Done(account, ended) = done else { panic!("{done:?}") };
    assert_eq!(account.disabled_at, Some(at(5)));
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), tokens.map(|token| token.session_id));
    assert!(ended.iter().all(|ended| ended.until >= at(5).plus(policy.access_token_ttl)));
    for token in tokens {
        let rotation = store.rotate(token, &context(at(6))).await.unwrap();
        assert_eq!(rotation, Rotation::Revoked(EndReason::AccountDisabled));
    }
    assert!(matches!(store.rotate(other, &context(at(6))).await.unwrap(), Rotation::Fresh(_)));
    let refused = store.start_session(new_session(&bob), &context(at(6))).await.unwrap();
    assert_eq!(refused, StartSessionOutcome::Refused);
    // Disabling again changes nothing; enabling does not bring sessions back.
    let again = store.change_account(bob.id, off, &context(at(7))).await.unwrap();
    assert_eq!(again, ChangeAccountOutcome::Done(account, Vec::new()));
    let on = AccountChange { disabled: Some(false), ..AccountChange::default() };
    store.change_account(bob.id, on, &context(at(8))).await.unwrap();
    assert!(matches!(store.rotate(tokens[0], &context(at(9))).await.unwrap(), Rotation::Revoked(_)));
    log_in(&store, &bob, at(9)).await;
}

pub(crate) async fn a_checked_password_is_set_only_if_it_is_still_the_one(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let (keep, lose) = (log_in(&store, &bob, T0).await, log_in(&store, &bob, T0).await);
    let change = |new: &str, version: Option<i64>| PasswordChange {
        account_id: bob.id,
        new: hash(new),
        checked: version.map(|version| Proof::Password { version }),
        keep: Some(keep.session_id),
        notice: None,
    };
    let done = store.set_password(change("two", Some(0)), &context(at(1))).await.unwrap();
    let SetPasswordOutcome::Done(ended) = done else { panic!("{done:?}") };
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [lose.session_id]);
    assert!(matches!(store.rotate(keep, &context(at(1))).await.unwrap(), Rotation::Fresh(_)));
    let gone = store.rotate(lose, &context(at(1))).await.unwrap();
    assert_eq!(gone, Rotation::Revoked(EndReason::PasswordChanged));
    let overtaken = store.set_password(change("three", Some(0)), &context(at(2))).await.unwrap();
    assert_eq!(overtaken, SetPasswordOutcome::Overtaken);
    // Nor does what was shown in a session before it (SE-9).
    let recent = PasswordChange { checked: Some(Proof::Recent { version: 0 }), ..change("three", None) };
    let overtaken = store.set_password(recent, &context(at(2))).await.unwrap();
    assert_eq!(overtaken, SetPasswordOutcome::Overtaken);
    let found = store.credentials(bob.id).await.unwrap().unwrap();
    assert_eq!((found.password_hash, found.password_version), (Some(hash("two")), 1));
    // A login that checked the old password comes too late (CC-3).
    let refused = store.start_session(new_session(&bob), &context(at(2))).await.unwrap();
    assert_eq!(refused, StartSessionOutcome::Refused);
    // An administrator asks for no check, and may set one for a disabled account; its owner may not.
    let off = AccountChange { disabled: Some(true), ..AccountChange::default() };
    store.change_account(bob.id, off, &context(at(3))).await.unwrap();
    let owner = store.set_password(change("four", Some(1)), &context(at(4))).await.unwrap();
    assert_eq!(owner, SetPasswordOutcome::NotFound);
    let administrator = store.set_password(change("four", None), &context(at(4))).await.unwrap();
    assert_eq!(administrator, SetPasswordOutcome::Done(Vec::new()));
}

fn required(password_change_required: bool) -> AccountChange {
    AccountChange { password_change_required: Some(password_change_required), ..AccountChange::default() }
}

/// PP-7, SE-6: like disabling, but its owner gets in with a new password.
pub(crate) async fn a_required_change_ends_every_session_and_lets_none_begin(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let tokens = [log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(1)).await];
    let done = store.change_account(bob.id, required(true), &context(at(5))).await.unwrap();
    let ChangeAccountOutcome::Done(account, ended) = done else { panic!("{done:?}") };
    assert!(account.password_change_required && account.is_enabled());
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), tokens.map(|token| token.session_id));
    for token in tokens {
        let rotation = store.rotate(token, &context(at(6))).await.unwrap();
        assert_eq!(rotation, Rotation::Revoked(EndReason::PasswordChangeRequired));
    }
    let again = store.change_account(bob.id, required(true), &context(at(6))).await.unwrap();
    assert_eq!(again, ChangeAccountOutcome::Done(account.clone(), Vec::new()));
    let refused = store.start_session(new_session(&bob), &context(at(7))).await.unwrap();
    assert_eq!(refused, StartSessionOutcome::PasswordChangeRequired);
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(*account));
    store.change_account(bob.id, required(false), &context(at(8))).await.unwrap();
    log_in(&store, &bob, at(9)).await;
    assert_eq!(
        audit(&store).await[3..],
        [
            "password_change_required",
            "session_ended password_change_required",
            "session_ended password_change_required",
            "login_failed password_change_required",
            "password_change_waived",
            "login_succeeded",
        ]
    );
}

/// PP-7, PP-8: the password, the end of the requirement and of all other sessions, and the new session are
/// one change.
pub(crate) async fn a_session_that_brings_a_new_password_is_the_only_one(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let mut new = new_account("bob", Role::default());
    new.password_change_required = true;
    let bob = create(&store, new).await;
    assert!(bob.password_change_required);
    let with = |version, text| {
        let new_password = Some(hash(text));
        NewSession { proof: Proof::Password { version }, new_password, ..new_session(&bob) }
    };
    let begun = store.start_session(with(0, "two"), &context(at(1))).await.unwrap();
    let StartSessionOutcome::Started(grant, ended) = begun else { panic!("{begun:?}") };
    assert!(!grant.account().password_change_required && ended.is_empty());
    let found = store.credentials(bob.id).await.unwrap().unwrap();
    assert_eq!((found.password_hash, found.password_version), (Some(hash("two")), 1));
    assert_eq!(found.account, *grant.account());
    assert_eq!(
        store.start_session(with(0, "late"), &context(at(2))).await.unwrap(),
        StartSessionOutcome::Refused
    );
    // It may come along where it is not required, too.
    let second = store.start_session(with(1, "three"), &context(at(3))).await.unwrap();
    let StartSessionOutcome::Started(_, ended) = second else { panic!("{second:?}") };
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [grant.session().id]);
    let first = store.find_session(grant.session().id).await.unwrap().unwrap();
    assert_eq!(first.revoked, Some((at(3), EndReason::PasswordChanged)));
    assert_eq!(
        audit(&store).await,
        [
            "account_created user",
            "password_change_required",
            "password_changed",
            "login_succeeded",
            "login_failed",
            "password_changed",
            "session_ended password_changed",
            "login_succeeded",
        ]
    );
}

/// PP-7: what an administrator sets is known to two; only the owner's own choice is what was asked for.
pub(crate) async fn a_required_change_is_met_by_the_owner_only(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    store.change_account(bob.id, required(true), &context(at(1))).await.unwrap();
    for (version, (checked, required)) in
        [(None, true), (Some(Proof::Password { version: 1 }), false), (None, false)].into_iter().enumerate()
    {
        let new = hash(&format!("password {version}"));
        let change = PasswordChange { account_id: bob.id, new, checked, keep: None, notice: None };
        assert_eq!(
            store.set_password(change, &context(at(2))).await.unwrap(),
            SetPasswordOutcome::Done(Vec::new())
        );
        let account = store.find_account(bob.id).await.unwrap().unwrap();
        assert_eq!(account.password_change_required, required, "{version}");
    }
}

/// PW-3.
pub(crate) async fn a_rehash_keeps_sessions_and_version(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, T0).await;
    assert!(!store.rehash_password(bob.id, &hash("another"), &hash("new")).await.unwrap());
    assert!(store.rehash_password(bob.id, &hash("hash of bob"), &hash("new")).await.unwrap());
    let found = store.credentials(bob.id).await.unwrap().unwrap();
    assert_eq!((found.password_hash, found.password_version), (Some(hash("new")), 0));
    assert!(matches!(store.rotate(token, &context(at(1))).await.unwrap(), Rotation::Fresh(_)));
}

/// DB-8, SE-6.
pub(crate) async fn deleting_an_account_ends_its_sessions(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, T0).await;
    let done = store.delete_account(bob.id, Deletion::Now, &context(at(1))).await.unwrap();
    let ChangeAccountOutcome::Done(account, ended) = done else { panic!("{done:?}") };
    assert_eq!((*account, ended.len()), (bob.clone(), 1));
    assert!(store.find_account(bob.id).await.unwrap().is_none());
    assert!(store.find_session(token.session_id).await.unwrap().is_none());
    assert_eq!(store.rotate(token, &context(at(1))).await.unwrap(), Rotation::Unknown);
    assert_eq!(revocations(&store, at(1)).await, ended);
    // The name is free again; the session of the old owner stays dead.
    let heir = user(&store, "bob").await;
    assert_ne!(heir.id, bob.id);
    assert_eq!(heir.created_at, Timestamp::from_unix_millis(T0.as_unix_millis()));
    assert_eq!(store.rotate(token, &context(at(2))).await.unwrap(), Rotation::Unknown);
}

/// AD-1, AD-2, AD-3: who may ask, what is stored meanwhile, when it is due; and what an older program's changes make of it.
pub(crate) async fn an_account_waits_for_its_deletion_disabled(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    let token = log_in(&store, &bob, T0).await;
    let ask = async |version| {
        let deletion = Deletion::ByOwner { proof: Proof::Password { version }, grace: 10 * SECOND };
        store.delete_account(bob.id, deletion, &context(at(5))).await.unwrap()
    };
    assert_eq!(ask(1).await, ChangeAccountOutcome::Overtaken);
    let ChangeAccountOutcome::Done(pending, ended) = ask(0).await else { panic!("refused") };
    assert_eq!((pending.disabled_at, pending.delete_at, ended.len()), (Some(at(5)), Some(at(15)), 1));
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(*pending.clone()));
    assert!(matches!(store.rotate(token, &context(at(5))).await.unwrap(), Rotation::Revoked(_)));
    assert_eq!(ask(0).await, ChangeAccountOutcome::NotFound, "it is asked once");

    let due = async |seconds| store.accounts_to_delete(at(seconds), 9).await.unwrap();
    assert_eq!((due(14).await, due(15).await), (Vec::new(), vec![bob.id]));
    let if_due =
        async |id, seconds| store.delete_account(id, Deletion::IfDue, &context(at(seconds))).await.unwrap();
    assert_eq!(if_due(bob.id, 14).await, ChangeAccountOutcome::NotFound);
    assert_eq!(if_due(ann.id, 99).await, ChangeAccountOutcome::NotFound, "nobody has asked");

    let back = |takes_back| NewSession { takes_back, ..new_session(&bob) };
    let told = store.start_session(back(false), &context(at(14))).await.unwrap();
    assert_eq!(told, StartSessionOutcome::DeletionPending(at(15)));
    let late = store.start_session(back(true), &context(at(15))).await.unwrap();
    assert_eq!(late, StartSessionOutcome::Refused);
    let begun = store.start_session(back(true), &context(at(14))).await.unwrap();
    assert!(matches!(begun, StartSessionOutcome::Started(..)), "{begun:?}");
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(bob.clone()));
    assert_eq!((due(99).await, if_due(bob.id, 99).await), (Vec::new(), ChangeAccountOutcome::NotFound));

    assert!(matches!(ask(0).await, ChangeAccountOutcome::Done(..)));
    assert!(matches!(if_due(bob.id, 15).await, ChangeAccountOutcome::Done(..)));
    assert_eq!((store.find_account(bob.id).await.unwrap(), due(99).await), (None, Vec::new()));
}

/// EM-11: the language, and the one before it, are what every way to an account finds.
pub(crate) async fn an_account_keeps_its_language_and_the_former_one(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let locale = |tag: &str| Locale::parse(tag).unwrap();
    let new = NewAccount { locale: Some(locale("de")), ..new_account("bob", Role::default()) };
    let bob = create(&store, new).await;
    assert_eq!(bob.language, AccountLanguage::of(Some(locale("de"))));
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(bob.clone()));
    let change = async |locale, seconds| {
        let change = AccountChange { locale, ..AccountChange::default() };
        let done = store.change_account(bob.id, change, &context(at(seconds))).await.unwrap();
        let ChangeAccountOutcome::Done(account, ended) = done else { panic!("{done:?}") };
        assert_eq!(ended.len(), 0, "sessions go on");
        account.language
    };
    let token = log_in(&store, &bob, T0).await;
    let to_pt = change(LocaleChange::To(locale("pt-BR")), 5).await;
    let former = Some(locale("de"));
    assert_eq!(
        to_pt,
        AccountLanguage { locale: Some(locale("pt-BR")), since: Some(at(5)), former: former.clone() }
    );
    let mut after = bob.clone();
    after.language = to_pt.clone();
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(after.clone()));
    assert_eq!(store.account_for_login(&bob.username).await.unwrap().unwrap().account, after);
    assert_eq!(store.list_accounts(AccountQuery::by_name(None, 9)).await.unwrap(), [after.clone()]);
    let rotated = store.rotate(token, &context(at(40))).await.unwrap();
    let Rotation::Advanced(grant) = rotated else { panic!("{rotated:?}") };
    assert_eq!(grant.account(), &after, "a token can have it as a claim");
    let to_none = change(LocaleChange::ByBrowser, 6).await;
    assert_eq!(to_none, AccountLanguage { locale: None, since: Some(at(6)), former });
    assert_eq!(change(LocaleChange::Keep, 7).await, to_none);
    let mut events = audit(&store).await;
    events.retain(|line| line.contains("language"));
    events.sort();
    assert_eq!(events, ["account_changed language de to pt-BR", "account_changed language pt-BR to none"]);
}

/// AD-4.
pub(crate) async fn sessions_of_an_account_are_paged_also_those_that_are_over(opener: &impl Opener) {
    let store = opener.open(SessionPolicy { max_sessions: 2, ..SessionPolicy::default() }).await;
    let (ann, bob) = (user(&store, "ann").await, user(&store, "bob").await);
    log_in(&store, &ann, T0).await;
    let mut begun = Vec::new();
    for seconds in [1, 2, 2, 3, 4] {
        begun.push(log_in(&store, &bob, at(seconds)).await.session_id);
    }
    let mut found: Vec<countersign::Session> = Vec::new();
    loop {
        let before = found.last().map(|last| (last.created_at, last.id));
        let page = store.sessions_of(bob.id, before, 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert!(found.is_sorted_by(|a, b| (a.created_at, a.id) > (b.created_at, b.id)));
    assert_eq!(found.iter().filter(|session| session.revoked.is_some()).count(), 3);
    let mut ids: Vec<_> = found.iter().map(|session| session.id).collect();
    ids.sort();
    begun.sort();
    assert_eq!(ids, begun);
}

/// EN-2: what hashes cost here is learnt from the accounts that have one.
pub(crate) async fn hashes_are_sampled_from_accounts_that_have_one(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    for name in ["ann", "bob", "carol"] {
        user(&store, name).await;
    }
    let mut without = new_account("dave", Role::default());
    without.password_hash = None;
    create(&store, without).await;
    let mut hashes: Vec<_> = store.password_hashes(10).await.unwrap();
    hashes.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(
        hashes.iter().map(PasswordHash::as_str).collect::<Vec<_>>(),
        ["hash of ann", "hash of bob", "hash of carol"]
    );
    let two = store.password_hashes(2).await.unwrap();
    assert_eq!((two.len(), store.password_hashes(2).await.unwrap()), (2, two));
}
