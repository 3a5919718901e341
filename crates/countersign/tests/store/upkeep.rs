//! Keys, the audit log, and what is deleted when.

use std::sync::Arc;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::model::account::{AccountChange, PasswordChange, Role};
use countersign::internal::model::audit::{AuditEvent, AuditKind, AuditQuery};
use countersign::internal::model::audit_cursor::AuditCursor;
use countersign::internal::model::client::{Client, ClientName, StoredClient};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::key_change::ImportKeyOutcome;
use countersign::internal::model::key_withdrawal::{KeyWithdrawal, WithdrawOutcome};
use countersign::internal::model::master_key_use::ResealedKey;
use countersign::internal::model::retention::Sweep;
use countersign::internal::model::session::{
    EndReason, RevocationPage, Rotation, SessionPolicy, SessionSelector,
};
use countersign::internal::model::stored_key::{KnownKeys, StoredKey, WithdrawnKey};
use countersign::internal::throttle::exchange::{ThrottleDelta, ThrottleExchange};
use countersign::internal::throttle::{Pardon, ThrottleKey, ThrottleOptions, ThrottleRecord};
use countersign::store::{
    AccountStore as _, AuditStore as _, ClientStore as _, KeyStore as _, SessionStore as _, Store,
    ThrottleStore as _, Upkeep as _,
};

use crate::world::*;

fn key(kid: &str, algorithm: &str) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        algorithm: algorithm.to_owned(),
        sealed: vec![0, 1, 255],
        created_at: T0,
        active_from: at(60),
    }
}

/// KM-5.
pub(crate) async fn keys_are_added_after_the_newest_only(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let add = async |kid: &str, algorithm: &str, newest: Option<&str>| {
        let newest = newest.map(str::to_owned);
        store.add_signing_key(key(kid, algorithm), newest, &context(T0)).await.unwrap()
    };
    assert!(!add("a", "ES256", Some("x")).await);
    assert!(add("a", "ES256", None).await);
    assert!(!add("b", "ES256", None).await);
    assert!(!add("r", "RS256", None).await, "the algorithm does not matter");
    assert!(add("r", "RS256", Some("a")).await);
    assert!(add("b", "ES256", Some("r")).await);
    assert!(!add("c", "ES256", Some("a")).await);
    let stored = store.signing_keys().await.unwrap();
    assert_eq!(stored, [key("a", "ES256"), key("r", "RS256"), key("b", "ES256")]);
    let remove = vec!["a".to_owned(), "x".to_owned()];
    assert_eq!(store.remove_signing_keys(remove, &context(T0)).await.unwrap(), 1);
    assert_eq!(store.signing_keys().await.unwrap(), stored[1..]);
    let changes = audit(&store).await;
    assert_eq!(changes, ["key_created a", "key_created r", "key_created b", "key_removed a"]);
}

/// KM-1: a key that the store has forgotten comes back as it was, and no key twice.
pub(crate) async fn forgotten_keys_are_put_back_as_they_were(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (first, second) = (key("a", "ES256"), key("b", "ES256"));
    assert!(store.add_signing_key(second.clone(), None, &context(T0)).await.unwrap());
    let held = KnownKeys { keys: vec![first.clone(), second.clone()], ..KnownKeys::default() };
    assert_eq!(store.restore_signing_keys(held.clone(), &context(T0)).await.unwrap(), 1);
    assert_eq!(store.restore_signing_keys(held, &context(T0)).await.unwrap(), 0);
    assert_eq!(store.signing_keys().await.unwrap(), [second, first]);
    assert_eq!(audit(&store).await, ["key_created b", "key_restored a"]);
}

