//! API keys, in every store.

use std::sync::Arc;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::{AccountId, ApiKeyId, SessionId};
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{Account, AccountChange, ChangeAccountOutcome, Deletion};
use countersign::internal::model::api_key::{
    AddApiKeyOutcome, ApiKey, ApiKeyName, ApiKeyProof, MAX_API_KEYS, NewApiKey, Scopes,
};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::retention::Sweep;
use countersign::internal::model::session::SessionPolicy;
use countersign::store::{AccountStore as _, ApiKeyStore as _, Store, Upkeep as _};

use crate::races::at_once;
use crate::world::*;

const MS: Duration = Duration::from_millis(1);

pub(crate) fn new_key(account: &Account) -> NewApiKey {
    let random = Random::system();
    NewApiKey {
        key: ApiKey {
            id: ApiKeyId::random(&random),
            account_id: account.id,
            name: ApiKeyName::parse("nightly-backup").unwrap(),
            audience: Some("files".to_owned()),
            scopes: Scopes::parse("read write:all").unwrap(),
            created_at: T0,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            session_id: SessionId::random(&random),
        },
        secret_hash: random.bytes(),
        checked: None,
    }
}

async fn add(store: &impl Store, new: &NewApiKey) -> AddApiKeyOutcome {
    store.add_api_key(new.clone(), &context(T0)).await.unwrap()
}

async fn added(store: &impl Store, account: &Account) -> NewApiKey {
    let new = new_key(account);
    assert_eq!(add(store, &new).await, AddApiKeyOutcome::Added);
    new
}

/// Whether the secret of this key works, and a token with this session ID.
async fn works(store: &impl Store, new: &NewApiKey, session: SessionId, now: Timestamp) -> [bool; 2] {
    let by = async |proof| store.admit_api_key(proof, now).await.unwrap().is_some();
    [by(ApiKeyProof::Secret(new.secret_hash)).await, by(ApiKeyProof::Token(new.key.id, session)).await]
}

async fn keys(store: &impl Store, of: &Account) -> Vec<ApiKey> {
    store.list_api_keys(Some(of.id), 100).await.unwrap()
}

/// Session IDs that are refused.
async fn refused(store: &impl Store) -> Vec<SessionId> {
    let log = store.revocations(None, T0).await.unwrap().log;
    let mut ids: Vec<_> = log.iter().map(|entry| entry.ended.id).collect();
    ids.sort();
    ids
}

/// AK-1: with every field, and nobody else's.
pub(crate) async fn what_is_stored_of_a_key_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let (mut one, mut other) = (new_key(&bob), new_key(&bob));
    one.key.expires_at = Some(at(60));
    other.key = ApiKey { created_at: at(1), scopes: Scopes::default(), ..other.key };
    for new in [&one, &other] {
        assert_eq!(add(&store, new).await, AddApiKeyOutcome::Added);
    }
    assert_eq!(keys(&store, &bob).await, [other.key.clone(), one.key.clone()]);
    assert_eq!(store.list_api_keys(None, 1).await.unwrap(), [other.key.clone()]);
    assert!(keys(&store, &eve).await.is_empty());
    let grant = store.admit_api_key(ApiKeyProof::Secret(one.secret_hash), at(1)).await.unwrap().unwrap();
    assert_eq!((grant.account(), grant.key()), (&bob, &one.key));
    let session = one.key.session_id;
    assert_eq!(works(&store, &one, session, at(60).minus(MS)).await, [true, true]);
    assert_eq!(works(&store, &one, session, at(60)).await, [false, false], "expired");
    assert_eq!(works(&store, &one, other.key.session_id, T0).await, [true, false]);
    let unknown = NewApiKey { secret_hash: [0; 32], ..new_key(&bob) };
    assert_eq!(works(&store, &unknown, session, T0).await, [false, false]);
}

