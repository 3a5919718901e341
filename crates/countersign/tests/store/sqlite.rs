//! The embedded store and its file: what is refused at the start, and what happens when the disk or another
//! process is in the way.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use countersign::internal::model::account::{
    AccountChange, AccountQuery, CreateAccountOutcome, NewAccount, Role,
};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::session::{
    EndReason, Revocation, Rotation, SessionPolicy, SessionSelector,
};
use countersign::store::sqlite::{OpenError, OpenMode, SqliteStore};
use countersign::store::{AccountStore as _, KeyStore as _, SessionStore as _, StoreError, Upkeep as _};
use rusqlite::Connection;
use tempfile::tempdir;
use tokio::task::JoinSet;

use crate::world::*;

fn open(path: impl AsRef<Path>, mode: OpenMode) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(path, mode, SessionPolicy::default())
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// DB-2: an older SQLite can lose committed writes, and no store opens with one.
#[test]
fn the_sqlite_that_is_linked_in_keeps_committed_writes() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

/// DB-3.
#[tokio::test]
async fn file_and_directory_are_for_their_owner_alone() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("new/store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    user(&store, "bob").await;
    assert_eq!(mode_of(path.parent().unwrap()), 0o700);
    for file in ["store.db", "store.db-wal", "store.db-shm", "store.db.lock"] {
        assert_eq!(mode_of(&path.with_file_name(file)), 0o600, "{file}");
    }
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    open(&path, OpenMode::Server).unwrap();
    assert_eq!(mode_of(&path), 0o600);
}

#[test]
fn a_path_into_nowhere_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("no/such/store.db");
    let Err(OpenError::MissingDirectory(missing)) = open(&path, OpenMode::Server) else { panic!() };
    assert_eq!(missing, path.parent().unwrap());
    assert!(!directory.path().join("no").exists());
}

/// DB-6: the command line may work beside the server, and what it does is seen there.
#[tokio::test]
async fn there_is_one_server_and_any_number_of_tools() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let server = open(&path, OpenMode::Server).unwrap();
    let Err(OpenError::InUse(used)) = open(&path, OpenMode::Server) else { panic!() };
    assert_eq!(used, path);
    let token = log_in(&server, &user(&server, "bob").await, at(0)).await;
    let tool = open(&path, OpenMode::Tool).unwrap();
    tool.end_sessions(SessionSelector::One(token.session_id), EndReason::Ended, &context(at(1)))
        .await
        .unwrap();
    assert_eq!(revocations(&server, at(1)).await[0].id, token.session_id);
    let rotation = server.rotate(token, &context(at(1))).await.unwrap();
    assert_eq!(rotation, Rotation::Revoked(EndReason::Ended));
    drop(server);
    open(&path, OpenMode::Server).unwrap();
}

/// SE-4: after an older copy of the database was put back under a running server, places are given again. The cursor
/// says so, and everything is read anew.
#[tokio::test]
async fn a_log_that_is_shorter_than_the_cursor_is_read_anew() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    let bob = user(&store, "bob").await;
    let end = async |n| {
        let which = SessionSelector::OfToken(log_in(&store, &bob, at(n)).await);
        store.end_sessions(which, EndReason::Logout, &context(at(n))).await.unwrap()
    };
    let (first, _) = (end(0).await, end(1).await);
    let cursor = store.revocations(None, at(2)).await.unwrap().cursor;
    let sql = "DELETE FROM revocations WHERE sequence = 2;
               UPDATE sqlite_sequence SET seq = 1 WHERE name = 'revocations'";
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let page = store.revocations(Some(cursor), at(2)).await.unwrap();
    assert_eq!(page.log.iter().map(|entry| entry.ended).collect::<Vec<_>>(), first);
    assert!(page.is_anew);
    let third = end(3).await;
    let page = store.revocations(Some(page.cursor), at(3)).await.unwrap();
    assert_eq!(page.log.iter().map(|entry| entry.ended).collect::<Vec<_>>(), third);
    assert!(!page.is_anew);
}

