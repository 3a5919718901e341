//! What needs to hold the writer in the middle of a batch.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{OpenMode, SqliteStore};
use crate::account::{CustomClaims, Role, Username};
use crate::audit::{Actor, Context};
use crate::clock::Timestamp;
use crate::id::{AccountId, SessionId};
use crate::random::Random;
use crate::refresh_token::RefreshToken;
use crate::session::SessionPolicy;
use crate::store::{NewAccount, NewSession, Rotation, Store, StoreError};

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
    };
    let account_id = account.id;
    store.create_account(account, &at(0)).await.unwrap();
    let first = RefreshToken::first(SessionId::random(&random), &random);
    let presented = first.presented();
    let session = NewSession {
        id: presented.session_id,
        account_id,
        password_version: 0,
        secret_hash: presented.secret_hash,
        replaces: None,
        new_password: None,
    };
    store.start_session(session, &at(0)).await.unwrap();
    first
}

/// J2: the disk stalls for longer than the grace with a rotation half-way. Its client was told 503; the next try with the
/// same token gets the successor, and is no reuse.
#[tokio::test]
async fn a_rotation_that_a_stall_kept_from_its_client_can_be_fetched_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("countersign.db");
    let store = SqliteStore::open(&path, OpenMode::Server, SessionPolicy::default()).unwrap();
    let token = session(&store).await.presented();
    let ((go, gone), (begun, has_begun)) = (mpsc::channel::<()>(), oneshot::channel());
    let (answer, answered) = mpsc::channel::<()>();
    let before = store.threads.write(move |_| {
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
            store.threads.write(move |_| {
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
    assert!(matches!(again, Rotation::Replayed(grant) if grant.session.generation == 1));
}