/// AK-2, CC-3.
pub(crate) async fn a_key_is_made_for_whom_it_may_be(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let checked = |version| NewApiKey { checked: Some(Proof::Password { version }), ..new_key(&bob) };
    assert_eq!(add(&store, &checked(0)).await, AddApiKeyOutcome::Added);
    assert_eq!(add(&store, &checked(1)).await, AddApiKeyOutcome::Overtaken);
    for _ in 1..MAX_API_KEYS {
        added(&store, &bob).await;
    }
    assert_eq!(add(&store, &new_key(&bob)).await, AddApiKeyOutcome::TooMany);
    let first = keys(&store, &bob).await[0].id;
    assert!(store.revoke_api_key(first, None, &context(T0)).await.unwrap().is_some());
    added(&store, &bob).await;
    let nobody = AccountId::random(&Random::system());
    let of_nobody = NewApiKey { key: ApiKey { account_id: nobody, ..new_key(&bob).key }, ..new_key(&bob) };
    assert_eq!(add(&store, &of_nobody).await, AddApiKeyOutcome::NoAccount);
    set_disabled(&store, &bob, true).await;
    assert_eq!(add(&store, &new_key(&bob)).await, AddApiKeyOutcome::NoAccount);
}

/// AK-4: in the store, and in the log that every guard follows.
pub(crate) async fn a_revoked_key_is_refused_with_its_tokens(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let (one, other) = (added(&store, &bob).await, added(&store, &bob).await);
    let id = one.key.id;
    assert_eq!(store.revoke_api_key(id, Some(eve.id), &context(at(1))).await.unwrap(), None);
    let ended = store.revoke_api_key(id, Some(bob.id), &context(at(1))).await.unwrap().unwrap();
    assert_eq!(ended.id, one.key.session_id);
    assert_eq!(store.revoke_api_key(id, None, &context(at(2))).await.unwrap(), None, "it is revoked");
    assert_eq!(works(&store, &one, one.key.session_id, at(1)).await, [false, false]);
    assert_eq!(works(&store, &other, other.key.session_id, at(1)).await, [true, true]);
    assert_eq!(refused(&store).await, [one.key.session_id]);
    let revoked = keys(&store, &bob).await.into_iter().find(|key| key.id == id).unwrap();
    assert_eq!(revoked, ApiKey { revoked_at: Some(at(1)), ..one.key.clone() });
    let mut recorded = audit(&store).await;
    recorded.retain(|line| line.starts_with("api_key_revoked"));
    assert_eq!(recorded, [format!("api_key_revoked nightly-backup {id}")]);
}

/// AK-4, TH-5: disabled, or with a password that has to be changed. When that is over, the key works again, and its new
/// tokens are not among those that are refused.
pub(crate) async fn a_disabled_account_stops_its_keys(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let new = added(&store, &bob).await;
    let mut before = vec![];
    for _ in 0..2 {
        for change in [
            |on| AccountChange { disabled: Some(on), ..AccountChange::default() },
            |on| AccountChange { password_change_required: Some(on), ..AccountChange::default() },
        ] {
            let session = keys(&store, &bob).await[0].session_id;
            assert_eq!(works(&store, &new, session, at(1)).await, [true, true]);
            let done = store.change_account(bob.id, change(true), &context(at(1))).await.unwrap();
            let ChangeAccountOutcome::Done(_, ended) = done else { panic!("{done:?}") };
            assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [session]);
            assert_eq!(works(&store, &new, session, at(1)).await, [false, false]);
            let done = store.change_account(bob.id, change(false), &context(at(1))).await.unwrap();
            assert!(matches!(done, ChangeAccountOutcome::Done(_, ended) if ended.is_empty()));
            assert_eq!(works(&store, &new, session, at(1)).await, [true, false], "old tokens are refused");
            before.push(session);
            before.sort();
            assert_eq!(refused(&store).await, before);
        }
    }
}

/// AK-4.
pub(crate) async fn deleting_an_account_deletes_its_keys(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let (of_bob, of_eve) = (added(&store, &bob).await, added(&store, &eve).await);
    let done = store.delete_account(bob.id, Deletion::Now, &context(at(1))).await.unwrap();
    let ChangeAccountOutcome::Done(_, ended) = done else { panic!("{done:?}") };
    assert_eq!(ended[0].id, of_bob.key.session_id);
    assert_eq!(refused(&store).await, [of_bob.key.session_id]);
    assert_eq!(works(&store, &of_bob, of_bob.key.session_id, at(1)).await, [false, false]);
    assert_eq!(store.list_api_keys(None, 100).await.unwrap()[..], *std::slice::from_ref(&of_eve.key));
    assert_eq!(works(&store, &of_eve, of_eve.key.session_id, at(1)).await, [true, true]);
    store.record_api_key_use(of_bob.key.id, &context(at(2))).await.unwrap();
}