#[test]
fn what_is_not_our_database_is_refused_and_left_alone() {
    let directory = tempdir().unwrap();
    let text = directory.path().join("text.db");
    fs::write(&text, "no database at all\n".repeat(100)).unwrap();
    assert!(matches!(open(&text, OpenMode::Server), Err(OpenError::NotADatabase(_))));
    assert_eq!(fs::read(&text).unwrap(), "no database at all\n".repeat(100).as_bytes());

    let foreign = directory.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    assert!(matches!(open(&foreign, OpenMode::Server), Err(OpenError::ForeignDatabase(_))));
}

/// Takes away what came after the second step, and puts the list of steps of that time in its place.
const TO_VERSION_2: &str = "ALTER TABLE accounts DROP COLUMN password_change_required;
                 ALTER TABLE audit_log DROP COLUMN request_id;
                 ALTER TABLE sessions DROP COLUMN authenticated_at;
                 ALTER TABLE sessions DROP COLUMN amr; ALTER TABLE sessions DROP COLUMN bound_key;
                 ALTER TABLE sessions DROP COLUMN client_id; ALTER TABLE sessions DROP COLUMN scopes;
                 ALTER TABLE sessions DROP COLUMN resources; DROP TABLE oauth_codes; DROP TABLE oauth_consents; DROP TABLE used_once;
                 ALTER TABLE revocations DROP COLUMN account_id;
                 ALTER TABLE revocations DROP COLUMN ended_at;
                 DROP TABLE feed_keys;
                 DROP TABLE clients;
                 DROP TABLE milestones;
                 DROP TABLE withdrawn_keys;
                 ALTER TABLE master_keys DROP COLUMN used_at;
                 ALTER TABLE audit_log DROP COLUMN mac;
                 DROP TABLE sealed_keys;
                 DROP TABLE audit_chain;
                 DROP TABLE audit_gaps;
                 DROP TABLE audit_head;
                 DROP TABLE api_keys;
                 DROP TABLE activity;
                 DROP TABLE outbox;
                 DROP TABLE audit_readers;
                 DROP TABLE email_addresses;
                 DROP TABLE tickets;
                 DROP TABLE passkeys; DROP TABLE passkey_challenges;
                 DROP TABLE second_factors; DROP TABLE recovery_codes; DROP TABLE trusted_devices;
                 DROP INDEX accounts_to_delete;
                 ALTER TABLE accounts DROP COLUMN deletion_asked_at;
                 ALTER TABLE accounts DROP COLUMN delete_at;
                 ALTER TABLE accounts DROP COLUMN locale;
                 ALTER TABLE accounts DROP COLUMN locale_since;
                 ALTER TABLE accounts DROP COLUMN former_locale;
                 DROP INDEX audit_log_by_other;
                 DROP INDEX accounts_by_creation;
                 DROP INDEX throttle_by_pardon;
                 ALTER TABLE throttle DROP COLUMN forgiven_at;
                 CREATE TABLE refinery_schema_history (
                   version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255));
                 INSERT INTO refinery_schema_history VALUES (1, 'initial', '', ''), (2, 'throttle', '', '');
                 DROP TABLE schema_history;";

