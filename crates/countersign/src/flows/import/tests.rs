use std::sync::LazyLock;

use super::*;
use crate::base::clock::{Clock, Timestamp};
use crate::base::random::Random;
use crate::base::requester::{AccountKey, Requester};
use crate::flows::factor_sealer::FactorSealer;
use crate::hashing::{Attempt, HashingOptions, Verification};
use crate::model::account::Username;
use crate::model::context::{Actor, Context};
use crate::model::outbox::OutboxKey;
use crate::model::second_factor::AccountFactors;
use crate::model::session::SessionPolicy;
use crate::password::Password;
use crate::password::UnreadableHash;
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

static SEALING: LazyLock<(OutboxKey, Random)> =
    LazyLock::new(|| (OutboxKey::new(&[1; 32]).unwrap(), Random::insecure_seeded(1)));

fn sealer() -> FactorSealer<'static> {
    FactorSealer::new(&SEALING.0, &SEALING.1)
}

fn store() -> SqliteStore {
    SqliteStore::in_memory(SessionPolicy::default()).unwrap()
}

fn context() -> Context {
    Context::local(Actor::CommandLine, Timestamp::from_unix_millis(1_800_000_000_000))
}

const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

fn from(system: System) -> Decisions {
    Decisions { system: Some(system), allow_no_password: true, ..with_firebase() }
}

fn with_firebase() -> Decisions {
    Decisions {
        firebase: FirebaseHashConfig::parse(export!("firebase-parameters.txt")),
        ..Decisions::default()
    }
}

fn read(text: &str, system: System, hasher: &PasswordHasher) -> Import {
    Import::read(text.as_bytes(), &from(system), hasher, NOW).unwrap()
}

/// Which lines would be imported, and whether they are disabled.
fn states(import: &Import) -> Vec<(u64, bool)> {
    import.accounts.iter().map(|(line, account)| (*line, account.disabled)).collect()
}

async fn run(import: &Import, store: &SqliteStore, hasher: &PasswordHasher) -> Result<Imported, ImportError> {
    let context = context();
    let settings =
        ImportSettings { batch: 2, skip_problems: true, hasher, sealer: sealer(), context: &context };
    import.run(store, &settings, |_| {}).await
}

async fn sign_in(store: &SqliteStore, hasher: &PasswordHasher, name: &str, password: &str) -> Verification {
    let found = store.account_for_login(&Username::parse(name).unwrap()).await.unwrap();
    let requester = Requester { client: None, account: AccountKey::from_bytes([0; 16]), known_device: false };
    let password = Password::new(password).unwrap();
    let stored = found.and_then(|found| found.password_hash);
    hasher.verify(Attempt { password, stored, requester }).await.unwrap()
}

