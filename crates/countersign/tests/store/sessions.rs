//! Sessions: beginning, rotating, ending. The table of the rule itself is tested beside `decide`.

use countersign::guard::jwt::{JwkThumbprint, VerifyingKey};
use countersign::internal::base::id::SessionId;
use countersign::internal::base::random::Random;
use countersign::internal::model::account::{AccountChange, PasswordChange, SetPasswordOutcome};
use countersign::internal::model::context::{Actor, Context};
use countersign::internal::model::proof::Proof;
use countersign::internal::model::session::refresh_token::PresentedToken;
use countersign::internal::model::session::{
    BindOutcome, BoundKey, EndReason, EndedSession, NewSession, Revocation, Rotation, Session, SessionPolicy,
    SessionProof, SessionSelector, StartSessionOutcome,
};
use countersign::store::{AccountStore as _, SessionStore as _};

use crate::world::*;

pub(crate) async fn a_session_begins_only_for_the_password_that_was_checked(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let change = PasswordChange {
        account_id: bob.id,
        new: countersign::internal::password::PasswordHash::from_stored("new".to_owned()),
        checked: None,
        keep: None,
        notice: None,
    };
    assert_eq!(store.set_password(change, &context(T0)).await.unwrap(), SetPasswordOutcome::Done(Vec::new()));
    let late = new_session(&bob);
    assert_eq!(store.start_session(late.clone(), &context(T0)).await.unwrap(), StartSessionOutcome::Refused);
    assert_eq!(audit(&store).await.last().unwrap(), "login_failed", "LG-4");
    let current = NewSession { proof: Proof::Password { version: 1 }, ..late };
    assert!(matches!(
        store.start_session(current, &context(T0)).await.unwrap(),
        StartSessionOutcome::Started(..)
    ));
    let mut nobody = bob;
    nobody.id = new_account("x", nobody.role.clone()).id;
    let nobody = new_session(&nobody);
    assert_eq!(store.start_session(nobody, &context(T0)).await.unwrap(), StartSessionOutcome::Refused);
}

/// SE-1.
pub(crate) async fn a_login_replaces_the_session_it_names(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let (old, forged) = (log_in(&store, &bob, T0).await, log_in(&store, &eve, T0).await);
    let new = NewSession { replaces: Some(old), ..new_session(&eve) };
    let (_, ended) = log_in_with(&store, new, at(1)).await;
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [old.session_id]);
    let rotation = store.rotate(old, &context(at(1))).await.unwrap();
    assert_eq!(rotation, Rotation::Revoked(EndReason::Replaced));
    let wrong = PresentedToken { secret_hash: [7; 32], ..forged };
    let new = NewSession { replaces: Some(wrong), ..new_session(&bob) };
    assert_eq!(log_in_with(&store, new, at(1)).await.1, []);
    assert!(matches!(store.rotate(forged, &context(at(1))).await.unwrap(), Rotation::Fresh(_)));
}