/// DB-5: a database that was made before there were required changes is opened, and everything goes on.
#[tokio::test]
async fn an_older_schema_is_brought_up_to_date() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, at(0)).await;
    let which = SessionSelector::OfToken(log_in(&store, &bob, at(0)).await);
    let ended = store.end_sessions(which, EndReason::Logout, &context(at(0))).await.unwrap()[0];
    drop(store);
    Connection::open(&path).unwrap().execute_batch(TO_VERSION_2).unwrap();

    let store = open(&path, OpenMode::Server).unwrap();
    let session = store.find_session(token.session_id).await.unwrap().unwrap();
    let password = Proof::Password { version: 0 }.methods();
    assert_eq!((session.authenticated_at, session.amr), (at(0), password));
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(bob.clone()));
    let unknown = Revocation { ended, account_id: None, ended_at: None };
    assert_eq!(store.revocations(None, at(1)).await.unwrap().log, [unknown]);
    assert!(matches!(store.rotate(token, &context(at(20))).await.unwrap(), Rotation::Advanced(_)));
    let required = AccountChange { password_change_required: Some(true), ..AccountChange::default() };
    store.change_account(bob.id, required, &context(at(21))).await.unwrap();
    drop(store);
    let store = open(&path, OpenMode::Server).unwrap();
    assert!(store.find_account(bob.id).await.unwrap().unwrap().password_change_required);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    for n in 0..100 {
        user(&store, &format!("user {n}")).await;
    }
    drop(store);
    assert!(!directory.path().join("store.db-wal").exists(), "a stopped server leaves one file");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    for page in 1..pages {
        file.write_all_at(&[0xa5; 200], page * 4096).unwrap();
    }
    assert!(matches!(open(&path, OpenMode::Server), Err(OpenError::Corrupt { .. })));
    file.set_len(4096).unwrap();
    assert!(matches!(open(&path, OpenMode::Server), Err(OpenError::Corrupt { .. })));
}

/// Root may write everything, so root runs this again as somebody else.
#[test]
fn a_file_that_may_not_be_written_is_refused() {
    const NOBODY: u32 = 65534;
    const PATH: &str = "COUNTERSIGN_TEST_UNWRITABLE";
    if let Some(path) = std::env::var_os(PATH) {
        assert!(matches!(open(path, OpenMode::Server), Err(OpenError::NoPermission(_))));
        return;
    }
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    drop(open(&path, OpenMode::Server).unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().write(true).open(&path).is_err() {
        assert!(matches!(open(&path, OpenMode::Server), Err(OpenError::NoPermission(_))));
        return;
    }
    let path_of_copy = tempdir().unwrap();
    let copy = path_of_copy.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    for readable in [directory.path(), path_of_copy.path()] {
        fs::set_permissions(readable, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let again = Command::new(copy)
        .args(["--exact", "sqlite::a_file_that_may_not_be_written_is_refused"])
        .env(PATH, &path)
        .uid(NOBODY)
        .output()
        .unwrap();
    assert!(again.status.success(), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stdout).contains("1 passed"), "{again:?}");
}

/// PW-6: bytes that are no text, in one account's hash, keep nobody else from anything.
#[tokio::test]
async fn a_hash_that_is_no_text_hurts_its_own_account_only() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    for name in ["ann", "bob"] {
        user(&store, name).await;
    }
    let garbage = "UPDATE accounts SET password_hash = CAST(x'fffe00' AS TEXT) WHERE username = 'bob'";
    Connection::open(&path).unwrap().execute(garbage, []).unwrap();
    assert_eq!(store.list_accounts(AccountQuery::by_name(None, 9)).await.unwrap().len(), 2);
    assert_eq!(store.password_hashes(9).await.unwrap().len(), 2);
}

/// A line that a newer version wrote is shown under its name, and makes nothing unreadable.
#[tokio::test]
async fn an_unknown_kind_of_event_keeps_its_name() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, T0).await;
    let beside = Connection::open(&path).unwrap();
    beside.execute("UPDATE audit_log SET kind = 'passkey_added' WHERE kind = 'login_succeeded'", []).unwrap();
    assert_eq!(audit(&store).await, ["account_created user", "passkey_added"]);
    beside.execute("UPDATE sessions SET revoked_at = 1, end_reason = 'moved_to_mars'", []).unwrap();
    let rotation = store.rotate(token, &context(at(1))).await.unwrap();
    assert_eq!(rotation, Rotation::Revoked(EndReason::Ended));
}

