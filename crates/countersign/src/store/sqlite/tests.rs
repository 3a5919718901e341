//! What needs to hold the writer in the middle of a batch, or to look at the write-ahead log.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::engine::{checkpoint, open, queue::Queue};
use super::{OpenMode, SqliteStore};
use crate::base::clock::{Clock, Timestamp};
use crate::base::id::{AccountId, SessionId};
use crate::base::random::Random;
use crate::model::account::{CustomClaims, NewAccount, Role, Username};
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::context::{Actor, Context};
use crate::model::proof::Proof;
use crate::model::second_factor::SecondStep;
use crate::model::session::refresh_token::RefreshToken;
use crate::model::session::{NewSession, Rotation, SessionPolicy, SignInNotices};
use crate::store::figures::StoreFigures;
use crate::store::{AccountStore as _, AuditStore as _, SessionStore as _, StoreError};

fn at(seconds: u64) -> Context {
    let start = Timestamp::from_unix_millis(1_700_000_000_000);
    Context::local(Actor::CommandLine, start.plus(Duration::from_secs(seconds)))
}

/// A session of its own account, begun at 0.
async fn session(store: &SqliteStore) -> RefreshToken {
    let random = Random::insecure_seeded(1);
    let account = NewAccount {
        id: AccountId::random(&random),
        username: Username::parse("ada").unwrap(),
        role: Role::default(),
        claims: CustomClaims::default(),
        password_hash: None,
        disabled: false,
        password_change_required: false,
        locale: None,
        factors: Vec::new(),
    };
    let account_id = account.id;
    store.create_account(account, &at(0)).await.unwrap();
    let first = RefreshToken::first(SessionId::random(&random), &random);
    let presented = first.presented();
    let session = NewSession {
        id: presented.session_id,
        account_id,
        proof: Proof::Password { version: 0 },
        secret_hash: presented.secret_hash,
        replaces: None,
        new_password: None,
        takes_back: false,
        second: SecondStep::default(),
        bound_key: None,
        notices: SignInNotices::default(),
    };
    store.start_session(session, &at(0)).await.unwrap();
    first
}

/// J2: the disk stalls for longer than the grace with a rotation half-way. Its client was told 503; the next
/// try with the same token gets the successor, and is no reuse.
#[tokio::test]
async fn a_rotation_that_a_stall_kept_from_its_client_can_be_fetched_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path, OpenMode::Server, SessionPolicy::default()).unwrap();
    let token = session(&store).await.presented();
    let ((go, gone), (begun, has_begun)) = (mpsc::channel::<()>(), oneshot::channel());
    let (answer, answered) = mpsc::channel::<()>();
    let before = store.threads.write("hold", move |_| {
        let _ = begun.send(());
        gone.recv().unwrap();
        Ok(())
    });
    let first = at(30);
    let rotation = async {
        has_begun.await.unwrap();
        // One batch: both wait while the one before is under way.
        let (rotated, held, ()) = tokio::join!(
            biased;
            store.rotate(token, &first),
            store.threads.write("hold", move |_| {
                answered.recv().unwrap();
                Ok(())
            }),
            async { go.send(()).unwrap() },
        );
        assert!(matches!(rotated, Err(StoreError::Unavailable(_))), "{rotated:?}");
        assert!(held.is_err());
        answer.send(()).unwrap();
    };
    let (before, ()) = tokio::join!(before, rotation);
    before.unwrap();
    let again = loop {
        match store.rotate(token, &at(30 + 16)).await {
            Err(_) => tokio::task::yield_now().await,
            Ok(rotation) => break rotation,
        }
    };
    assert!(matches!(again, Rotation::Replayed(grant) if grant.session().generation == 1));
}

/// LM-7: while a disk answers no reads, whoever waits is told after a second or two, who comes after is refused at once,
/// and it all works again without a restart. A reader that is held up alone holds nobody else up.
#[tokio::test]
async fn a_read_that_the_disk_does_not_answer_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path, OpenMode::Server, SessionPolicy::default()).unwrap();
    let (go, gone) = mpsc::channel::<()>();
    let gone = Arc::new(Mutex::new(gone));
    let held = |_| {
        let gone = Arc::clone(&gone);
        store.threads.read("hold", move |_| {
            let _ = gone.lock().unwrap().recv();
            Ok(())
        })
    };
    let one = held(0).await;
    assert!(matches!(one, Err(StoreError::Unavailable(_))), "{one:?}");
    store.threads.read("free", |_| Ok(())).await.unwrap();
    let readers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 4);
    let all = join_all((1..=readers).map(held)).await;
    assert!(all.iter().all(|held| matches!(held, Err(StoreError::Unavailable(_)))), "{all:?}");
    let late = store.threads.read("late", |_| Ok(())).await;
    assert!(matches!(late, Err(StoreError::Overloaded)), "{late:?}");
    drop(go);
    while let Err(StoreError::Overloaded) = store.threads.read("again", |_| Ok(())).await {
        tokio::task::yield_now().await;
    }
}

/// A query that works for longer than a disk may take is no stalled disk.
#[tokio::test]
async fn a_long_query_is_not_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path, OpenMode::Server, SessionPolicy::default()).unwrap();
    let read = store.threads.read("count", |db| {
        let clock = Clock::system();
        let until = clock.monotonic() + Duration::from_secs(4);
        let mut numbers =
            db.prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")?;
        let mut rows = numbers.query([])?;
        while rows.next()?.is_some() && clock.monotonic() < until {}
        Ok(())
    });
    read.await.unwrap();
}

/// How many transactions are in the write-ahead log: frames that end one say how large the database is after
/// it.
fn commits(database: &Path) -> usize {
    let log = fs::read(database.with_extension("db-wal")).unwrap();
    log[32..].chunks_exact(24 + 4096).filter(|frame| frame[4..8] != [0; 4]).count()
}

