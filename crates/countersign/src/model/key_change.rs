//! Adding and removing signing keys. Of two nodes that rotate at once, one makes the key (KM-5).

use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::key_ring::{KeyInfo, KeyState};
use crate::model::plan::{Plan, Write};
use crate::model::stored_key::StoredKey;

/// Adds a key, if `expected` is the key ID of the newest that is stored.
pub(crate) fn add(newest: Option<&str>, expected: Option<&str>, key: StoredKey) -> Plan<bool> {
    if newest != expected {
        return Plan::nothing(false);
    }
    let event = AuditEvent::new(AuditKind::KeyCreated).with_detail(&key.kid);
    Plan::new(true, vec![Write::InsertSigningKey(Box::new(key)), Write::Record(event)])
}

/// Those of these keys that something may need still, by the states that they have among all.
pub(crate) fn needed(mut keys: Vec<StoredKey>, states: &[KeyInfo]) -> Vec<StoredKey> {
    let is_needed = |kid: &str| states.iter().any(|key| key.kid == kid && key.state != KeyState::Gone);
    keys.retain(|key| is_needed(&key.kid));
    keys
}

/// Puts back those of these keys that are not stored, after all others; gives how many they are.
pub(crate) fn restore(stored: &[StoredKey], keys: Vec<StoredKey>) -> Plan<usize> {
    let is_missing = |key: &StoredKey| stored.iter().all(|other| other.kid != key.kid);
    let missing = keys.into_iter().filter(is_missing);
    let writes: Vec<_> = missing
        .flat_map(|key| {
            let event = AuditEvent::new(AuditKind::KeyRestored).with_detail(&key.kid);
            [Write::InsertSigningKey(Box::new(key)), Write::Record(event)]
        })
        .collect();
    Plan::new(writes.len() / 2, writes)
}

/// Removes those of the keys with these IDs that are stored; gives how many they are.
pub(crate) fn remove(stored: &[StoredKey], kids: &[String]) -> Plan<usize> {
    let removed = stored.iter().map(|key| &key.kid).filter(|kid| kids.contains(kid));
    let writes: Vec<_> = removed
        .flat_map(|kid| {
            let event = AuditEvent::new(AuditKind::KeyRemoved).with_detail(kid);
            [Write::DeleteSigningKey(kid.clone()), Write::Record(event)]
        })
        .collect();
    Plan::new(writes.len() / 2, writes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;

    fn key(kid: &str) -> StoredKey {
        let at = Timestamp::from_unix_millis(0);
        let (kid, algorithm) = (kid.to_owned(), "ES256".to_owned());
        StoredKey { kid, algorithm, sealed: Vec::new(), created_at: at, active_from: at }
    }

    #[test]
    fn a_key_follows_the_newest_only() {
        for (newest, expected, is_added) in [
            (None, None, true),
            (Some("a"), Some("a"), true),
            (Some("a"), None, false),
            (None, Some("a"), false),
            (Some("b"), Some("a"), false),
        ] {
            let plan = add(newest, expected, key("c"));
            assert_eq!(plan.writes().is_empty(), !is_added);
            assert_eq!(plan.carried_out(), is_added, "{newest:?} {expected:?}");
        }
    }

    #[test]
    fn what_is_gone_is_not_needed() {
        let state = |kid: &str, state| {
            let StoredKey { kid, algorithm, created_at, active_from, .. } = key(kid);
            KeyInfo { kid, algorithm, state, created_at, active_from }
        };
        let all =
            [("a", KeyState::Gone), ("b", KeyState::Retired), ("c", KeyState::Active), ("d", KeyState::Next)];
        let states = all.map(|(kid, known)| state(kid, known));
        let kids = ["a", "b", "c", "d", "e"].map(key).to_vec();
        assert_eq!(needed(kids, &states), ["b", "c", "d"].map(key));
    }

    #[test]
    fn only_keys_that_are_missing_are_put_back() {
        let plan = restore(&[key("a"), key("b")], vec![key("b"), key("c")]);
        let event = AuditEvent::new(AuditKind::KeyRestored).with_detail("c");
        assert_eq!(plan.writes(), [Write::InsertSigningKey(Box::new(key("c"))), Write::Record(event)]);
        assert_eq!(plan.carried_out(), 1);
    }

    #[test]
    fn only_keys_that_are_there_are_removed_and_recorded() {
        let plan = remove(&[key("a"), key("b")], &["x".to_owned(), "b".to_owned()]);
        let event = AuditEvent::new(AuditKind::KeyRemoved).with_detail("b");
        assert_eq!(plan.writes(), [Write::DeleteSigningKey("b".to_owned()), Write::Record(event)]);
        assert_eq!(plan.carried_out(), 1);
    }
}