/// AK-5.
pub(crate) async fn a_use_is_remembered_to_the_hour(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let id = added(&store, &bob).await.key.id;
    for (seconds, remembered) in [(5, 5), (3_604, 5), (3_605, 3_605), (3_600, 3_605)] {
        store.record_api_key_use(id, &context(at(seconds))).await.unwrap();
        assert_eq!(keys(&store, &bob).await[0].last_used_at, Some(at(remembered)));
    }
    let mut recorded = audit(&store).await;
    recorded.retain(|line| line.starts_with("api_key_used"));
    assert_eq!(recorded, [format!("api_key_used nightly-backup {id}")], "once a day");
}

pub(crate) async fn keys_are_swept_a_while_after_their_end(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let (lives, revoked, mut expired) = (added(&store, &bob).await, added(&store, &bob).await, new_key(&bob));
    expired.key.expires_at = Some(at(10));
    assert_eq!(add(&store, &expired).await, AddApiKeyOutcome::Added);
    store.revoke_api_key(revoked.key.id, None, &context(at(20))).await.unwrap();
    let at_end = async |now: Timestamp| {
        let sweep = Sweep { now, keep_sessions: DAY, keep_audit: DAY * 1000, few_failures: 8, batch: 10 };
        while store.sweep(sweep).await.unwrap().more {}
        let mut left: Vec<_> = keys(&store, &bob).await.into_iter().map(|key| key.id).collect();
        left.sort();
        left
    };
    let sorted = |mut ids: Vec<ApiKeyId>| {
        ids.sort();
        ids
    };
    let all = [lives.key.id, revoked.key.id, expired.key.id];
    assert_eq!(at_end(at(10).plus(DAY).minus(MS)).await, sorted(all.to_vec()));
    assert_eq!(at_end(at(10).plus(DAY)).await, sorted(all[..2].to_vec()));
    assert_eq!(at_end(at(20).plus(DAY)).await, all[..1]);
}

/// Of many that would each be the last that there is room for, one is made.
pub(crate) async fn one_of_many_last_keys_is_made(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    for _ in 1..MAX_API_KEYS {
        added(&*store, &bob).await;
    }
    let call = |_| {
        let (store, new) = (Arc::clone(&store), new_key(&bob));
        async move { store.add_api_key(new, &context(T0)).await.unwrap() }
    };
    let made = at_once(8, call).await;
    let made = made.into_iter().filter(|made| *made == AddApiKeyOutcome::Added).count();
    assert_eq!((made, keys(&*store, &bob).await.len()), (1, MAX_API_KEYS));
}

/// And a use that is written down at the same moment does not take it back.
pub(crate) async fn one_of_many_revocations_does_it(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    let bob = user(&*store, "bob").await;
    for _ in 0..10 {
        let id = added(&*store, &bob).await.key.id;
        let call = |n| {
            let store = Arc::clone(&store);
            async move {
                if n % 2 == 0 {
                    let hours = context(at(4_000 * u64::try_from(n).unwrap()));
                    store.record_api_key_use(id, &hours).await.unwrap();
                    return false;
                }
                store.revoke_api_key(id, None, &context(at(1))).await.unwrap().is_some()
            }
        };
        let done = at_once(16, call).await.into_iter().filter(|done| *done).count();
        let key = keys(&*store, &bob).await.into_iter().find(|key| key.id == id).unwrap();
        assert_eq!((done, key.revoked_at), (1, Some(at(1))));
    }
}

async fn set_disabled(store: &impl Store, account: &Account, disabled: bool) {
    let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
    let done = store.change_account(account.id, change, &context(T0)).await.unwrap();
    assert!(matches!(done, ChangeAccountOutcome::Done(..)));
}
