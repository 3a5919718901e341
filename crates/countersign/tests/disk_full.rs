//! The embedded store on a disk that is full. Alone in its process, because the limit that stands for the full disk
//! holds for the whole process.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

#[cfg(test)]
#[path = "store/world.rs"]
#[expect(dead_code, reason = "shared with the conformance suite, which uses all of it")]
mod world;

use countersign::internal::model::session::{Rotation, SessionPolicy, StartSessionOutcome};
use countersign::store::sqlite::{OpenMode, SqliteStore};
use countersign::store::{SessionStore as _, StoreError, Upkeep as _};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use world::*;

fn limit_file_size(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).unwrap();
}

/// LM-8, DB-1: verification and reads go on, writes are refused, nothing acknowledged is lost, and it works again
/// without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_loses_nothing_and_recovers() {
    let _too_large = signal(SignalKind::from_raw(25)).unwrap(); // SIGXFSZ would end the process
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let policy = SessionPolicy { max_sessions: 100_000, ..SessionPolicy::default() };
    let store = SqliteStore::open(&path, OpenMode::Server, policy).unwrap();
    let bob = user(&store, "bob").await;
    let mut acknowledged = vec![log_in(&store, &bob, at(0)).await];
    let (mut rotating, mut hour) = (log_in(&store, &bob, at(0)).await, 0);
    for round in 0..3 {
        let wal = path.with_extension("db-wal").metadata().unwrap().len();
        limit_file_size(Some(wal + 200_000));
        let mut failures = 0;
        while failures < 20 {
            let new = new_session(&bob);
            let token = countersign::internal::model::session::refresh_token::PresentedToken {
                session_id: new.id,
                generation: 0,
                secret_hash: new.secret_hash,
                proven_key: None,
            };
            match store.start_session(new, &context(at(1))).await {
                Ok(StartSessionOutcome::Started(..)) => acknowledged.push(token),
                Err(StoreError::Unavailable(_)) => failures += 1,
                other => panic!("{other:?}"),
            }
            assert!(acknowledged.len() < 50_000, "the disk never filled up");
        }
        // A rotation needs one page only: there may be room for a few.
        loop {
            hour += 1;
            match store.rotate(rotating, &context(at(3600 * hour))).await {
                Ok(Rotation::Advanced(grant)) => rotating = generation(rotating, grant.session().generation),
                Err(StoreError::Unavailable(_)) => break,
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(store.rotate(acknowledged[0], &context(at(2))).await.unwrap(), Rotation::Fresh(_)));
        assert!(store.check(at(2)).await.is_err(), "round {round}: not ready");
        limit_file_size(None);
        store.check(at(3)).await.unwrap();
        acknowledged.push(log_in(&store, &bob, at(3)).await);
    }
    drop(store);
    let found: String = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
    let store = SqliteStore::open(&path, OpenMode::Server, policy).unwrap();
    for token in &acknowledged {
        assert!(matches!(store.rotate(*token, &context(at(4))).await.unwrap(), Rotation::Fresh(_)));
    }
    let rotation = store.rotate(rotating, &context(at(3600 * (hour + 1)))).await.unwrap();
    assert!(matches!(rotation, Rotation::Advanced(_)), "{rotation:?}");
    let log_lines = audit(&store).await.len();
    assert_eq!(log_lines, (2 + acknowledged.len()).min(1000), "one line for each login and the account");
}
