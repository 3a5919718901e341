//! What is to be delivered to somebody outside (EM-8).

use std::sync::Arc;
use std::time::Duration;

use countersign::internal::base::clock::Timestamp;
use countersign::internal::base::id::DeliveryId;
use countersign::internal::base::random::Random;
use countersign::internal::model::outbox::{
    Claim, Delivery, DeliveryFailure, DeliveryKind, DeliveryQuery, DeliveryState, NewDelivery, OutboxDepth,
    settle,
};
use countersign::internal::model::retention::Sweep;
use countersign::internal::model::sealed_key::SealedKey;
use countersign::internal::model::session::SessionPolicy;
use countersign::store::{KeyStore as _, OutboxStore as _, Store, Upkeep as _};

use crate::races::at_once;
use crate::world::*;

const LEASE: Duration = Duration::from_mins(2);

pub(crate) fn new_delivery(lane: &str, now: Timestamp) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::random(&Random::system()),
        kind: DeliveryKind::Mail,
        lane: lane.to_owned(),
        sealed: format!("to {lane}").into_bytes(),
        created_at: now,
        not_before: now,
        expires_at: now.plus(DAY),
    }
}

async fn add(store: &impl Store, lane: &str, now: Timestamp) -> DeliveryId {
    let new = new_delivery(lane, now);
    let id = new.id;
    store.add_delivery(new, &context(now)).await.unwrap();
    id
}

async fn claim(store: &impl Store, now: Timestamp, limit: u32) -> Vec<Delivery> {
    let kinds = vec![DeliveryKind::Mail];
    store.claim_deliveries(Claim { kinds, limit, now }).await.unwrap()
}

fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.new.id).collect()
}

async fn list(store: &impl Store) -> Vec<Delivery> {
    store.list_deliveries(DeliveryQuery { limit: 1000, ..DeliveryQuery::default() }).await.unwrap()
}

async fn sent(store: &impl Store, delivery: &Delivery, now: Timestamp) -> bool {
    store.settle_delivery(settle(delivery, Ok(()), now)).await.unwrap()
}

pub(crate) async fn what_is_stored_of_a_delivery_comes_back(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let new = new_delivery("bob", at(0));
    store.add_delivery(new.clone(), &context(at(0))).await.unwrap();
    let first = list(&store).await.remove(0);
    assert_eq!(first.new, new);
    assert_eq!((first.attempts, first.lease, first.state), (0, None, DeliveryState::Waiting));
    assert_eq!((&first.last_error, first.ended_at), (&None, None));

    let taken = claim(&store, at(1), 9).await.remove(0);
    assert_eq!(taken, Delivery { lease: Some(at(1).plus(LEASE)), ..first });
    let failure = DeliveryFailure::Transient("451 later".to_owned());
    assert!(store.settle_delivery(settle(&taken, Err(&failure), at(2))).await.unwrap());
    let waiting = list(&store).await.remove(0);
    assert_eq!((waiting.attempts, waiting.lease, waiting.new.not_before), (1, None, at(7)));
    assert_eq!(waiting.last_error.as_deref(), Some("451 later"));

    let taken = claim(&store, at(7), 9).await.remove(0);
    assert!(sent(&store, &taken, at(8)).await);
    let sent = list(&store).await.remove(0);
    assert_eq!((sent.state, sent.attempts, sent.ended_at), (DeliveryState::Sent, 2, Some(at(8))));
    assert_eq!(sent.last_error, None);
    assert!(claim(&store, at(1000), 9).await.is_empty());
}

/// Also where the first one waits for its next attempt, and others are due.
pub(crate) async fn a_lane_is_delivered_in_its_order_and_delays_no_other(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let [first, second] = [add(&store, "bob", at(0)).await, add(&store, "bob", at(1)).await];
    let other = add(&store, "eve", at(2)).await;
    let taken = claim(&store, at(2), 9).await;
    assert_eq!(ids(&taken), [first, other]);
    assert!(claim(&store, at(3), 9).await.is_empty(), "a lane that is being delivered is taken");
    let failure = DeliveryFailure::Transient("later".to_owned());
    store.settle_delivery(settle(&taken[0], Err(&failure), at(3))).await.unwrap();
    assert!(sent(&store, &taken[1], at(3)).await);
    let next = add(&store, "eve", at(4)).await;
    assert_eq!(ids(&claim(&store, at(5), 9).await), [next]);
    let again = claim(&store, at(8), 9).await;
    assert_eq!(ids(&again), [first]);
    store
        .settle_delivery(settle(&again[0], Err(&DeliveryFailure::Permanent("no".to_owned())), at(9)))
        .await
        .unwrap();
    assert_eq!(ids(&claim(&store, at(9), 9).await), [second], "what was given up is out of the way");
}