/// Durability costs one fsync a batch: what waits while one transaction is under way is committed in the
/// next, together.
#[tokio::test]
async fn what_waits_is_committed_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path, OpenMode::Server, SessionPolicy::default()).unwrap();
    let before = commits(&path);
    let (context, (go, gone), (begun, has_begun)) = (at(0), mpsc::channel::<()>(), oneshot::channel());
    let holding = store.threads.write("hold", move |_| {
        let _ = begun.send(());
        gone.recv().unwrap();
        Ok(())
    });
    let waiting = async {
        has_begun.await.unwrap();
        let event = || store.record(AuditEvent::new(AuditKind::LoginFailed), &context);
        let records = join_all((0..200).map(|_| event()));
        tokio::join!(biased; records, async { go.send(()).unwrap() }).0
    };
    let (held, recorded) = tokio::join!(holding, waiting);
    held.unwrap();
    assert!(recorded.iter().all(Result::is_ok));
    assert_eq!(commits(&path) - before, 1);
}

/// Nobody can make the log start over while somebody reads what is in it: the operator is told once. When the
/// reader has gone, the log starts over and is cut to what it may have.
#[test]
fn a_long_reader_is_noticed_and_the_log_starts_over_after_it() {
    const MIB: u64 = 1024 * 1024;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    drop(open::prepare_file(&path, OpenMode::Server).unwrap());
    let db = open::connect_writer(&path).unwrap();
    let [reader, checkpointer] = [(); 2].map(|()| open::connect(&path).unwrap());
    db.execute_batch("CREATE TABLE things (bytes)").unwrap();
    let write = || db.execute("INSERT INTO things VALUES (zeroblob(1048576))", []).unwrap();
    let log_length = || path.with_extension("db-wal").metadata().unwrap().len();
    let (wakes, figures) = (Arc::new(Queue::new(1)), Arc::<StoreFigures>::default());
    let mut watch = checkpoint::Watch::new(Arc::clone(&wakes), Arc::clone(&figures));
    reader.execute_batch("BEGIN; SELECT count(*) FROM things").unwrap();
    for _ in 0..66 {
        write();
    }
    watch.after_batch(&db);
    assert!(watch.is_held_up() && log_length() > 66 * MIB);
    let counted = || figures.log_bytes.load(Ordering::Relaxed);
    assert!(log_length().abs_diff(counted()) < 4096, "{} and {}", log_length(), counted());
    reader.execute_batch("COMMIT").unwrap();
    wakes.close();
    checkpoint::run(&checkpointer, &wakes, &figures);
    assert_eq!(figures.checkpoints.read().count(), 1);
    watch.after_batch(&db);
    write();
    assert!(log_length() <= 64 * MIB, "{}", log_length());
    watch.after_batch(&db);
    assert!(!watch.is_held_up() && counted() < MIB * 2, "{}", counted());
}

/// Litestream decides when the log starts over: the writer copies nothing back for that, however long the log is.
#[test]
fn the_log_of_a_database_that_litestream_copies_is_left_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    drop(open::prepare_file(&path, OpenMode::Server).unwrap());
    let db = open::connect_writer(&path).unwrap();
    db.execute_batch("CREATE TABLE things (bytes)").unwrap();
    let copied = |is_theirs| {
        if is_theirs {
            db.execute_batch("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)").unwrap();
        }
        for _ in 0..260 {
            db.execute("INSERT INTO things VALUES (zeroblob(1048576))", []).unwrap();
        }
        let mut watch = checkpoint::Watch::new(Arc::new(Queue::new(1)), Arc::default());
        watch.after_batch(&db);
        let copied = "PRAGMA wal_checkpoint(NOOP)";
        let copied: i64 = db.query_row(copied, [], |row| row.get(2)).unwrap();
        (copied > 60_000, watch.is_held_up())
    };
    assert_eq!(copied(false), (true, true));
    assert_eq!(copied(true), (false, false));
}

/// AD-4: every table with something of an account is in its export, or here with the reason why not. A new table cannot be
/// forgotten.
#[tokio::test]
async fn every_table_about_an_account_is_in_its_export_or_excused() {
    const EXPORTED: [&str; 8] = [
        "accounts",
        "api_keys",
        "audit_log",
        "email_addresses",
        // With the second factors.
        "passkeys",
        "second_factors",
        "sessions",
        "trusted_devices",
    ];
    const EXCUSED: [(&str, &str); 6] = [
        ("passkey_challenges", "random numbers of the last minutes, by their hashes"),
        ("oauth_codes", "secrets of the last hour, by their hashes"),
        ("oauth_consents", "what was allowed and when is in the audit log, whose events are exported"),
        ("recovery_codes", "secrets, by their hashes"),
        ("revocations", "the IDs of ended sessions again, for as long as a token of theirs may run"),
        ("tickets", "secrets of mails that were sent within the last days, by their hashes"),
    ];
    let store = SqliteStore::in_memory(SessionPolicy::default()).unwrap();
    let found: Vec<String> = store
        .read("tables", |db| {
            db.prepare(
                "SELECT DISTINCT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND (c.name IN ('account_id', 'actor_id') OR t.name = 'accounts')
                 ORDER BY t.name",
            )?
            .query_map([], |row| row.get(0))?
            .collect()
        })
        .await
        .unwrap();
    let mut known: Vec<&str> = EXPORTED.into_iter().chain(EXCUSED.map(|(table, _)| table)).collect();
    known.sort_unstable();
    assert_eq!(found, known, "export it in flows/account_export.rs, or say here why not");
}
