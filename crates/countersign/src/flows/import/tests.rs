use super::*;
use crate::base::clock::{Clock, Timestamp};
use crate::base::random::Random;
use crate::base::requester::{AccountKey, Requester};
use crate::hashing::{Attempt, HashingOptions, Verification};
use crate::model::context::{Actor, Context};
use crate::model::session::SessionPolicy;
use crate::password::Password;
use crate::store::AccountStore as _;
use crate::store::sqlite::SqliteStore;

/// Of every account in the fixtures that has one; `fixtures/exports/generate` makes them with the systems' own libraries.
const PASSWORD: &str = "correct horse bättery staple";

macro_rules! export {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/exports/", $name))
    };
}

fn hasher() -> PasswordHasher {
    let options = HashingOptions { memory_budget_bytes: 256 << 20, ..HashingOptions::default() };
    PasswordHasher::new(&options, Clock::system(), Random::insecure_seeded(1)).unwrap()
}

fn store() -> SqliteStore {
    SqliteStore::in_memory(SessionPolicy::default()).unwrap()
}

fn context() -> Context {
    Context::local(Actor::CommandLine, Timestamp::from_unix_millis(1_800_000_000_000))
}

fn firebase() -> System {
    System::Firebase(FirebaseHashConfig::parse(export!("firebase-parameters.txt")).unwrap())
}

async fn run(import: &Import, store: &SqliteStore, hasher: &PasswordHasher) -> Result<Imported, ImportError> {
    let context = context();
    let settings = ImportSettings { batch: 2, skip_problems: true, hasher, context: &context };
    import.run(store, &settings, |_| {}).await
}

async fn sign_in(store: &SqliteStore, hasher: &PasswordHasher, name: &str, password: &str) -> Verification {
    let found = store.account_for_login(&Username::parse(name).unwrap()).await.unwrap();
    let requester = Requester { client: None, account: AccountKey::from_bytes([0; 16]), known_device: false };
    let password = Password::new(password).unwrap();
    let stored = found.and_then(|found| found.password_hash);
    hasher.verify(Attempt { password, stored, requester }).await.unwrap()
}

/// Each named system's export: what is fine, who is disabled, and the user signs in with the old password.
#[tokio::test]
async fn users_of_each_system_sign_in_after_the_import() {
    let hasher = hasher();
    for (system, text, name, fine, disabled) in [
        (System::Generic, export!("express.csv"), "ada", 1, 0),
        (System::Django, export!("django.csv"), "ada", 3, 1),
        (System::Devise, export!("devise.csv"), "ada@example.org", 2, 0),
        (firebase(), export!("firebase.json"), "ada@example.org", 3, 1),
        (firebase(), export!("firebase.csv"), "ada@example.org", 2, 1),
        (System::BetterAuth, export!("better-auth.jsonl"), "ada@example.org", 2, 1),
        (System::Supabase, export!("supabase.csv"), "ada@example.org", 2, 1),
        (System::Auth0, export!("auth0.jsonl"), "ada@example.org", 2, 1),
    ] {
        let import = Import::read(text, &system, &hasher);
        assert_eq!(import.report().fine, fine, "{system:?}: {}", import.report());
        assert_eq!(import.accounts.iter().filter(|(_, account)| account.disabled).count(), disabled);
        let store = store();
        assert_eq!(run(&import, &store, &hasher).await.unwrap(), Imported { made: fine, already_there: 0 });
        let right = sign_in(&store, &hasher, name, PASSWORD).await;
        assert_eq!(right, Verification::MatchOutdated, "{system:?}");
        assert_eq!(sign_in(&store, &hasher, name, "wrong").await, Verification::Mismatch, "{system:?}");
    }
}