/// KM-3: a withdrawn key goes for good, in the same moment in which its successor comes.
pub(crate) async fn a_withdrawn_key_never_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    assert!(store.add_signing_key(key("a", "ES256"), None, &context(T0)).await.unwrap());
    let withdraw = async |kid: &str, newest: &str, successors: Vec<StoredKey>| {
        let withdrawal = KeyWithdrawal { kid: kid.to_owned(), newest: Some(newest.to_owned()), successors };
        store.withdraw_signing_key(withdrawal, &context(at(5))).await.unwrap()
    };
    assert_eq!(withdraw("x", "a", vec![]).await, WithdrawOutcome::Unknown);
    assert_eq!(withdraw("a", "x", vec![]).await, WithdrawOutcome::Changed);
    assert_eq!(withdraw("a", "a", vec![key("b", "ES256")]).await, WithdrawOutcome::Withdrawn);
    assert_eq!(withdraw("a", "b", vec![key("c", "ES256")]).await, WithdrawOutcome::Already);
    let gone = |kid: &str, at| WithdrawnKey { kid: kid.to_owned(), withdrawn_at: at };
    assert_eq!(store.signing_keys().await.unwrap(), [key("b", "ES256")]);
    assert_eq!(store.withdrawn_keys().await.unwrap(), [gone("a", at(5))]);
    let import = async |kid: &str| {
        let newest = Some("b".to_owned());
        store.import_signing_key(key(kid, "ES256"), newest, &context(T0)).await.unwrap()
    };
    assert_eq!(
        (import("a").await, import("b").await),
        (ImportKeyOutcome::Withdrawn, ImportKeyOutcome::Taken)
    );
    // A node gives back what it remembers: the key of before the withdrawal, and another withdrawal.
    let keys = vec![key("a", "ES256"), key("b", "ES256"), key("d", "ES256")];
    let held = KnownKeys { keys, withdrawn: vec![gone("b", at(1))] };
    assert_eq!(store.restore_signing_keys(held.clone(), &context(T0)).await.unwrap(), 1);
    assert_eq!(store.restore_signing_keys(held, &context(T0)).await.unwrap(), 0);
    assert_eq!(store.signing_keys().await.unwrap(), [key("d", "ES256")]);
    assert_eq!(store.withdrawn_keys().await.unwrap(), [gone("b", at(1)), gone("a", at(5))]);
    let changes = ["key_created a", "key_withdrawn a", "key_created b", "key_withdrawn b", "key_restored d"];
    assert_eq!(audit(&store).await, changes);
}

fn throttle_key(key: u8) -> ThrottleKey {
    ThrottleKey::from_bytes([key; 17])
}

/// So many failures at one instant.
fn failed(key: u8, count: usize, at: Timestamp) -> ThrottleDelta {
    ThrottleDelta { key: throttle_key(key), pardon: None, failed_at: vec![at; count] }
}

fn forgiven(key: u8, at: Timestamp) -> ThrottleDelta {
    let pardon = Some(Pardon { at, leaves: 0 });
    ThrottleDelta { key: throttle_key(key), pardon, failed_at: Vec::new() }
}

async fn exchange(store: &impl Store, deltas: Vec<ThrottleDelta>, now: Timestamp) -> Vec<ThrottleRecord> {
    let exchange = ThrottleExchange { deltas, now, options: ThrottleOptions::default() };
    let mut totals = store.exchange_throttle(exchange).await.unwrap();
    totals.sort_by_key(|total| total.key);
    totals
}