/// Each named system's export is taken for what it is; who is shut out there is disabled; the others sign in with the old
/// password.
#[tokio::test]
async fn users_of_each_system_sign_in_after_the_import() {
    let hasher = hasher();
    for (system, text, name, fine, disabled) in [
        (System::Generic, export!("express.csv"), "ada", 1, 0),
        (System::Django, export!("django.csv"), "ada", 3, 1),
        (System::Devise, export!("devise.csv"), "ada@example.org", 2, 0),
        (System::Firebase, export!("firebase.json"), "ada@example.org", 3, 1),
        (System::Firebase, export!("firebase.csv"), "ada@example.org", 2, 1),
        (System::BetterAuth, export!("better-auth.jsonl"), "ada@example.org", 2, 1),
        (System::Supabase, export!("supabase.csv"), "ada@example.org", 2, 1),
        (System::Auth0, export!("auth0.jsonl"), "ada@example.org", 2, 1),
        (System::Keycloak, export!("keycloak.json"), "ada", 3, 1),
        (System::Keycloak, export!("keycloak.json"), "carol", 3, 1),
        (System::AspNet, export!("aspnet.csv"), "ada", 2, 1),
        (System::Wordpress, export!("wordpress.csv"), "ada", 2, 1),
        (System::Werkzeug, export!("werkzeug.csv"), "ada", 2, 1),
        (System::FastapiUsers, export!("fastapi-users.csv"), "ada@example.org", 2, 1),
        (System::Spring, export!("spring.csv"), "ada", 2, 1),
        (System::Laravel, export!("laravel.csv"), "ada@example.org", 2, 1),
        (System::Kratos, export!("kratos.json"), "ada@example.org", 2, 1),
        (System::Ldap, export!("ldap.ldif"), "ada", 2, 1),
        (System::Django, export!("django-dump.json"), "ada", 2, 1),
        (System::Discourse, export!("discourse.csv"), "ada", 2, 1),
        (System::Drupal, export!("drupal.csv"), "ada", 2, 1),
    ] {
        let import = read(text, system, &hasher);
        assert_eq!(import.report().fine, fine, "{system:?}: {}", import.report());
        assert_eq!(import.report().undecided().count(), 0, "{system:?}: {:?}", import.report().columns);
        assert_eq!(
            import.accounts.iter().filter(|(_, account)| account.disabled).count(),
            disabled,
            "{system:?}"
        );
        let decisions = Decisions { system: None, ..from(system) };
        let recognised = Import::read(text.as_bytes(), &decisions, &hasher, NOW).unwrap().report.system;
        let has_header = text != export!("firebase.csv");
        assert_eq!(recognised, if has_header { system } else { System::Generic });
        let store = store();
        assert_eq!(
            run(&import, &store, &hasher).await.unwrap(),
            Imported { made: fine, already_there: 0, factors: 0 }
        );
        for shut_out in import.accounts.iter().filter(|(_, account)| account.password_hash.is_some()) {
            let name = shut_out.1.username.as_str();
            let right = sign_in(&store, &hasher, name, PASSWORD).await;
            assert_eq!(right, Verification::MatchOutdated, "{system:?}: the hash of {name}");
        }
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
    let import = read(&text, System::Generic, &hasher);
    insta::assert_snapshot!(import.report(), @r"
    2 fine
      of them 1 without a password: line 10
    1 unreadable rows (a CSV row has as many fields as the header, and a value with the separator in it is in quotes; a JSON row is an object): line 9
    1 rows without a user name (in a field called username; another is named with --map FIELD=name): line 7
    1 unusable user names (the user name has characters that cannot be seen): line 8
    1 names that are there twice: line 6
    1 hashes that cost more than is allowed here: line 4
    1 hashes that are too weak: these passwords must be reset (--reset-weak imports the accounts without them): line 5
    1 hashes that protect nobody (MD5): these passwords must be reset (--reset-weak imports the accounts without them): line 3
    ");
    let (store, context) = (store(), context());
    let settings = ImportSettings {
        batch: 10,
        skip_problems: false,
        hasher: &hasher,
        sealer: sealer(),
        context: &context,
    };
    let refused = import.run(&store, &settings, |_| {}).await;
    assert!(matches!(refused, Err(ImportError::Problems { rows: 7 })), "{refused:?}");
    assert!(store.account_for_login(&Username::parse("ada").unwrap()).await.unwrap().is_none());
    assert_eq!(report::thousands(12_031), "12,031");
    assert_eq!(
        (report::thousands(7), report::thousands(1_000_000)),
        ("7".to_owned(), "1,000,000".to_owned())
    );
}

fn names(range: std::ops::Range<u32>) -> String {
    range.fold("username\n".to_owned(), |text, n| format!("{text}user{n}\n"))
}

/// An import that stopped in the middle goes on; a name that belongs to somebody else stops it.
#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_stopped() {
    let (hasher, store, context) = (hasher(), store(), context());
    let text = names(0..25);
    let import = read(&text, System::Generic, &hasher);
    let settings = ImportSettings {
        batch: 10,
        skip_problems: false,
        hasher: &hasher,
        sealer: sealer(),
        context: &context,
    };
    // What a crash after one and a half batches leaves behind.
    let half = import.accounts.iter().take(15).map(|(_, account)| account.clone()).collect();
    store.import_accounts(half, &context).await.unwrap();
    let mut seen = Vec::new();
    let again = import.run(&store, &settings, |done| seen.push(done)).await.unwrap();
    assert_eq!(again, Imported { made: 10, already_there: 15, factors: 0 });
    assert_eq!(seen, [10, 20, 25]);
    let third = import.run(&store, &settings, |_| {}).await.unwrap();
    assert_eq!(third, Imported { made: 0, already_there: 25, factors: 0 });

    let other = read(&names(24..30), System::Generic, &hasher);
    let taken = other.run(&store, &settings, |_| {}).await;
    assert!(matches!(taken, Err(ImportError::NameTaken { line: 2 })), "{taken:?}");
    assert!(store.account_for_login(&Username::parse("user29").unwrap()).await.unwrap().is_none());
}

/// UTS 39: whichever of the two comes first in the file, the one in other letters is the one that is left out.
#[tokio::test]
async fn a_name_that_looks_like_another_is_a_problem_with_its_line() {
    let (hasher, store) = (hasher(), store());
    let alike = |import: &Import| import.report.problems.get(&RowProblem::LooksAlike).cloned();
    for (text, lines, fine) in
        [("username\nсосо\nann\ncoco\n", vec![2], 2), ("username\nCoco\nСОСО\n", vec![3], 1)]
    {
        let import = read(text, System::Generic, &hasher);
        assert_eq!((alike(&import), import.report.fine), (Some(lines), fine), "{text}");
    }
    run(&read("username\ncoco\n", System::Generic, &hasher), &store, &hasher).await.unwrap();
    let text = "username\nbob\nсосо\n";
    let mut import = read(text, System::Generic, &hasher);
    let stopped = run(&import, &store, &hasher).await;
    assert!(matches!(stopped, Err(ImportError::LooksAlike { line: 3 })), "{stopped:?}");
    assert_eq!(alike(&import), None);
    import.find_taken_names(&store).await.unwrap();
    assert_eq!((alike(&import), import.report.fine), (Some(vec![3]), 1));
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
    run(&read(export!("better-auth.jsonl"), System::BetterAuth, &one), &from, &one).await.unwrap();
    let mut lines = String::new();
    for name in ["ada@example.org", "bob@example.org"] {
        let found = from.account_for_login(&Username::parse(name).unwrap()).await.unwrap().unwrap();
        assert!(found.password_hash.as_ref().unwrap().as_str().starts_with("{sealed}"));
        lines = format!("{lines}{}\n", export_line(&found, &AccountFactors::default(), &one));
    }
    let import = read(&lines, System::Countersign, &two);
    assert_eq!(run(&import, &to, &two).await.unwrap().made, 2);
    assert_eq!(sign_in(&to, &two, "ada@example.org", PASSWORD).await, Verification::MatchOutdated);
    let bob = to.account_for_login(&Username::parse("bob@example.org").unwrap()).await.unwrap().unwrap();
    assert!(!bob.account.is_enabled());
}

/// Names that others have are found before anything is stored, so that no import ends half-way, and can be left out.
#[tokio::test]
async fn taken_names_are_reported_before_anything_is_stored() {
    let (hasher, store, context) = (hasher(), store(), context());
    let settings = ImportSettings {
        batch: 2,
        skip_problems: false,
        hasher: &hasher,
        sealer: sealer(),
        context: &context,
    };
    read(&names(7..8), System::Generic, &hasher).run(&store, &settings, |_| {}).await.unwrap();
    let mut import = read(&names(0..10), System::Generic, &hasher);
    import.find_taken_names(&store).await.unwrap();
    assert_eq!((import.report().fine, import.report().without_password.len()), (9, 9));
    assert_eq!(import.report().problems, BTreeMap::from([(RowProblem::Taken, vec![9])]));
    let refused = import.run(&store, &settings, |_| {}).await;
    assert!(matches!(refused, Err(ImportError::Problems { rows: 1 })), "{refused:?}");
    assert!(store.account_for_login(&Username::parse("user0").unwrap()).await.unwrap().is_none());
    let skipping = ImportSettings { skip_problems: true, ..settings };
    let done = import.run(&store, &skipping, |_| {}).await.unwrap();
    assert_eq!(done, Imported { made: 9, already_there: 0, factors: 0 });
    import.find_taken_names(&store).await.unwrap();
    assert_eq!(import.report().fine, 9, "its own accounts are no strangers");
}

/// Nobody who was shut out comes back by a word that we do not know, and nobody loses a password to a wrong type.
#[tokio::test]
async fn states_and_hashes_of_unknown_kinds_are_problems() {
    let state =
        |column: &str, word: &str| RowProblem::State { column: column.to_owned(), word: word.to_owned() };
    let hasher = hasher();
    let django = "username,password,is_active\na,,True\nb,,off\nc,,n\nd,,\ne,,\u{1}\n";
    let import = read(django, System::Django, &hasher);
    assert_eq!(
        import.report().problems,
        BTreeMap::from([
            (state("is_active", "off"), vec![3]),
            (state("is_active", ""), vec![5]),
            (state("is_active", "\u{1}"), vec![6])
        ])
    );
    let disabled: Vec<_> = import.accounts.iter().map(|(line, account)| (*line, account.disabled)).collect();
    assert_eq!(disabled, [(2, false), (4, true)]);
    let json = r#"{"username":"a","hash":7}
        {"username":"b","hash":null,"disabled":null}
        {"username":"c","hash":{"x":"y"}}
        {"username":"d","disabled":[]}
        {"username":"e","disabled":0.0}
        {"username":"f","disabled":"NULL"}
        {"username":"g","disabled":1}"#;
    let import = read(json, System::Generic, &hasher);
    let malformed = RowProblem::Hash(UnreadableHash::Malformed);
    let problems = BTreeMap::from([
        (malformed, vec![1]),
        (state("disabled", "a list"), vec![4]),
        (state("disabled", "0.0"), vec![5]),
        (state("disabled", "null"), vec![6]),
    ]);
    assert_eq!(import.report().problems, problems);
    assert_eq!(states(&import), [(2, false), (3, false), (7, true)]);
    let undecided: Vec<&str> = import.report().undecided().map(|column| column.name.as_str()).collect();
    assert_eq!(undecided, ["hash.x"], "an object where a hash should be stops the whole file");
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
            let import = read(text, system, &hasher);
            let disabled: Vec<_> = import.accounts.iter().map(|(_, account)| account.disabled).collect();
            assert_eq!(disabled, [true, true, false, false, false], "{system:?} {text}");
        }
    }
}