/// SE-8.
pub(crate) async fn the_oldest_session_makes_room(opener: &impl Opener) {
    let policy = SessionPolicy { max_sessions: 3, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let other = log_in(&store, &eve, at(0)).await;
    let first = log_in(&store, &bob, at(0)).await;
    // Past its end when the others come: it takes no room.
    let mut tokens = Vec::new();
    let later = T0.plus(policy.idle_ttl);
    for n in 0..3 {
        let (token, ended) = log_in_with(&store, new_session(&bob), later.plus(n * SECOND)).await;
        assert_eq!(ended, [], "login {n}");
        tokens.push(token);
    }
    let (_, ended) = log_in_with(&store, new_session(&bob), later.plus(9 * SECOND)).await;
    assert_eq!(ended.iter().map(|ended| ended.id).collect::<Vec<_>>(), [tokens[0].session_id]);
    let now = context(later.plus(10 * SECOND));
    assert_eq!(store.rotate(tokens[0], &now).await.unwrap(), Rotation::Revoked(EndReason::TooMany));
    assert!(matches!(store.rotate(tokens[1], &now).await.unwrap(), Rotation::Fresh(_)));
    assert_eq!(store.rotate(first, &now).await.unwrap(), Rotation::Expired);
    assert_eq!(store.rotate(other, &now).await.unwrap(), Rotation::Expired);
}

/// RF-1, RF-3, RF-3b, RF-4, RF-8: the outcomes of a session's life, and what is stored after each.
pub(crate) async fn a_token_lives_through_every_outcome(opener: &impl Opener) {
    let policy = SessionPolicy { min_age: 15 * SECOND, grace: 10 * SECOND, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let zero = log_in(&store, &bob, at(0)).await;
    let stored = async || store.find_session(zero.session_id).await.unwrap().unwrap();
    let rotate = async |token, seconds| store.rotate(token, &context(at(seconds))).await.unwrap();

    let Rotation::Fresh(grant) = rotate(zero, 14).await else { panic!() };
    assert_eq!((grant.account(), grant.session()), (&bob, &stored().await));
    assert_eq!((grant.session().generation, grant.session().rotated_at), (0, at(0)));

    let mut moved = context(at(15));
    moved.address = Some("192.0.2.9".parse().unwrap());
    let Rotation::Advanced(grant) = store.rotate(zero, &moved).await.unwrap() else { panic!() };
    assert_eq!((grant.session().generation, grant.session().rotated_at), (1, at(15)));
    assert_eq!((grant.session().address, grant.session()), (moved.address, &stored().await));

    for seconds in [15, 20, 24] {
        let Rotation::Replayed(grant) = rotate(zero, seconds).await else { panic!() };
        assert_eq!(*grant.session(), stored().await);
        assert_eq!(
            (grant.session().generation, grant.session().rotated_at),
            (1, at(15)),
            "the window stands still"
        );
    }
    let one = generation(zero, 1);
    assert!(matches!(rotate(one, 16).await, Rotation::Fresh(_)));
    assert!(matches!(rotate(one, 30).await, Rotation::Advanced(_)));
    let end = T0.plus(30 * SECOND).plus(policy.idle_ttl);
    let two = generation(zero, 2);
    assert_eq!(store.rotate(two, &context(end)).await.unwrap(), Rotation::Expired);
    let almost = context(end.minus(SECOND));
    assert!(matches!(store.rotate(two, &almost).await.unwrap(), Rotation::Advanced(_)));
}

/// RF-2.
pub(crate) async fn a_reused_token_ends_its_session_only(opener: &impl Opener) {
    let policy = SessionPolicy { min_age: 15 * SECOND, grace: 10 * SECOND, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let (stolen, phone) = (log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(0)).await);
    assert!(matches!(store.rotate(stolen, &context(at(20))).await.unwrap(), Rotation::Advanced(_)));
    let Rotation::Reused(ended) = store.rotate(stolen, &context(at(30))).await.unwrap() else { panic!() };
    assert_eq!(ended.id, stolen.session_id);
    assert!(ended.until >= at(30).plus(policy.access_token_ttl));
    for token in [stolen, generation(stolen, 1), generation(stolen, 2)] {
        let rotation = store.rotate(token, &context(at(31))).await.unwrap();
        assert_eq!(rotation, Rotation::Revoked(EndReason::Reuse));
    }
    assert!(matches!(store.rotate(phone, &context(at(31))).await.unwrap(), Rotation::Advanced(_)));
    assert_eq!(revocations(&store, at(31)).await, [ended]);
    assert_eq!(audit(&store).await.iter().filter(|line| *line == "refresh_reuse_detected reuse").count(), 1);
}

/// RF-6: the store lost writes that it had acknowledged.
pub(crate) async fn a_token_from_the_future_heals(opener: &impl Opener) {
    let store = opener
        .open(SessionPolicy { min_age: 15 * SECOND, grace: 10 * SECOND, ..SessionPolicy::default() })
        .await;
    let token = log_in(&store, &user(&store, "bob").await, at(0)).await;
    let ahead = generation(token, 5);
    let Rotation::Healed(grant) = store.rotate(ahead, &context(at(1))).await.unwrap() else { panic!() };
    assert_eq!((grant.session().generation, grant.session().rotated_at), (5, at(1)));
    // From here on, everything is as after the rotation to it: a slow request with the parent is in time.
    assert!(matches!(store.rotate(ahead, &context(at(2))).await.unwrap(), Rotation::Fresh(_)));
    let parent = generation(token, 4);
    assert!(matches!(store.rotate(parent, &context(at(2))).await.unwrap(), Rotation::Replayed(_)));
    assert!(matches!(store.rotate(ahead, &context(at(16))).await.unwrap(), Rotation::Advanced(_)));
    assert!(matches!(store.rotate(token, &context(at(2))).await.unwrap(), Rotation::Reused(_)));
    assert!(audit(&store).await.contains(&"session_healed".to_owned()));
}

/// RF-15: a session that is bound to a key goes on with a proof of that key alone, and what is refused changes nothing.
pub(crate) async fn a_bound_session_goes_on_with_its_key_alone(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let jwk = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = BoundKey::new(&VerifyingKey::from_jwk(jwk).unwrap()).unwrap();
    let new = NewSession { bound_key: Some(key.clone()), ..new_session(&bob) };
    let (token, _) = log_in_with(&store, new, at(0)).await;
    let stored = async || store.find_session(token.session_id).await.unwrap().unwrap();
    assert_eq!(stored().await.bound_key.as_ref(), Some(&key));
    let other = Some(JwkThumbprint::from_bytes([7; 32]));
    let (mine, before) = (Some(key.thumbprint()), stored().await);
    let refused = Rotation::ProofRequired { session_id: token.session_id, account_id: bob.id };
    for proven in [None, other] {
        for (generation_shown, seconds) in [(0, 1), (0, 40), (0, 4_000), (5, 40)] {
            let token = generation(token, generation_shown).with_proof_of(proven);
            let rotation = store.rotate(token, &context(at(seconds))).await.unwrap();
            assert_eq!(rotation, refused, "generation {generation_shown} after {seconds} s");
        }
        let vouched = SessionProof::Refresh(token.with_proof_of(proven));
        assert_eq!(store.vouch(vouched, at(40)).await.unwrap(), None);
    }
    assert_eq!(stored().await, before);
    let rotate = async |shown, seconds| {
        let token = generation(token, shown).with_proof_of(mine);
        store.rotate(token, &context(at(seconds))).await.unwrap()
    };
    assert!(store.vouch(SessionProof::Refresh(token.with_proof_of(mine)), at(40)).await.unwrap().is_some());
    assert!(matches!(rotate(0, 40).await, Rotation::Advanced(_)));
    for seconds in [50, 40_000, 80_000] {
        let Rotation::Replayed(grant) = rotate(0, seconds).await else { panic!("{seconds}") };
        assert_eq!(*grant.session(), stored().await);
        let moved = if seconds == 50 { 40 } else { seconds };
        assert_eq!((grant.session().generation, grant.session().rotated_at), (1, at(moved)));
    }
    assert!(matches!(rotate(1, 80_019).await, Rotation::Fresh(_)));
    assert!(matches!(rotate(1, 80_020).await, Rotation::Advanced(_)));
    assert!(matches!(rotate(9, 80_021).await, Rotation::Healed(_)));
    assert!(matches!(rotate(0, 80_022).await, Rotation::Reused(_)));
}

/// RF-16: the key is set once, in the transaction that finds the session alive, and from then on the rotation takes it alone.
pub(crate) async fn a_session_is_bound_when_its_key_is_proved(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let jwk = |x: &str| format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let key = |x: &str| BoundKey::new(&VerifyingKey::from_jwk(&jwk(x)).unwrap()).unwrap();
    let mine = key("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let others = key("O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik");
    let token = log_in(&store, &bob, at(0)).await;
    let bind = async |token, key: &BoundKey, seconds| {
        store.bind_session(token, key.clone(), &context(at(seconds))).await.unwrap()
    };
    let stored = async || store.find_session(token.session_id).await.unwrap().unwrap();
    let before = stored().await;
    let wrong = PresentedToken { secret_hash: [9; 32], ..token };
    assert_eq!(bind(wrong, &mine, 1).await, BindOutcome::Refused);
    assert_eq!(stored().await, before);
    assert_eq!(bind(token, &mine, 2).await, BindOutcome::Bound);
    let bound = Session { bound_key: Some(mine.clone()), ..before };
    assert_eq!(stored().await, bound, "and nothing else changes");
    assert_eq!(bind(token, &mine, 3).await, BindOutcome::Proved);
    assert_eq!(bind(token, &others, 4).await, BindOutcome::Refused);
    assert_eq!(stored().await, bound);
    let refused = store.rotate(token, &context(at(40))).await.unwrap();
    assert!(matches!(refused, Rotation::ProofRequired { .. }));
    let proved = token.with_proof_of(Some(mine.thumbprint()));
    assert!(matches!(store.rotate(proved, &context(at(40))).await.unwrap(), Rotation::Advanced(_)));
    let events = audit(&store).await;
    assert_eq!(events.iter().filter(|line| line.starts_with("device_bound ")).count(), 1);
    store
        .end_sessions(SessionSelector::One(token.session_id), EndReason::Logout, &context(at(50)))
        .await
        .unwrap();
    assert_eq!(bind(token, &mine, 51).await, BindOutcome::Refused);
}

/// RF-11, RF-13: knowing a session's id is worth nothing.
pub(crate) async fn a_wrong_secret_is_unknown(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let token = log_in(&store, &user(&store, "bob").await, at(0)).await;
    assert!(matches!(store.rotate(token, &context(at(20))).await.unwrap(), Rotation::Advanced(_)));
    for bit in 0..256 {
        let mut wrong = token;
        wrong.secret_hash[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(store.rotate(wrong, &context(at(99))).await.unwrap(), Rotation::Unknown, "bit {bit}");
        for which in [SessionSelector::OfToken(wrong), SessionSelector::EverywhereOfToken(wrong)] {
            let ended = store.end_sessions(which, EndReason::Logout, &context(at(99))).await.unwrap();
            assert_eq!(ended, []);
        }
    }
    assert!(matches!(
        store.rotate(generation(token, 1), &context(at(99))).await.unwrap(),
        Rotation::Advanced(_)
    ));
}

/// RF-7: a changed role shows at the next refresh.
pub(crate) async fn a_disabled_account_refreshes_nothing(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, at(0)).await;
    let role = countersign::internal::model::account::Role::parse("editor").unwrap();
    let change = AccountChange { role: Some(role.clone()), ..AccountChange::default() };
    store.change_account(bob.id, change, &context(at(1))).await.unwrap();
    for (seconds, token) in [(2, token), (20, token), (21, token)] {
        let (Rotation::Fresh(grant) | Rotation::Advanced(grant) | Rotation::Replayed(grant)) =
            store.rotate(token, &context(at(seconds))).await.unwrap()
        else {
            panic!("refused at {seconds}")
        };
        assert_eq!(grant.account().role, role);
    }
    let off = AccountChange { disabled: Some(true), ..AccountChange::default() };
    store.change_account(bob.id, off, &context(at(40))).await.unwrap();
    let rotation = store.rotate(generation(token, 1), &context(at(40))).await.unwrap();
    assert_eq!(rotation, Rotation::Revoked(EndReason::AccountDisabled));
}

/// SE-6: each selector ends exactly what it names.
pub(crate) async fn ending_sessions_by_each_selector(opener: &impl Opener) {
    let policy = SessionPolicy::default();
    let now = context(at(5));
    for (selector, expected) in [
        ("one", vec![0]),
        ("one of", vec![0]),
        ("one of another", vec![]),
        ("of token", vec![0]),
        ("everywhere", vec![0, 1, 2]),
        ("all", vec![0, 1, 2]),
        ("others", vec![1, 2]),
    ] {
        let store = opener.open(policy).await;
        let name = |who: &str| format!("{who} {}", selector.replace(' ', "-"));
        let (bob, eve) = (user(&store, &name("bob")).await, user(&store, &name("eve")).await);
        let mut tokens = Vec::new();
        for n in 0..3 {
            tokens.push(log_in(&store, &bob, at(n)).await);
        }
        let other = log_in(&store, &eve, at(0)).await;
        let first = tokens[0].session_id;
        let which = match selector {
            "one" => SessionSelector::One(first),
            "one of" => SessionSelector::OneOf(bob.id, first),
            "one of another" => SessionSelector::OneOf(eve.id, first),
            "of token" => SessionSelector::OfToken(tokens[0]),
            "everywhere" => SessionSelector::EverywhereOfToken(tokens[0]),
            "all" => SessionSelector::AllOf(bob.id),
            _ => SessionSelector::OthersOf(bob.id, first),
        };
        let ended = store.end_sessions(which, EndReason::Logout, &now).await.unwrap();
        let ids: Vec<_> = ended.iter().map(|ended| ended.id).collect();
        assert_eq!(
            ids,
            expected.iter().map(|n: &usize| tokens[*n].session_id).collect::<Vec<_>>(),
            "{selector}"
        );
        assert_eq!(store.end_sessions(which, EndReason::Ended, &now).await.unwrap(), [], "{selector} again");
        for (n, token) in tokens.iter().enumerate() {
            let rotation = store.rotate(*token, &now).await.unwrap();
            let over = rotation == Rotation::Revoked(EndReason::Logout);
            assert_eq!(over, expected.contains(&n), "{selector}: session {n}");
        }
        assert!(matches!(store.rotate(other, &now).await.unwrap(), Rotation::Fresh(_)), "{selector}");
    }
}

/// A token that leaked long ago must not be able to log out the owner's other devices.
pub(crate) async fn an_old_copy_logs_out_its_own_session_only(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let (token, phone) = (log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(0)).await);
    for seconds in [20, 40] {
        let newest = generation(token, seconds / 20 - 1);
        let rotation = store.rotate(newest, &context(at(seconds.into()))).await.unwrap();
        assert!(matches!(rotation, Rotation::Advanced(_)));
    }
    let everywhere = async |token| {
        let which = SessionSelector::EverywhereOfToken(token);
        store.end_sessions(which, EndReason::Logout, &context(at(60))).await.unwrap().len()
    };
    assert_eq!(everywhere(generation(token, 0)).await, 1);
    assert_eq!(everywhere(generation(token, 2)).await, 0, "a dead session speaks for nobody");
    assert!(matches!(store.rotate(phone, &context(at(60))).await.unwrap(), Rotation::Advanced(_)));
    let second = log_in(&store, &bob, at(60)).await;
    assert_eq!(everywhere(generation(phone, 0)).await, 2, "the parent speaks for the account");
    assert!(matches!(store.rotate(second, &context(at(61))).await.unwrap(), Rotation::Revoked(_)));
}

/// SE-4: a guard that follows the log by its cursor misses nothing.
pub(crate) async fn the_revocation_log_is_followed_by_its_cursor(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let none = store.revocations(None, at(0)).await.unwrap();
    assert_eq!((none.log, none.has_more, none.is_anew), (vec![], false, false));
    let mut cursor = none.cursor;
    let mut expected: Vec<EndedSession> = Vec::new();
    for n in 0..5 {
        let which = SessionSelector::OfToken(log_in(&store, &bob, at(n)).await);
        let ended = store.end_sessions(which, EndReason::Logout, &context(at(n))).await.unwrap();
        let mut page = store.revocations(Some(cursor), at(n)).await.unwrap();
        page.log.retain(|entry| !expected.contains(&entry.ended)); // one may come twice
        let [Revocation { ended: told, account_id, ended_at, .. }] = page.log[..] else { panic!("{page:?}") };
        assert_eq!(([told], account_id, ended_at), ([ended[0]], Some(bob.id), Some(at(n))));
        assert!(!page.is_anew && !page.has_more);
        cursor = page.cursor;
        expected.extend(ended);
    }
    let again = store.revocations(Some(cursor), at(9)).await.unwrap();
    assert!(again.log.iter().all(|entry| expected.contains(&entry.ended)));
    assert_eq!(revocations(&store, at(9)).await, expected);
    // An entry matters until its time, and not at it.
    let until = expected[4].until;
    assert_eq!(revocations(&store, until.minus(SECOND)).await, expected[4..]);
    assert_eq!(revocations(&store, until).await, []);
}

/// SE-7.
pub(crate) async fn sessions_are_listed_while_they_live(opener: &impl Opener) {
    let policy = SessionPolicy::default();
    let store = opener.open(policy).await;
    let (bob, eve) = (user(&store, "bob").await, user(&store, "eve").await);
    let tokens = [log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(1)).await];
    let other = log_in(&store, &eve, at(2)).await;
    let list = async |of, now, limit| {
        let found = store.list_sessions(of, now, limit).await.unwrap();
        found.iter().map(|session| session.id).collect::<Vec<_>>()
    };
    let [first, second] = tokens.map(|token| token.session_id);
    assert_eq!(list(Some(bob.id), at(3), 9).await, [second, first]);
    assert_eq!(list(Some(bob.id), at(3), 1).await, [second]);
    assert_eq!(list(None, at(3), 9).await, [other.session_id, second, first]);
    assert_eq!(list(Some(bob.id), at(0).plus(policy.idle_ttl), 9).await, [second], "at its idle end");
    store.end_sessions(SessionSelector::One(second), EndReason::Ended, &context(at(3))).await.unwrap();
    assert_eq!(list(None, at(3), 9).await, [other.session_id, first]);
}

/// FA-3, TH-5: a session stands for its account while both live, and asking changes nothing.
pub(crate) async fn a_live_session_is_vouched_for(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let token = log_in(&store, &bob, T0).await;
    let vouch = async |proof, now| store.vouch(proof, now).await.unwrap();
    let named = SessionProof::Named(token.session_id);
    let late = T0.plus(30 * SECOND);
    for proof in [named, SessionProof::Refresh(token)] {
        let grant = vouch(proof, late).await.unwrap();
        let stored = store.find_session(token.session_id).await.unwrap().unwrap();
        assert_eq!((grant.account(), grant.session()), (&bob, &stored));
    }
    assert_eq!(
        vouch(SessionProof::Refresh(PresentedToken { secret_hash: [9; 32], ..token }), late).await,
        None
    );
    assert!(
        matches!(store.rotate(token, &context(late)).await.unwrap(), Rotation::Advanced(_)),
        "still the newest"
    );
    assert_eq!(vouch(SessionProof::Refresh(token), late.plus(15 * SECOND)).await, None);
    assert!(vouch(named, late).await.is_some(), "an older token that is asked about ends nothing");
    let this = SessionSelector::OneOf(bob.id, token.session_id);
    store.end_sessions(this, EndReason::Logout, &context(late)).await.unwrap();
    assert_eq!(vouch(named, late).await, None);
}

/// SE-4: what a store has forgotten is ended again, as far as it was alive; what it has not forgotten is left alone.
pub(crate) async fn forgotten_ends_are_restored_once(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let bob = user(&store, "bob").await;
    let (alive, over) = (log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(0)).await);
    let known =
        store.end_sessions(SessionSelector::OfToken(over), EndReason::Logout, &context(at(1))).await.unwrap();
    let until = known[0].until.plus(SECOND);
    let unknown = SessionId::random(&Random::system());
    let remembered = [alive.session_id, over.session_id, unknown].map(|id| EndedSession { id, until });
    let restore = async || {
        let system = Context::local(Actor::System, at(9));
        store.restore_revocations(remembered.to_vec(), &system).await.unwrap()
    };
    assert_eq!(restore().await, [remembered[0], remembered[2]]);
    assert_eq!(restore().await, []);
    assert!(matches!(
        store.rotate(alive, &context(at(30))).await.unwrap(),
        Rotation::Revoked(EndReason::Ended)
    ));
    assert!(matches!(
        store.rotate(over, &context(at(30))).await.unwrap(),
        Rotation::Revoked(EndReason::Logout)
    ));
    let mut log = store.revocations(None, at(9)).await.unwrap().log;
    log.sort_by_key(|entry| (entry.ended.until, entry.account_id));
    let told: Vec<_> = log.iter().map(|entry| (entry.ended, entry.account_id, entry.ended_at)).collect();
    let restored_at = Some(at(9));
    assert_eq!(
        told,
        [
            (known[0], Some(bob.id), Some(at(1))),
            (remembered[2], None, restored_at),
            (remembered[0], Some(bob.id), restored_at)
        ]
    );
    let lines = audit(&store).await;
    assert_eq!(lines.iter().filter(|line| *line == "revocation_restored").count(), 2, "{lines:?}");
}