/// TH-1, TH-6: what is counted is added up and comes back, a pardon as well as a failure, and old totals are swept, the
/// few sooner than the many; whoever sweeps says what is few, so that no stop is among them.
pub(crate) async fn counts_of_failures_come_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let total = |key, failures, last_failure_at| ThrottleRecord {
        key: throttle_key(key),
        failures,
        last_failure_at,
        forgiven_at: None,
    };
    let first = exchange(&store, vec![failed(3, 7, T0), failed(1, 2, T0), failed(2, 60, T0)], at(1)).await;
    assert_eq!(first, [total(1, 2, T0), total(2, 60, T0), total(3, 7, T0)]);
    let (few, many) = (total(1, 5, at(1)), total(2, 100, at(2)));
    let pardoned = ThrottleRecord { forgiven_at: Some(at(1)), ..total(3, 0, at(1)) };
    let second = exchange(&store, vec![failed(1, 3, at(1)), failed(2, 40, at(2)), forgiven(3, at(1))], at(2));
    assert_eq!(second.await, [few, many, pardoned]);
    let mut all = store.throttle_records(T0, 10).await.unwrap();
    all.sort_by_key(|record| record.key);
    assert_eq!(all, [few, many, pardoned]);
    assert_eq!(store.throttle_records(at(2), 10).await.unwrap(), [many]);
    assert_eq!(store.throttle_records(T0, 1).await.unwrap(), [many]);
    assert_eq!(exchange(&store, Vec::new(), at(2)).await, []);
    let sweep = |now| Sweep {
        now,
        keep_sessions: Duration::ZERO,
        keep_audit: Duration::ZERO,
        few_failures: 8,
        batch: 10,
    };
    assert_eq!(store.sweep(sweep(at(24 * 60 * 60))).await.unwrap().deleted, 0);
    let stopped_by_five = Sweep { few_failures: 5, ..sweep(at(24 * 60 * 60 + 1)) };
    assert_eq!(store.sweep(stopped_by_five).await.unwrap().deleted, 1, "the pardon");
    assert_eq!(store.sweep(sweep(at(24 * 60 * 60 + 1))).await.unwrap().deleted, 1);
    assert_eq!(store.throttle_records(T0, 10).await.unwrap(), [many]);
    assert_eq!(store.sweep(sweep(at(400 * 24 * 60 * 60 + 2))).await.unwrap().deleted, 1);
    assert_eq!(store.throttle_records(T0, 10).await.unwrap(), []);
}

/// TH-3, TH-6: a pardon forgives what was stored before it, and what happened before it and is heard of later; one that
/// leaves something is found by those who follow, though no failure is new.
pub(crate) async fn a_pardon_forgives_what_comes_later_from_before(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    exchange(&store, vec![failed(1, 4, at(1)), failed(2, 80, at(1))], at(1)).await;
    exchange(&store, vec![forgiven(1, at(10))], at(10)).await;
    let late = ThrottleDelta { failed_at: vec![at(8), at(9), at(11)], ..failed(1, 0, T0) };
    let earlier_pardon = ThrottleDelta { pardon: Some(Pardon { at: at(7), leaves: 0 }), ..late };
    let totals = exchange(&store, vec![earlier_pardon], at(12)).await;
    let expected = ThrottleRecord {
        key: throttle_key(1),
        failures: 1,
        last_failure_at: at(11),
        forgiven_at: Some(at(10)),
    };
    assert_eq!(totals, [expected]);
    let owner_is_there =
        ThrottleDelta { pardon: Some(Pardon { at: at(20), leaves: 79 }), ..failed(2, 0, T0) };
    exchange(&store, vec![owner_is_there], at(20)).await;
    let found = store.throttle_records(at(20), 10).await.unwrap();
    let found: Vec<_> = found.iter().map(|total| (total.failures, total.last_failure_at)).collect();
    assert_eq!(found, [(79, at(1))]);
}

/// TH-6: what was counted while the clock was an hour ahead neither keeps what is counted now from being stored nor
/// forgives it.
pub(crate) async fn a_count_from_a_clock_that_was_wrong_gives_way(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let wrong = at(3_605);
    exchange(&store, vec![failed(1, 1, wrong), forgiven(2, wrong)], wrong).await;
    let totals = exchange(&store, vec![failed(1, 4, at(5)), failed(2, 4, wrong)], at(5)).await;
    let counts: Vec<_> = totals.iter().map(|total| (total.failures, total.last_failure_at)).collect();
    assert_eq!(counts, [(5, at(5)), (4, at(5))]);
    let skewed = exchange(&store, vec![failed(1, 1, at(4))], at(4)).await;
    assert_eq!((skewed[0].failures, skewed[0].last_failure_at), (6, at(5)), "a minute is no mistake");
}