/// "null" is how databases write nothing into CSV. In JSON it is somebody's name.
#[tokio::test]
async fn somebody_may_be_called_null() {
    let hasher = hasher();
    let import = read(r#"{"username":"null"}"#, System::Countersign, &hasher);
    assert_eq!(import.accounts.len(), 1, "{}", import.report());
    let import = read("email,login\nNULL,ada\n", System::Generic, &hasher);
    assert_eq!(import.accounts.first().map(|(_, account)| account.username.as_str()), Some("ada"));
}

macro_rules! edge {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../fixtures/exports/edges/", $name)).as_slice())
    };
}

/// Files as people really have them: each is imported with its hashes and its states, with nothing decided by hand.
#[test]
fn exports_with_edges_are_read_with_every_hash_and_every_state() {
    let hasher = hasher();
    for ((file, bytes), system, accounts) in [
        (edge!("aspnet.csv"), System::AspNet, vec![(2, false)]),
        (edge!("django-dumpdata.json"), System::Django, vec![(1, true)]),
        (edge!("django-email-user.csv"), System::Generic, vec![(2, true)]),
        (edge!("dup-header.csv"), System::Generic, vec![(2, false)]),
        (edge!("fastapi-users.csv"), System::FastapiUsers, vec![(2, true)]),
        (edge!("hash-quoted-crlf.csv"), System::Generic, vec![(2, false)]),
        (edge!("header-case.csv"), System::Generic, vec![(2, false)]),
        (edge!("json-data-users.json"), System::Generic, vec![(1, false)]),
        (edge!("keycloak-realm.json"), System::Keycloak, vec![(1, true)]),
        (edge!("long-email.csv"), System::Generic, vec![(2, false)]),
        (edge!("prefix-2x.csv"), System::Generic, vec![(2, false)]),
        (edge!("semicolon.csv"), System::Generic, vec![(2, false)]),
        (edge!("state-LockoutEnd-9999-12-31.csv"), System::Generic, vec![(2, true)]),
        (edge!("state-banned-true.csv"), System::Generic, vec![(2, true)]),
        (edge!("state-is_active-f.csv"), System::Generic, vec![(2, true)]),
        (edge!("state-status-disabled.csv"), System::Generic, vec![(2, true)]),
        (edge!("state-suspended-1.csv"), System::Generic, vec![(2, true)]),
        (edge!("tab.tsv"), System::Generic, vec![(2, false)]),
        (edge!("utf16le-bom.csv"), System::Generic, vec![(2, false)]),
        (edge!("werkzeug-pbkdf2-sha256.csv"), System::Werkzeug, vec![(2, false)]),
        (edge!("wp68.csv"), System::Wordpress, vec![(2, false)]),
    ] {
        let import = Import::read(bytes, &Decisions::default(), &hasher, NOW).unwrap();
        let report = import.report();
        let recognised = if file == "django-email-user.csv" { System::Django } else { system };
        assert_eq!(report.system, recognised, "{file}");
        assert_eq!(
            (report.undecided().count(), report.problem_rows()),
            (0, 0),
            "{file}: {report} {:?}",
            report.columns
        );
        assert_eq!(states(&import), accounts, "{file}");
        assert!(!report.loses_passwords() && report.without_password.is_empty(), "{file}: {report}");
    }
    let (_, spring) = edge!("spring-bcrypt.csv");
    let import = Import::read(spring, &Decisions::default(), &hasher, NOW).unwrap();
    assert_eq!(states(&import), [(2, false), (4, true)]);
    let plain = RowProblem::Hash(UnreadableHash::Fast("plain text"));
    assert_eq!(import.report().problems, BTreeMap::from([(plain, vec![3])]));
    let reset = Decisions { reset_weak: true, ..Decisions::default() };
    let import = Import::read(spring, &reset, &hasher, NOW).unwrap();
    assert_eq!((import.report().fine, &import.report().reset), (3, &vec![3]));
    assert!(!import.report().loses_passwords());
}

