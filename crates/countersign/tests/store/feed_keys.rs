//! Feed keys: names, numbers, and what the audit log says of them.

use countersign::internal::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, NewFeedKey};
use countersign::internal::model::session::SessionPolicy;
use countersign::store::FeedKeyStore as _;

use crate::world::*;

pub(crate) async fn a_feed_key_has_its_name_while_it_lives_and_its_number_for_ever(opener: &impl Opener) {
    let store = opener.open(SessionPolicy::default()).await;
    let name = |text: &str| FeedKeyName::parse(text).unwrap();
    let add = async |text, n| {
        store.add_feed_key(NewFeedKey { name: name(text), master_key: 7 }, &context(at(n))).await.unwrap()
    };
    let key = |number, text, n| FeedKey { number, name: name(text), created_at: at(n), master_key: Some(7) };
    assert_eq!(store.feed_keys().await.unwrap(), []);
    assert_eq!(add("gateway", 0).await, AddFeedKeyOutcome::Added(key(1, "gateway", 0)));
    assert_eq!(add("gateway", 1).await, AddFeedKeyOutcome::NameTaken);
    assert_eq!(add("reports", 2).await, AddFeedKeyOutcome::Added(key(2, "reports", 2)));
    let remove = async |text, n| store.remove_feed_key(name(text), &context(at(n))).await.unwrap();
    assert!(remove("reports", 3).await);
    assert!(!remove("reports", 4).await);
    assert_eq!(store.feed_keys().await.unwrap(), [key(1, "gateway", 0)]);
    assert_eq!(add("reports", 5).await, AddFeedKeyOutcome::Added(key(3, "reports", 5)));
    assert_eq!(store.feed_keys().await.unwrap(), [key(1, "gateway", 0), key(3, "reports", 5)]);
    let lines = [
        "feed_key_created gateway",
        "feed_key_created reports",
        "feed_key_removed reports",
        "feed_key_created reports",
    ];
    assert_eq!(audit(&store).await, lines);
}