pub(crate) async fn master_keys_are_remembered_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    assert!(store.master_key_fingerprints().await.unwrap().is_empty());
    store.remember_master_keys(vec![(1, [1; 32]), (255, [2; 32])]).await.unwrap();
    store.remember_master_keys(vec![(1, [9; 32]), (2, [3; 32])]).await.unwrap();
    let found = store.master_key_fingerprints().await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(1, [1; 32]), (2, [3; 32]), (255, [2; 32])]);
}

/// KM-10: PostgreSQL goes by its own clock, so the instants are compared with what was there before.
pub(crate) async fn the_use_of_a_master_key_is_remembered(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    store.remember_master_keys(vec![(1, [1; 32]), (2, [2; 32])]).await.unwrap();
    let used_at = async |number: u8| store.master_key_use().await.unwrap().used_at[&number];
    assert_eq!((used_at(1).await, used_at(2).await), (None, None), "known is not used");
    store.report_master_keys(Vec::new(), at(0)).await.unwrap();
    store.report_master_keys(vec![2, 1], at(0)).await.unwrap();
    let first = used_at(2).await;
    assert!(first.is_some() && used_at(1).await.is_none());
    store.report_master_keys(vec![2, 1], at(599)).await.unwrap();
    assert_eq!(used_at(2).await, first, "no write for each report");
}

/// KM-10, LG-4: of two that seal keys again one does it, and the log says so once.
pub(crate) async fn keys_are_sealed_again_as_they_were_read(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (now, sealed) = (context(at(1)), |number: u8| [&[1, number], [7; 30].as_slice()].concat());
    let old = StoredKey { sealed: sealed(1), ..key("a", "ES256") };
    assert!(store.add_signing_key(old.clone(), None, &now).await.unwrap());
    let again = |kid: &str| ResealedKey { kid: kid.to_owned(), before: sealed(1), after: sealed(2) };
    let reseal = async || store.reseal_signing_keys(vec![again("a"), again("gone")], &now).await.unwrap();
    assert_eq!((reseal().await, reseal().await), (1, 0));
    assert_eq!(store.signing_keys().await.unwrap(), [StoredKey { sealed: sealed(2), ..old }]);
    assert_eq!(
        audit(&store).await,
        ["key_created a", "master_key_changed 1 signing keys sealed under number 2"]
    );
}