/// What is due for longest comes first, no more than was asked for, of no other kind, and nothing before its time.
pub(crate) async fn no_more_is_claimed_than_was_asked_for(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let late = NewDelivery { not_before: at(50), ..new_delivery("late", at(0)) };
    store.add_delivery(late.clone(), &context(at(0))).await.unwrap();
    let [b, a] = [add(&store, "b", at(2)).await, add(&store, "a", at(1)).await];
    assert!(
        store.claim_deliveries(Claim { kinds: Vec::new(), limit: 9, now: at(9) }).await.unwrap().is_empty()
    );
    assert_eq!(ids(&claim(&store, at(9), 1).await), [a]);
    assert_eq!(ids(&claim(&store, at(9), 9).await), [b]);
    assert!(claim(&store, at(50).minus(SECOND), 9).await.is_empty());
    assert_eq!(ids(&claim(&store, at(50), 9).await), [late.id]);
}

/// Of a process that died: whoever takes over decides, and the first one's answer comes too late.
pub(crate) async fn a_lease_that_is_over_counts_no_more(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let id = add(&store, "bob", at(0)).await;
    let first = claim(&store, at(0), 9).await.remove(0);
    let over = at(0).plus(LEASE);
    assert!(claim(&store, over.minus(SECOND), 9).await.is_empty());
    let second = claim(&store, over, 9).await.remove(0);
    assert_eq!(second.new.id, id);
    let failure = DeliveryFailure::Permanent("no".to_owned());
    assert!(!store.settle_delivery(settle(&first, Err(&failure), over)).await.unwrap());
    assert_eq!(list(&store).await[0].state, DeliveryState::Waiting);
    assert!(sent(&store, &second, over).await);
    assert!(!sent(&store, &second, over).await, "once");
}

/// Many senders at once: each delivery is taken on by one of them, and of a lane by one at a time.
pub(crate) async fn of_many_senders_one_takes_each_delivery(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    for n in 0..40 {
        add(&*store, &format!("lane {}", n % 20), at(0)).await;
    }
    for round in 0..2 {
        let claimed = at_once(8, |_| {
            let store = Arc::clone(&store);
            async move {
                let mut all = Vec::new();
                while let Some(taken) = claim(&*store, at(10 + round), 1).await.pop() {
                    all.push(taken);
                }
                all
            }
        })
        .await
        .concat();
        // Of those that cross, one may pass over what the other does not take in the end.
        let left = claim(&*store, at(10 + round), 100).await;
        let claimed = [claimed, left].concat();
        let mut lanes: Vec<_> = claimed.iter().map(|delivery| delivery.new.lane.clone()).collect();
        lanes.sort_unstable();
        lanes.dedup();
        assert_eq!((claimed.len(), lanes.len()), (20, 20), "round {round}");
        for delivery in &claimed {
            assert!(sent(&*store, delivery, at(11)).await);
        }
    }
    assert!(list(&*store).await.iter().all(|delivery| delivery.state == DeliveryState::Sent));
}

pub(crate) async fn a_delivery_is_retried_and_dropped_by_an_operator(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let [one, two] = [add(&store, "bob", at(0)).await, add(&store, "eve", at(0)).await];
    let mut taken = claim(&store, at(0), 9).await;
    let until = at(100).plus(DAY);
    assert!(!store.retry_delivery(one, until, &context(at(1))).await.unwrap(), "it is being sent");
    assert!(!store.drop_delivery(one, &context(at(1))).await.unwrap(), "it is being sent");
    let failure = DeliveryFailure::Permanent("550 no".to_owned());
    store.settle_delivery(settle(&taken[0], Err(&failure), at(2))).await.unwrap();
    assert!(sent(&store, &taken.remove(1), at(2)).await);
    assert!(!store.retry_delivery(two, until, &context(at(3))).await.unwrap(), "it was sent");
    assert!(store.retry_delivery(one, until, &context(at(100))).await.unwrap());
    let again = claim(&store, at(100), 9).await.remove(0);
    assert_eq!((again.new.id, again.attempts, again.new.expires_at), (one, 0, until));
    assert!(sent(&store, &again, at(101)).await);
    for (id, is_there) in [(one, true), (one, false), (two, true)] {
        assert_eq!(store.drop_delivery(id, &context(at(200))).await.unwrap(), is_there);
    }
    assert!(list(&store).await.is_empty());
    let dropped = |id| format!("delivery_dropped mail {id}");
    assert_eq!(audit(&store).await, [format!("delivery_retried mail {one}"), dropped(one), dropped(two)]);
}