/// The report names lines and reasons, so that somebody can mend the file; nothing is done before that.
#[tokio::test]
async fn a_file_with_problems_is_reported_by_line_and_not_imported() {
    let hasher = hasher();
    let good = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";
    let text = format!(
        "username,password\nada,{good}\nbob,$1$old$hash\ncarol,$2b$31{rest}\ndave,$2b$04{rest}\nADA,{good}\n,{good}\n\
         \"e\u{200b}ve\",{good}\nfrank\ngrace,\n",
        rest = &good[6..]
    );
    let import = Import::read(&text, &System::Generic, &hasher);
    insta::assert_snapshot!(import.report(), @r"
    2 fine
      of them 1 without a password: line 10
    1 unreadable rows: line 9
    1 rows without a user name (in a field called username or user_name or login or email): line 7
    1 unusable user names (the user name has characters that cannot be seen): line 8
    1 names that are there twice: line 6
    1 unknown hash formats: line 3
    1 hashes that cost more than is allowed here: line 4
    1 hashes that are too weak: these passwords must be reset: line 5
    ");
    let (store, context) = (store(), context());
    let settings = ImportSettings { batch: 10, skip_problems: false, hasher: &hasher, context: &context };
    let refused = import.run(&store, &settings, |_| {}).await;
    assert!(matches!(refused, Err(ImportError::Problems { rows: 7 })), "{refused:?}");
    assert!(store.account_for_login(&Username::parse("ada").unwrap()).await.unwrap().is_none());
    assert_eq!(thousands(12_031), "12,031");
    assert_eq!((thousands(7), thousands(1_000_000)), ("7".to_owned(), "1,000,000".to_owned()));
}

fn names(range: std::ops::Range<u32>) -> String {
    range.fold("username\n".to_owned(), |text, n| format!("{text}user{n}\n"))
}

/// An import that stopped in the middle goes on; a name that belongs to somebody else stops it.
#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_stopped() {
    let (hasher, store, context) = (hasher(), store(), context());
    let text = names(0..25);
    let import = Import::read(&text, &System::Generic, &hasher);
    let settings = ImportSettings { batch: 10, skip_problems: false, hasher: &hasher, context: &context };
    // What a crash after one and a half batches leaves behind.
    let half = import.accounts.iter().take(15).map(|(_, account)| account.clone()).collect();
    store.import_accounts(half, &context).await.unwrap();
    let mut seen = Vec::new();
    let again = import.run(&store, &settings, |done| seen.push(done)).await.unwrap();
    assert_eq!(again, Imported { made: 10, already_there: 15 });
    assert_eq!(seen, [10, 20, 25]);
    let third = import.run(&store, &settings, |_| {}).await.unwrap();
    assert_eq!(third, Imported { made: 0, already_there: 25 });

    let other = Import::read(&names(24..30), &System::Generic, &hasher);
    let taken = other.run(&store, &settings, |_| {}).await;
    assert!(matches!(taken, Err(ImportError::NameTaken { line: 2 })), "{taken:?}");
    assert!(store.account_for_login(&Username::parse("user29").unwrap()).await.unwrap().is_none());
}

/// What `user export` writes, `user import` reads, on a server with another pepper.
#[tokio::test]
async fn an_export_comes_back_as_it_was() {
    let peppered = |key: &str| {
        let pepper = Some(crate::base::master_key::MasterKeys::parse(&key.repeat(32)).unwrap());
        let options = HashingOptions { pepper, ..HashingOptions::default() };
        PasswordHasher::new(&options, Clock::system(), Random::insecure_seeded(1)).unwrap()
    };
    let (one, two) = (peppered("11"), peppered("22"));
    let (from, to) = (store(), store());
    run(&Import::read(export!("better-auth.jsonl"), &System::BetterAuth, &one), &from, &one).await.unwrap();
    let mut lines = String::new();
    for name in ["ada@example.org", "bob@example.org"] {
        let found = from.account_for_login(&Username::parse(name).unwrap()).await.unwrap().unwrap();
        assert!(found.password_hash.as_ref().unwrap().as_str().starts_with("{sealed}"));
        lines = format!("{lines}{}\n", export_line(&found, &one));
    }
    let import = Import::read(&lines, &System::Countersign, &two);
    assert_eq!(run(&import, &to, &two).await.unwrap().made, 2);
    assert_eq!(sign_in(&to, &two, "ada@example.org", PASSWORD).await, Verification::MatchOutdated);
    let bob = to.account_for_login(&Username::parse("bob@example.org").unwrap()).await.unwrap().unwrap();
    assert!(!bob.account.is_enabled());
}