/// LG-4, J10: one line for each change, with who, when, from where and about whom.
pub(crate) async fn every_change_is_in_the_audit_log_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, at(1)).await;
    store.rotate(token, &context(at(20))).await.unwrap();
    let role = AccountChange { role: Some(Role::admin()), ..AccountChange::default() };
    let admin = Context::local(Actor::Account(bob.id), at(21));
    store.change_account(bob.id, role.clone(), &admin).await.unwrap();
    store.change_account(bob.id, role, &admin).await.unwrap();
    let change = PasswordChange {
        account_id: bob.id,
        new: countersign::internal::password::PasswordHash::from_stored("new".to_owned()),
        checked: None,
        keep: None,
        notice: None,
    };
    store.set_password(change, &Context::local(Actor::CommandLine, at(22))).await.unwrap();
    let event = AuditEvent::new(AuditKind::LoginFailed).of_account(bob.id);
    store.record(event, &context(at(23))).await.unwrap();
    let all = AuditQuery { limit: 100, ..AuditQuery::default() };
    let log = store.audit_log(all.clone()).await.unwrap().lines;
    let lines: Vec<_> = log
        .iter()
        .map(|line| (kind(line), line.event.detail.as_deref(), line.actor, line.at, line.event.session_id))
        .collect();
    let session = Some(token.session_id);
    assert_eq!(
        lines,
        [
            (AuditKind::AccountCreated, Some("user"), Actor::Anonymous, T0, None),
            (AuditKind::LoginSucceeded, None, Actor::Anonymous, at(1), session),
            (AuditKind::AccountChanged, Some("role user to admin"), Actor::Account(bob.id), at(21), None),
            (AuditKind::PasswordChanged, None, Actor::CommandLine, at(22), None),
            (AuditKind::SessionEnded, Some("password_changed"), Actor::CommandLine, at(22), session),
            (AuditKind::LoginFailed, None, Actor::Anonymous, at(23), None),
        ]
    );
    assert!(log.iter().all(|line| line.event.account_id == Some(bob.id)));
    assert_eq!((log[0].address, log[2].address), (context(T0).address, None));
    let kinds = async |query| {
        let found = store.audit_log(query).await.unwrap().lines;
        found.iter().map(kind).collect::<Vec<_>>()
    };
    let ended = AuditQuery { kind: Some(AuditKind::SessionEnded), ..all.clone() };
    assert_eq!(kinds(ended).await, [AuditKind::SessionEnded]);
    let page = AuditQuery { after: AuditCursor::after(log[3].sequence), limit: 1, ..all.clone() };
    assert_eq!(kinds(page).await, [AuditKind::SessionEnded]);
    let newest_first = AuditQuery { before: Some(log[5].sequence), limit: 2, ..all.clone() };
    assert_eq!(kinds(newest_first).await, [AuditKind::SessionEnded, AuditKind::PasswordChanged]);
    assert_eq!(kinds(AuditQuery { account_id: Some(bob.id), ..all.clone() }).await.len(), 6);
    // From an instant on, and before one; both ways.
    let between = |since, until| AuditQuery { since: Some(at(since)), until: Some(at(until)), ..all.clone() };
    assert_eq!(kinds(between(1, 22)).await, [AuditKind::LoginSucceeded, AuditKind::AccountChanged]);
    let newest_first = AuditQuery { before: Some(i64::MAX), ..between(1, 22) };
    assert_eq!(kinds(newest_first).await, [AuditKind::AccountChanged, AuditKind::LoginSucceeded]);
    assert_eq!(kinds(between(22, 22)).await, []);
    let nobody = new_account("nobody", bob.role.clone()).id;
    assert_eq!(kinds(AuditQuery { account_id: Some(nobody), ..all }).await, []);
}

/// RF-11: what is refused, and what is answered without a rotation, writes nothing.
pub(crate) async fn refusals_leave_no_trace(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, at(0)).await;
    store.rotate(token, &context(at(20))).await.unwrap();
    let before = (audit(&store).await, store.find_session(token.session_id).await.unwrap());
    let wrong = countersign::internal::model::session::refresh_token::PresentedToken {
        secret_hash: [0; 32],
        ..token
    };
    let late = T0.plus(SessionPolicy::default().absolute_ttl);
    for (token, now) in [(token, at(21)), (generation(token, 1), at(22)), (wrong, at(99)), (token, late)] {
        store.rotate(token, &context(now)).await.unwrap();
    }
    store.create_account(new_account("BOB", bob.role.clone()), &context(at(1))).await.unwrap();
    assert_eq!((audit(&store).await, store.find_session(token.session_id).await.unwrap()), before);
    assert_eq!(revocations(&store, at(22)).await, []);
}

