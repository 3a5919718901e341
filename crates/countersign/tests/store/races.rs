//! What happens at once (CC-1 to CC-6).

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use countersign::internal::model::account::{
    AccountChange, ChangeAccountOutcome, CreateAccountOutcome, PasswordChange, Role, SetPasswordOutcome,
};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::session::{
    EndReason, NewSession, Rotation, SessionPolicy, SessionSelector, StartSessionOutcome,
};
use countersign::internal::model::stored_key::StoredKey;
use countersign::internal::password::PasswordHash;
use countersign::internal::throttle::exchange::{ThrottleDelta, ThrottleExchange};
use countersign::internal::throttle::{ThrottleKey, ThrottleOptions};
use countersign::store::{AccountStore as _, KeyStore as _, SessionStore as _, ThrottleStore as _};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::*;

/// Runs `call(0)`, `call(1)`, … at the same moment, and gives what they came to, in that order.
pub(crate) async fn at_once<T, F>(count: usize, call: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (start, call) = (Arc::clone(&start), call(n));
        tasks.spawn(async move {
            start.wait().await;
            (n, call.await)
        });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// CC-1: one rotation, one successor, and everybody is served.
pub(crate) async fn one_of_many_rotations_advances(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let mut token = log_in(&*store, &user(&*store, "bob").await, at(0)).await;
    for round in 1..=20 {
        let call = |_| {
            let store = Arc::clone(&store);
            async move { store.rotate(token, &context(at(20 * round))).await.unwrap() }
        };
        let mut advanced = 0;
        for rotation in at_once(50, call).await {
            let (Rotation::Advanced(grant) | Rotation::Replayed(grant)) = &rotation else {
                panic!("{rotation:?}")
            };
            advanced += usize::from(matches!(rotation, Rotation::Advanced(_)));
            assert_eq!(grant.session().generation, token.generation + 1);
        }
        assert_eq!(advanced, 1, "round {round}");
        token.generation += 1;
    }
}

/// CC-4.
pub(crate) async fn one_of_many_creations_wins(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let spellings = ["bob", "BOB", "Ｂob", "boB"];
    let call = |n: usize| {
        let (store, new) = (Arc::clone(&store), new_account(spellings[n % 4], Role::default()));
        async move { store.create_account(new, &context(T0)).await.unwrap() }
    };
    let made = at_once(40, call).await;
    assert_eq!(made.iter().filter(|made| matches!(made, CreateAccountOutcome::Created(_))).count(), 1);
}

/// KM-5.
pub(crate) async fn one_of_many_keys_is_added(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let call = |n| {
        let store = Arc::clone(&store);
        let key = StoredKey {
            kid: format!("key {n}"),
            algorithm: "ES256".to_owned(),
            sealed: vec![1],
            created_at: T0,
            active_from: T0,
        };
        async move { store.add_signing_key(key, None, &context(T0)).await.unwrap() }
    };
    assert_eq!(at_once(20, call).await.into_iter().filter(|added| *added).count(), 1);
}

/// CC-2: once a logout is answered, no refresh that begins later is.
pub(crate) async fn no_refresh_begins_after_a_logout(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    for round in 0..50 {
        let token = log_in(&*store, &bob, at(0)).await;
        let call = |n| {
            let store = Arc::clone(&store);
            async move {
                let now = context(at(20));
                if n == 0 {
                    let which = SessionSelector::OfToken(token);
                    assert_eq!(store.end_sessions(which, EndReason::Logout, &now).await.unwrap().len(), 1);
                }
                store.rotate(token, &now).await.unwrap()
            }
        };
        let outcomes = at_once(8, call).await;
        assert_eq!(outcomes[0], Rotation::Revoked(EndReason::Logout), "round {round}");
        let after = store.rotate(token, &context(at(20))).await.unwrap();
        assert_eq!(after, Rotation::Revoked(EndReason::Logout));
    }
}

/// CC-3: a login with the old password either comes first, and its session ends, or is refused.
pub(crate) async fn a_password_change_and_a_login_do_not_cross(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    for version in 0..30 {
        let call = |n| {
            let (store, bob) = (Arc::clone(&store), bob.clone());
            async move {
                if n == 0 {
                    let new = PasswordHash::from_stored(format!("hash {version}"));
                    let change = PasswordChange {
                        account_id: bob.id,
                        new,
                        checked: Some(Proof::Password { version }),
                        keep: None,
                        notice: None,
                    };
                    let set = store.set_password(change, &context(at(1))).await.unwrap();
                    assert!(matches!(set, SetPasswordOutcome::Done(_)));
                    return None;
                }
                let new = NewSession { proof: Proof::Password { version }, ..new_session(&bob) };
                match store.start_session(new.clone(), &context(at(1))).await.unwrap() {
                    StartSessionOutcome::Started(..) => Some(new.id),
                    StartSessionOutcome::Refused => None,
                    refused => panic!("{refused:?}"),
                }
            }
        };
        for id in at_once(6, call).await.into_iter().flatten() {
            let session = store.find_session(id).await.unwrap().unwrap();
            assert_eq!(session.revoked, Some((at(1), EndReason::PasswordChanged)));
        }
    }
}

/// PP-7, CC-3: two people who know a password choose another at once: one of them gets in, and it is his.
pub(crate) async fn one_of_many_new_passwords_wins(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    for version in 0..30 {
        let chosen = |n| PasswordHash::from_stored(format!("choice {version} {n}"));
        let call = |n| {
            let store = Arc::clone(&store);
            let new_password = Some(chosen(n));
            let new = NewSession { proof: Proof::Password { version }, new_password, ..new_session(&bob) };
            async move { store.start_session(new, &context(at(1))).await.unwrap() }
        };
        let outcomes = at_once(6, call).await;
        let started = |outcome: &StartSessionOutcome| matches!(outcome, StartSessionOutcome::Started(..));
        assert_eq!(outcomes.iter().filter(|outcome| started(outcome)).count(), 1);
        let winner = outcomes.iter().position(started).unwrap();
        let found = store.credentials(bob.id).await.unwrap().unwrap();
        assert_eq!((found.password_hash, found.password_version), (Some(chosen(winner)), version + 1));
    }
}

/// PP-7, CC-3: a login comes before the requirement, and its session ends, or after it, and is told so.
pub(crate) async fn a_required_change_and_a_login_do_not_cross(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    for round in 0..30 {
        let bob = user(&*store, &format!("bob {round}")).await;
        let call = |n| {
            let (store, new) = (Arc::clone(&store), new_session(&bob));
            async move {
                if n == 0 {
                    let required =
                        AccountChange { password_change_required: Some(true), ..AccountChange::default() };
                    store.change_account(new.account_id, required, &context(at(1))).await.unwrap();
                    return;
                }
                let outcome = store.start_session(new, &context(at(1))).await.unwrap();
                assert_ne!(outcome, StartSessionOutcome::Refused);
            }
        };
        at_once(6, call).await;
        assert_eq!(store.list_sessions(Some(bob.id), at(1), 10).await.unwrap(), []);
    }
}

/// SE-8: however many sign in at once, no more sessions are alive than may be, and every login was answered.
pub(crate) async fn many_logins_at_once_leave_no_more_than_may_be(opener: &impl Opener) {
    let policy = SessionPolicy { max_sessions: 5, ..SessionPolicy::default() };
    let store = Arc::new(opener.open(policy).await);
    let bob = user(&*store, "bob").await;
    let call = |_| {
        let (store, bob) = (Arc::clone(&store), bob.clone());
        async move { log_in_with(&*store, new_session(&bob), at(0)).await.1.len() }
    };
    let ended: usize = at_once(50, call).await.into_iter().sum();
    let alive = store.list_sessions(Some(bob.id), at(0), 100).await.unwrap();
    assert_eq!((alive.len(), ended), (5, 45));
}

/// CC-6: a client that hangs up leaves the old state or the new one, and holds nothing.
pub(crate) async fn an_abandoned_call_harms_nobody(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let mut token = log_in(&store, &user(&store, "bob").await, at(0)).await;
    for round in 0..2_000 {
        // One instant for a hundred calls: whichever of them got through, the others repeat it.
        let now = context(at(20 + 20 * (round / 100)));
        let polls = round % 3;
        {
            let mut call = pin!(store.rotate(token, &now));
            let mut task = TaskContext::from_waker(Waker::noop());
            for _ in 0..polls {
                if let Poll::Ready(outcome) = call.as_mut().poll(&mut task) {
                    outcome.unwrap();
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        if round % 100 == 99 {
            let rotation = store.rotate(token, &now).await.unwrap();
            let (Rotation::Advanced(grant) | Rotation::Replayed(grant)) = rotation else {
                panic!("round {round}: {rotation:?}")
            };
            assert_eq!(grant.session().generation, token.generation + 1);
            token.generation += 1;
        }
    }
}

/// OP-11: two administrators who disable each other at once do not lock everybody out.
pub(crate) async fn two_administrators_cannot_disable_each_other(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let mut ids = Vec::new();
    for name in ["ann", "ben"] {
        ids.push(create(&*store, new_account(name, Role::admin())).await.id);
    }
    let call = |n: usize| {
        let (store, id) = (Arc::clone(&store), ids[n]);
        let off = AccountChange { disabled: Some(true), ..AccountChange::default() };
        async move { store.change_account(id, off, &context(T0)).await.unwrap() }
    };
    let outcomes = at_once(2, call).await;
    assert_eq!(outcomes.iter().filter(|done| **done == ChangeAccountOutcome::LastAdministrator).count(), 1);
}

/// TH-6: nobody's failures are lost or counted twice, also where the first of a key come at the same moment, in any
/// order of the keys.
pub(crate) async fn failures_counted_at_once_all_count(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    for round in 0..10 {
        let call = |n: usize| {
            let store = Arc::clone(&store);
            let mut keys = [round, 100 + round, 200 + round];
            keys.rotate_left(n % 3);
            let deltas = keys.map(|key| ThrottleDelta {
                key: ThrottleKey::from_bytes([key; 17]),
                pardon: None,
                failed_at: vec![at(1); 2],
            });
            let options = ThrottleOptions::default();
            let exchange = ThrottleExchange { deltas: deltas.to_vec(), now: at(1), options };
            async move { store.exchange_throttle(exchange).await.unwrap() }
        };
        let mut totals: Vec<_> =
            at_once(16, call).await.concat().iter().map(|total| total.failures).collect();
        totals.sort_unstable();
        let expected: Vec<_> = (1..=16).flat_map(|n| [2 * n; 3]).collect();
        assert_eq!(totals, expected, "round {round}");
    }
}