/// Group commit: in one transaction with many others, only what failed is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_operation_undoes_itself_alone() {
    let store = Arc::new(SqliteStore::in_memory(SessionPolicy::default()).unwrap());
    let bob = user(&*store, "bob").await;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let store = Arc::clone(&store);
        let mut new: NewAccount = new_account(&format!("user {n}"), Role::default());
        if n % 10 == 3 {
            new.id = bob.id; // no caller does this; it stands for any failure half-way
        }
        tasks.spawn(async move { (n, store.create_account(new, &context(T0)).await) });
    }
    for (n, outcome) in tasks.join_all().await {
        match outcome {
            Ok(CreateAccountOutcome::Created(_)) => assert_ne!(n % 10, 3),
            Err(StoreError::Unavailable(_)) => assert_eq!(n % 10, 3),
            other => panic!("{n}: {other:?}"),
        }
    }
    let made = audit(&*store).await.iter().filter(|line| *line == "account_created user").count();
    assert_eq!(made, 1 + 180);
}

/// CC-6: what an operation had done before it failed is undone too, though the transaction around it is
/// committed.
#[tokio::test]
async fn an_operation_that_fails_half_way_leaves_nothing() {
    let store = SqliteStore::in_memory(SessionPolicy::default()).unwrap();
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, at(0)).await;
    let lines = audit(&store).await;
    // It ends the session that it replaces, and then finds its own id taken.
    let mut new = new_session(&bob);
    (new.id, new.replaces) = (token.session_id, Some(token));
    let outcome = store.start_session(new, &context(at(1))).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert!(matches!(store.rotate(token, &context(at(2))).await.unwrap(), Rotation::Fresh(_)));
    assert_eq!(revocations(&store, at(2)).await, []);
    assert_eq!(audit(&store).await, lines);
}

/// RF-7: what refuses sessions ends those there are; if one had been missed, it would be refused all the
/// same.
#[tokio::test]
async fn a_session_that_outlived_its_account_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = open(&path, OpenMode::Server).unwrap();
    let token = log_in(&store, &user(&store, "bob").await, at(0)).await;
    for (sql, reason) in [
        ("UPDATE accounts SET password_change_required = 1", EndReason::PasswordChangeRequired),
        ("UPDATE accounts SET disabled_at = 1", EndReason::AccountDisabled),
    ] {
        Connection::open(&path).unwrap().execute(sql, []).unwrap();
        for seconds in [1, 100] {
            let rotation = store.rotate(token, &context(at(seconds))).await.unwrap();
            assert_eq!(rotation, Rotation::Revoked(reason));
        }
    }
}

/// LM-7, LM-11, CC-7: while the database does not take writes, whoever waits is told after a second or two,
/// who comes after is refused at once, reads go on, and it all works again without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_database_refuses_writes_and_recovers() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("store.db");
    let store = Arc::new(open(&path, OpenMode::Server).unwrap());
    let bob = user(&*store, "bob").await;
    let token = log_in(&*store, &bob, at(0)).await;
    let blocker = Connection::open(&path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..2_000 {
        let (store, new) = (Arc::clone(&store), new_session(&bob));
        waiting.spawn(async move { store.start_session(new, &context(at(1))).await });
    }
    let (mut refused, mut given_up) = (0, 0);
    for outcome in waiting.join_all().await {
        match outcome {
            Err(StoreError::Overloaded) => refused += 1,
            Err(StoreError::Unavailable(_)) => given_up += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused >= 2_000 - 1024 - 256, "{refused} were refused at once, {given_up} had waited");
    assert!(given_up > 0);
    let late = store.start_session(new_session(&bob), &context(at(1))).await;
    assert!(matches!(late, Err(StoreError::Overloaded)), "{late:?}");
    let ready = store.check(at(1)).await;
    assert!(matches!(ready, Err(StoreError::Overloaded)), "not ready (LM-9): {ready:?}");
    assert!(matches!(store.rotate(token, &context(at(2))).await.unwrap(), Rotation::Fresh(_)));
    blocker.execute_batch("ROLLBACK").unwrap();
    while let Err(StoreError::Overloaded) = store.remember_master_keys(Vec::new()).await {
        tokio::task::yield_now().await;
    }
    store.check(at(3)).await.unwrap();
    log_in(&*store, &bob, at(3)).await;
}