const HASH: &str = "$2b$10$GwHSespkufcyGfkkV1YKsu8ulMNcmxCcpDu/quNoiOQzpypulwWhm";

/// Nothing is imported while a column could carry state, password or rights and nobody said that it does not.
#[tokio::test]
async fn a_column_that_nobody_decided_about_stops_the_import() {
    let hasher = hasher();
    for (header, value, undecided) in [
        ("gone", "1", "gone"),
        ("colour", "red", "colour"),
        ("may_not_sign_in_anymore", "1", "may_not_sign_in_anymore"),
        ("is_admin", "t", "is_admin"),
        ("role", "root", "role"),
        ("password_hash", HASH, "password_hash,password"),
        ("password_salt", "abc", "password_salt"),
        ("legacy_pw_hash", HASH, "legacy_pw_hash"),
        ("must_change_password", "1", "must_change_password"),
        ("ban_reason", "rude", "ban_reason"),
        ("first_blocked_at", "2024-05-01", "first_blocked_at"),
        ("registration_status", "x", "registration_status"),
        ("nickname", HASH, "nickname"),
        ("password", HASH, "password,password#2"),
        ("username", "someone", "username#2"),
    ] {
        let text = format!("username,{header},password\nada,{value},{HASH}\n");
        let import = Import::read(text.as_bytes(), &Decisions::default(), &hasher, NOW).unwrap();
        let columns: Vec<&str> = import.report().undecided().map(|column| column.name.as_str()).collect();
        assert_eq!(columns.join(","), undecided);
        let refused = run(&import, &store(), &hasher).await;
        assert!(matches!(refused, Err(ImportError::Undecided { .. })), "{header}: {refused:?}");
    }
}

