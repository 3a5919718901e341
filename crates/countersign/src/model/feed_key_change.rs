//! Adding and removing feed keys.

use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::feed_key::{AddFeedKeyOutcome, FeedKey, FeedKeyName, MAX_FEED_KEYS, NewFeedKey};
use crate::model::plan::{Plan, Write};

/// Adds a key beside those that are live. `last` is the highest number that was ever given.
pub(crate) fn add(live: &[FeedKey], last: u32, new: NewFeedKey, now: Timestamp) -> Plan<AddFeedKeyOutcome> {
    let NewFeedKey { name, master_key } = new;
    if live.iter().any(|key| key.name == name) {
        return Plan::nothing(AddFeedKeyOutcome::NameTaken);
    }
    if live.len() >= MAX_FEED_KEYS {
        return Plan::nothing(AddFeedKeyOutcome::TooMany);
    }
    let key = FeedKey { number: last + 1, name, created_at: now, master_key: Some(master_key) };
    let event = AuditEvent::new(AuditKind::FeedKeyCreated).with_detail(key.name.as_str());
    let writes = vec![Write::InsertFeedKey(key.clone()), Write::Record(event)];
    Plan::new(AddFeedKeyOutcome::Added(key), writes)
}

/// Removes the live key with this name; gives whether there was one.
pub(crate) fn remove(live: &[FeedKey], name: &FeedKeyName, now: Timestamp) -> Plan<bool> {
    let Some(key) = live.iter().find(|key| key.name == *name) else { return Plan::nothing(false) };
    let event = AuditEvent::new(AuditKind::FeedKeyRemoved).with_detail(name.as_str());
    Plan::new(true, vec![Write::RevokeFeedKey { number: key.number, at: now }, Write::Record(event)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);

    fn key(number: u32, name: &str) -> FeedKey {
        FeedKey { number, name: FeedKeyName::parse(name).unwrap(), created_at: T, master_key: Some(1) }
    }

    #[test]
    fn a_name_is_taken_while_its_key_lives() {
        let live = [key(3, "gateway")];
        let name = |text: &str| NewFeedKey { name: FeedKeyName::parse(text).unwrap(), master_key: 1 };
        assert_eq!(add(&live, 7, name("gateway"), T).carried_out(), AddFeedKeyOutcome::NameTaken);
        let plan = add(&live, 7, name("other"), T);
        let event = AuditEvent::new(AuditKind::FeedKeyCreated).with_detail("other");
        assert_eq!(plan.writes(), [Write::InsertFeedKey(key(8, "other")), Write::Record(event)]);
        assert_eq!(plan.carried_out(), AddFeedKeyOutcome::Added(key(8, "other")));
        let full: Vec<_> = (1..=1_000).map(|number| key(number, &number.to_string())).collect();
        assert_eq!(add(&full, 1_000, name("other"), T).carried_out(), AddFeedKeyOutcome::TooMany);
    }

    #[test]
    fn only_a_live_key_is_removed() {
        let (live, name) = ([key(3, "gateway")], FeedKeyName::parse("gateway").unwrap());
        let plan = remove(&live, &name, T);
        let event = AuditEvent::new(AuditKind::FeedKeyRemoved).with_detail("gateway");
        assert_eq!(plan.writes(), [Write::RevokeFeedKey { number: 3, at: T }, Write::Record(event)]);
        assert!(plan.carried_out() && !remove(&[], &name, T).carried_out());
    }
}