/// RF-14, LG-8: rows go when the policy says so, and not a second sooner.
pub(crate) async fn sweeping_takes_only_what_is_old(opener: &impl Opener) {
    let policy = SessionPolicy::default();
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let ended = log_in(&store, &bob, at(0)).await;
    let alive = log_in(&store, &bob, at(1)).await;
    store.end_sessions(SessionSelector::OfToken(ended), EndReason::Logout, &context(at(2))).await.unwrap();
    let sweep = |now, keep_audit| Sweep { now, keep_sessions: DAY, keep_audit, few_failures: 8, batch: 100 };
    let all_of = async |sweep: Sweep| sweep_all(&store, sweep).await.iter().sum::<usize>();
    let RevocationPage { log, cursor: before, .. } = store.revocations(None, at(2)).await.unwrap();
    let until = log[0].ended.until;
    let unneeded = until.plus(120 * SECOND); // by a verifier whose clock is behind as far as is allowed
    assert_eq!(all_of(sweep(unneeded.minus(SECOND), DAY)).await, 0);
    assert_eq!(all_of(sweep(unneeded, DAY)).await, 1, "the revocation");
    assert_eq!(all_of(sweep(at(2).plus(DAY).minus(SECOND), 9 * DAY)).await, 0);
    assert_eq!(all_of(sweep(at(2).plus(DAY), 9 * DAY)).await, 1, "the session that was ended");
    assert!(store.find_session(ended.session_id).await.unwrap().is_none());
    assert_eq!(store.rotate(ended, &context(at(3).plus(DAY))).await.unwrap(), Rotation::Unknown);
    let lines = audit(&store).await.len();
    assert_eq!(all_of(sweep(at(3).plus(DAY), DAY)).await, lines, "the audit log");
    assert!(store.find_session(alive.session_id).await.unwrap().is_some());
    let forgotten = at(1).plus(policy.idle_ttl).plus(DAY);
    assert_eq!(all_of(sweep(forgotten.minus(SECOND), DAY)).await, 0);
    assert_eq!(all_of(sweep(forgotten, DAY)).await, 1, "the session that nobody used");
    // What comes later is never given a place in the log that was there before.
    let token = log_in(&store, &bob, forgotten).await;
    let which = SessionSelector::OfToken(token);
    let ended = store.end_sessions(which, EndReason::Logout, &context(forgotten)).await.unwrap();
    let page = store.revocations(Some(before), forgotten).await.unwrap();
    assert_eq!(page.log.iter().map(|entry| entry.ended).collect::<Vec<_>>(), ended);
}

/// A session past its end is ended for as long as an access token of it may run, verifiers may be late, and
/// the clock may have been set back; after that it is deleted, also when it was used to the last.
pub(crate) async fn the_last_tokens_of_a_session_can_be_revoked(opener: &impl Opener) {
    let policy = SessionPolicy { absolute_ttl: DAY, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let (token, other) = (log_in(&store, &bob, T0).await, log_in(&store, &bob, T0).await);
    let end = T0.plus(DAY);
    let just_before_and_too_late =
        [end.plus(policy.access_token_ttl).minus(SECOND), end.plus(policy.access_token_ttl)];
    let mut ended = Vec::new();
    for (token, now) in [token, other].into_iter().zip(just_before_and_too_late) {
        ended.extend(
            store
                .end_sessions(SessionSelector::OfToken(token), EndReason::Logout, &context(now))
                .await
                .unwrap(),
        );
    }
    let [ended] = ended[..] else { panic!("{ended:?}") };
    let an_hour_and_two_minutes = Duration::from_secs(62 * 60);
    assert_eq!(ended.id, token.session_id);
    assert!(
        ended.until > just_before_and_too_late[0].plus(policy.access_token_ttl).plus(an_hour_and_two_minutes)
    );
    store.rotate(other, &context(end.minus(SECOND))).await.unwrap();
    let sweep = Sweep {
        now: end.plus(DAY).plus(SECOND),
        keep_sessions: DAY,
        keep_audit: 9 * DAY,
        few_failures: 8,
        batch: 10,
    };
    sweep_all(&store, sweep).await;
    assert!(store.find_session(other.session_id).await.unwrap().is_none());
}

pub(crate) async fn idle_sessions_are_swept_in_batches(opener: &impl Opener) {
    let policy = SessionPolicy { max_sessions: 100, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let mut used = Vec::new();
    for n in 0..25 {
        let token = log_in(&store, &bob, at(n)).await;
        if n % 5 == 0 {
            store.rotate(token, &context(T0.plus(3 * DAY))).await.unwrap();
            used.push(token.session_id);
        }
    }
    let now = T0.plus(policy.idle_ttl).plus(DAY).plus(100 * SECOND);
    let sweep = Sweep { now, keep_sessions: DAY, keep_audit: 99 * DAY, few_failures: 8, batch: 8 };
    assert_eq!(sweep_all(&store, sweep).await, [8, 8, 4]);
    let mut left: Vec<_> = store.list_sessions(Some(bob.id), at(100), 100).await.unwrap();
    left.reverse();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), used);
}