/// What a person decides about columns and words is done, and a slip in a name is said.
#[tokio::test]
async fn decisions_by_hand_are_followed() {
    let hasher = hasher();
    let text = format!(
        "username,old_status,colour,team,pw,password\nada,archived 2,red,blue,{HASH},x\nbob,fine,red,,{HASH},y\n"
    );
    let decisions = Decisions {
        columns: vec![
            ("OLD STATUS".to_owned(), Some(Use::State(StateKind::Words))),
            ("colour".to_owned(), None),
            ("team".to_owned(), Some(Use::Claim)),
            ("pw".to_owned(), Some(Use::Hash)),
            ("password".to_owned(), None),
        ],
        states: vec![("archived 2".to_owned(), true), ("Fine".to_owned(), false)],
        ..Decisions::default()
    };
    let import = Import::read(text.as_bytes(), &decisions, &hasher, NOW).unwrap();
    assert_eq!(states(&import), [(2, true), (3, false)], "{}", import.report());
    assert_eq!(import.accounts[0].1.claims.as_map()["team"], "blue");
    assert!(run(&import, &store(), &hasher).await.is_ok());
    let slip = Decisions { columns: vec![("color".to_owned(), None)], ..Decisions::default() };
    let refused = Import::read(text.as_bytes(), &slip, &hasher, NOW);
    assert!(matches!(refused, Err(ReadError::NoColumn { .. })), "{refused:?}");
}