/// Names that others have are found before anything is stored, so that no import ends half-way, and can be left out.
#[tokio::test]
async fn taken_names_are_reported_before_anything_is_stored() {
    let (hasher, store, context) = (hasher(), store(), context());
    let settings = ImportSettings { batch: 2, skip_problems: false, hasher: &hasher, context: &context };
    Import::read(&names(7..8), &System::Generic, &hasher).run(&store, &settings, |_| {}).await.unwrap();
    let mut import = Import::read(&names(0..10), &System::Generic, &hasher);
    import.find_taken_names(&store).await.unwrap();
    assert_eq!((import.report().fine, import.report().without_password.len()), (9, 9));
    assert_eq!(import.report().problems, BTreeMap::from([(RowProblem::Taken, vec![9])]));
    let refused = import.run(&store, &settings, |_| {}).await;
    assert!(matches!(refused, Err(ImportError::Problems { rows: 1 })), "{refused:?}");
    assert!(store.account_for_login(&Username::parse("user0").unwrap()).await.unwrap().is_none());
    let skipping = ImportSettings { skip_problems: true, ..settings };
    let done = import.run(&store, &skipping, |_| {}).await.unwrap();
    assert_eq!(done, Imported { made: 9, already_there: 0 });
    import.find_taken_names(&store).await.unwrap();
    assert_eq!(import.report().fine, 9, "its own accounts are no strangers");
}

/// Nobody who was shut out comes back by a word that we do not know, and nobody loses a password to a wrong type.
#[tokio::test]
async fn states_and_hashes_of_unknown_kinds_are_problems() {
    let hasher = hasher();
    let django = "username,password,is_active\na,,True\nb,,off\nc,,n\nd,,\ne,,\u{1}\n";
    let import = Import::read(django, &System::Django, &hasher);
    assert_eq!(import.report().problems, BTreeMap::from([(RowProblem::State, vec![3, 6])]));
    let disabled: Vec<_> = import.accounts.iter().map(|(line, account)| (*line, account.disabled)).collect();
    assert_eq!(disabled, [(2, false), (4, true), (5, false)]);
    let json = r#"{"username":"a","hash":7}
        {"username":"b","hash":null,"disabled":null}
        {"username":"c","hash":{"x":"y"}}
        {"username":"d","disabled":[]}
        {"username":"e","disabled":0.0}
        {"username":"f","disabled":"NULL"}
        {"username":"g","disabled":1}"#;
    let import = Import::read(json, &System::Generic, &hasher);
    let malformed = RowProblem::Hash(UnreadableHash::Malformed);
    let problems = BTreeMap::from([(malformed, vec![1, 3]), (RowProblem::State, vec![4, 5, 6])]);
    assert_eq!(import.report().problems, problems);
    assert_eq!(
        import.accounts.iter().map(|(_, account)| account.disabled).collect::<Vec<_>>(),
        [false, true]
    );
}

/// Whoever was deleted or banned there stays out, whatever the time of it is written as.
#[tokio::test]
async fn a_deleted_or_banned_user_is_disabled_whatever_the_type() {
    let hasher = hasher();
    let json = r#"{"email":"a","deleted_at":1714550400}
        {"email":"b","deleted_at":"2024-05-01"}
        {"email":"c","deleted_at":null}
        {"email":"d","deleted_at":""}
        {"email":"e","deleted_at":false}"#;
    let csv = "email,deleted_at\na,1714550400\nb,2024-05-01\nc,NULL\nd,\ne,\\N\n";
    for system in [System::Devise, System::Supabase] {
        for text in [json, csv] {
            let import = Import::read(text, &system, &hasher);
            let disabled: Vec<_> = import.accounts.iter().map(|(_, account)| account.disabled).collect();
            assert_eq!(disabled, [true, true, false, false, false], "{system:?} {text}");
        }
    }
}

/// "null" is how databases write nothing into CSV. In JSON it is somebody's name.
#[tokio::test]
async fn somebody_may_be_called_null() {
    let hasher = hasher();
    let import = Import::read(r#"{"username":"null"}"#, &System::Countersign, &hasher);
    assert_eq!(import.accounts.len(), 1, "{}", import.report());
    let import = Import::read("email,login\nNULL,ada\n", &System::Generic, &hasher);
    assert_eq!(import.accounts.first().map(|(_, account)| account.username.as_str()), Some("ada"));
}