/// However many sessions there are, one call looks at a few of them, and the next goes on from there.
pub(crate) async fn a_sweep_looks_at_few_sessions_at_a_time(opener: &impl Opener) {
    let policy = SessionPolicy { max_sessions: 100, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    for n in 0..25 {
        log_in(&store, &bob, at(n)).await;
    }
    let keep = policy.absolute_ttl;
    let young = Sweep { now: at(100), keep_sessions: keep, keep_audit: keep, few_failures: 8, batch: 1 };
    assert_eq!(sweep_all(&store, young).await, [0, 0, 0]);
}

/// How much each call deletes, until there is no more.
async fn sweep_all(store: &impl Store, sweep: Sweep) -> Vec<usize> {
    let mut deleted = Vec::new();
    loop {
        let swept = store.sweep(sweep).await.unwrap();
        deleted.push(swept.deleted);
        if !swept.more {
            return deleted;
        }
    }
}

/// LG-7: failed logins cannot fill the disk, and do not push out what matters.
pub(crate) async fn failed_logins_are_bounded_in_number(opener: &impl Opener) {
    const EXTRA: usize = 40;
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    user(&*store, "bob").await;
    let mut recording = tokio::task::JoinSet::new();
    for n in 0..100_000 + EXTRA {
        let store = Arc::clone(&store);
        recording.spawn(async move {
            store.record(AuditEvent::new(AuditKind::LoginFailed), &context(at(1))).await.unwrap();
        });
        if n % 500 == 499 {
            while recording.join_next().await.transpose().unwrap().is_some() {}
        }
    }
    recording.join_all().await;
    let keep = Duration::from_secs(u64::MAX / 2);
    let sweep = Sweep { now: at(2), keep_sessions: keep, keep_audit: keep, few_failures: 8, batch: 30 };
    assert_eq!(sweep_all(&*store, sweep).await, [30, 10, 0]);
    let first = AuditQuery { limit: 2, ..AuditQuery::default() };
    let kinds: Vec<_> = store.audit_log(first).await.unwrap().lines.iter().map(kind).collect();
    assert_eq!(kinds, [AuditKind::AccountCreated, AuditKind::LoginFailed]);
}

/// OA-1: a name is taken once, a removed client is gone, and both are in the audit log.
pub(crate) async fn clients_are_kept_by_name(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let client = |name: &str, hash| StoredClient {
        client: Client { name: ClientName::parse(name).unwrap(), created_at: T0 },
        secret_hash: [hash; 32],
    };
    let (gateway, billing) = (client("gateway", 1), client("billing", 2));
    let name = gateway.client.name.clone();
    assert!(store.add_client(gateway.clone(), &context(T0)).await.unwrap());
    assert!(store.add_client(billing.clone(), &context(T0)).await.unwrap());
    assert!(!store.add_client(client("gateway", 3), &context(T0)).await.unwrap());
    assert_eq!(store.find_client(name.clone()).await.unwrap(), Some(gateway.clone()));
    assert_eq!(store.clients().await.unwrap(), [billing.client.clone(), gateway.client]);
    assert!(store.remove_client(name.clone(), &context(T0)).await.unwrap());
    assert!(!store.remove_client(name.clone(), &context(T0)).await.unwrap());
    assert_eq!(
        (store.find_client(name).await.unwrap(), store.clients().await.unwrap()),
        (None, vec![billing.client])
    );
    let mut recorded = audit(&store).await;
    recorded.sort();
    assert_eq!(recorded, ["client_created billing", "client_created gateway", "client_removed gateway"]);
}

pub(crate) async fn the_last_backup_is_remembered(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    assert_eq!(store.last_backup().await.unwrap(), None);
    for seconds in [5, 9] {
        store.record_backup(at(seconds), &context(at(20))).await.unwrap();
        assert_eq!(store.last_backup().await.unwrap(), Some(at(seconds)));
    }
    assert_eq!(audit(&store).await, ["backup_made", "backup_made"]);
}