pub(crate) async fn deliveries_are_counted_and_listed(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    assert!(store.outbox_depths().await.unwrap().is_empty());
    for (n, lane) in ["a", "b", "c", "d"].iter().enumerate() {
        add(&store, lane, at(n as u64)).await;
    }
    let taken = claim(&store, at(5), 2).await;
    let failure = DeliveryFailure::Permanent("no".to_owned());
    store.settle_delivery(settle(&taken[0], Err(&failure), at(5))).await.unwrap();
    assert!(sent(&store, &taken[1], at(5)).await);
    let kind = DeliveryKind::Mail;
    let depth = OutboxDepth { kind, waiting: 2, dead: 1, oldest: Some(at(2)) };
    assert_eq!(store.outbox_depths().await.unwrap(), [depth]);
    let by = async |state, id, limit| {
        let found = store.list_deliveries(DeliveryQuery { state, id, limit }).await.unwrap();
        found.into_iter().map(|delivery| delivery.new.lane).collect::<Vec<_>>()
    };
    assert_eq!(by(None, None, 9).await, ["a", "b", "c", "d"]);
    assert_eq!(by(None, None, 2).await, ["a", "b"]);
    assert_eq!(by(Some(DeliveryState::Dead), None, 9).await, ["a"]);
    assert_eq!(by(None, Some(taken[1].new.id), 9).await, ["b"]);
}

/// A sent one goes after a day, one that was given up after 30, and so does one that nobody tried.
pub(crate) async fn deliveries_are_swept_a_while_after_their_end(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    for lane in ["sent", "dead", "never"] {
        add(&store, lane, at(0)).await;
    }
    let taken = claim(&store, at(0), 2).await;
    assert!(sent(&store, &taken[0], at(0)).await);
    let failure = DeliveryFailure::Permanent("no".to_owned());
    store.settle_delivery(settle(&taken[1], Err(&failure), at(0))).await.unwrap();
    let left = async |now| {
        let keep = DAY * 1000;
        let sweep = Sweep { now, keep_sessions: keep, keep_audit: keep, few_failures: 8, batch: 100 };
        while store.sweep(sweep).await.unwrap().more {}
        list(&store).await.into_iter().map(|delivery| delivery.new.lane).collect::<Vec<_>>()
    };
    assert_eq!(left(at(0).plus(DAY).minus(SECOND)).await, ["sent", "dead", "never"]);
    assert_eq!(left(at(0).plus(DAY)).await, ["dead", "never"]);
    assert_eq!(left(at(0).plus(DAY * 30).minus(SECOND)).await, ["dead", "never"]);
    assert_eq!(left(at(0).plus(DAY * 30)).await, ["never"]);
    assert_eq!(left(at(0).plus(DAY * 31)).await, Vec::<String>::new());
}

/// The sender sleeps until something is committed, and is woken by nothing else.
pub(crate) async fn a_new_delivery_wakes_the_sender(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    user(&store, "bob").await;
    let bell = store.new_deliveries();
    assert!(!is_rung(bell).await);
    let id = add(&store, "bob", at(0)).await;
    assert!(is_rung(bell).await);
    assert!(!is_rung(bell).await);
    assert!(store.retry_delivery(id, at(1), &context(at(0))).await.unwrap());
    assert!(is_rung(bell).await);
    assert!(store.drop_delivery(id, &context(at(0))).await.unwrap());
    assert!(is_rung(bell).await, "what waited behind it may be due");
}

/// What rang before is found at once; nothing rings while this looks.
async fn is_rung(bell: &tokio::sync::Notify) -> bool {
    let mut notified = std::pin::pin!(bell.notified());
    futures_util::future::poll_immediate(&mut notified).await.is_some()
}

/// Each is there once, whoever made it first, and changes only from what was read.
pub(crate) async fn a_sealed_key_is_made_once(opener: &impl Opener) {
    let store = Arc::new(opener.open(SessionPolicy::default()).await);
    for key in SealedKey::ALL {
        let made = at_once(8, |n| {
            let store = Arc::clone(&store);
            let secret = vec![u8::try_from(n).unwrap(); 4];
            async move { store.set_sealed_key(*key, None, secret).await.unwrap() }
        })
        .await;
        assert_eq!(made.iter().filter(|made| **made).count(), 1);
        let before = store.sealed_key(*key).await.unwrap().unwrap();
        assert!(!store.set_sealed_key(*key, Some(vec![99]), vec![7]).await.unwrap());
        assert!(store.set_sealed_key(*key, Some(before), key.name().as_bytes().to_vec()).await.unwrap());
    }
    for key in SealedKey::ALL {
        assert_eq!(store.sealed_key(*key).await.unwrap().unwrap(), key.name().as_bytes());
    }
}