/// SE-4: a log of many pages is read from one to the next.
pub(crate) async fn a_long_revocation_log_is_read_in_pages(opener: &impl Opener) {
    const COUNT: usize = 20_001;
    let store = opener.open(SessionPolicy::default()).await;
    let (random, until) = (Random::system(), at(60));
    let all: Vec<_> = (0..COUNT).map(|_| EndedSession { id: SessionId::random(&random), until }).collect();
    // A page may end inside a transaction.
    for some in all.chunks(3_000) {
        store.restore_revocations(some.to_vec(), &context(at(1))).await.unwrap();
    }
    let (mut cursor, mut read, mut pages) = (None, Vec::new(), Vec::new());
    loop {
        let page = store.revocations(cursor, at(2)).await.unwrap();
        pages.push(page.log.len());
        read.extend(page.log.into_iter().map(|entry| entry.ended.id));
        cursor = Some(page.cursor);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(pages, [10_000, 10_000, 1]);
    read.sort();
    let mut expected: Vec<_> = all.iter().map(|ended| ended.id).collect();
    expected.sort();
    assert_eq!(read, expected);
    assert_eq!(store.revocations(cursor, at(2)).await.unwrap().log, []);
}

/// DB-4: one value ends every session that began before, for every verb, and those that begin later live.
pub(crate) async fn all_sessions_of_before_are_over(opener: &impl Opener) {
    let policy = SessionPolicy { max_sessions: 2, ..SessionPolicy::default() };
    let store = opener.open(policy).await;
    let bob = user(&store, "bob").await;
    let (old, last) = (log_in(&store, &bob, at(0)).await, log_in(&store, &bob, at(9)).await);
    let page = async || store.revocations(None, at(20)).await.unwrap();
    assert_eq!(page().await.not_before, None);
    let end = async |seconds| store.end_sessions_before(at(seconds), &context(at(9))).await.unwrap();
    assert_eq!((end(10).await, end(3).await), (at(10), at(10)), "it never goes back");
    assert_eq!(page().await.not_before, Some(at(10)));
    assert_eq!(audit(&store).await.last().unwrap(), "store_restored");
    for token in [old, last] {
        let over = Rotation::Revoked(EndReason::Restored);
        for seconds in [9, 10, 60] {
            for token in [token, generation(token, 7)] {
                assert_eq!(store.rotate(token, &context(at(seconds))).await.unwrap(), over);
            }
            for proof in [SessionProof::Named(token.session_id), SessionProof::Refresh(token)] {
                assert_eq!(store.vouch(proof, at(seconds)).await.unwrap(), None);
            }
        }
        let found = store.find_session(token.session_id).await.unwrap().unwrap();
        assert_eq!(found.revoked, Some((at(10), EndReason::Restored)));
    }
    let all = async |of| store.list_sessions(of, at(10), 9).await.unwrap().len();
    assert_eq!((all(None).await, all(Some(bob.id)).await), (0, 0));
    let all_of = SessionSelector::AllOf(bob.id);
    assert_eq!(store.end_sessions(all_of, EndReason::Logout, &context(at(10))).await.unwrap(), []);
    // They take no room, and neither replaces them.
    let new = NewSession { replaces: Some(old), ..new_session(&bob) };
    let (first, ended) = log_in_with(&store, new, at(10)).await;
    assert_eq!(ended, []);
    let (_, ended) = log_in_with(&store, new_session(&bob), at(11)).await;
    assert_eq!(ended, []);
    assert_eq!((all(None).await, all(Some(bob.id)).await), (2, 2));
    let advanced = store.rotate(first, &context(at(40))).await.unwrap();
    assert!(matches!(advanced, Rotation::Advanced(_)), "{advanced:?}");
}