/// A password that is not there is no password lost in silence.
#[tokio::test]
async fn rows_without_a_password_need_consent_where_others_have_one() {
    let hasher = hasher();
    let text = format!("username,password\nada,{HASH}\nbob,\ncarol,!\n");
    let import = Import::read(text.as_bytes(), &Decisions::default(), &hasher, NOW).unwrap();
    assert_eq!(import.report().without_password, [3, 4]);
    let refused = run(&import, &store(), &hasher).await;
    assert!(matches!(refused, Err(ImportError::NoPassword { rows: 2 })), "{refused:?}");
    let accepted = read(&text, System::Generic, &hasher);
    assert_eq!(run(&accepted, &store(), &hasher).await.unwrap().made, 3);
    let names = Import::read(b"username\nada\n", &Decisions::default(), &hasher, NOW).unwrap();
    assert_eq!(
        run(&names, &store(), &hasher).await.unwrap().made,
        1,
        "a file without passwords has none to lose"
    );
}

/// Names and hashes lose the white space around them, and that is said; nothing else does.
#[test]
fn white_space_around_names_and_hashes_is_taken_away() {
    let text =
        format!("username,password\n ada ,{HASH}\nbob,\"{HASH}\r\n\"\ncarol, \"{HASH}\"\ndave,{HASH}\n");
    let import = read(&text, System::Generic, &hasher());
    assert_eq!(import.report().trimmed, [2, 3], "{}", import.report());
    assert!(
        import.accounts.iter().all(|(_, account)| account.password_hash.as_ref().unwrap().as_str() == HASH)
    );
    assert_eq!(import.accounts[0].1.username.as_str(), "ada");
}

/// Cognito gives no hashes away: its users come over without a password, and none of theirs is lost here.
#[tokio::test]
async fn users_of_cognito_come_without_a_password() {
    let hasher = hasher();
    let import =
        Import::read(export!("cognito.csv").as_bytes(), &Decisions::default(), &hasher, NOW).unwrap();
    assert_eq!((import.report().system, import.report().fine), (System::Cognito, 2), "{}", import.report());
    assert_eq!(run(&import, &store(), &hasher).await.unwrap().made, 2, "{:?}", import.report().columns);
}
