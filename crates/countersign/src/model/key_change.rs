//! Adding and removing signing keys. Of two nodes that rotate at once, one makes the key (KM-5).

use crate::base::master_key::MasterKeys;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::key_ring::{KeyInfo, KeyState};
use crate::model::key_withdrawal;
use crate::model::master_key_use::ResealedKey;
use crate::model::plan::{Plan, Write};
use crate::model::stored_key::{KnownKeys, StoredKey};

/// Adds a key, if `expected` is the key ID of the newest that is stored.
pub(crate) fn add(newest: Option<&str>, expected: Option<&str>, key: StoredKey) -> Plan<bool> {
    if newest != expected {
        return Plan::nothing(false);
    }
    let event = AuditEvent::new(AuditKind::KeyCreated).with_detail(&key.kid);
    Plan::new(true, vec![Write::InsertSigningKey(Box::new(key)), Write::Record(event)])
}

/// What became of a key that was to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKeyOutcome {
    /// It is there.
    Imported,
    /// A key with this ID is there already.
    Taken,
    /// A key with this ID was withdrawn.
    Withdrawn,
    /// Somebody has added a key in between: look again.
    Changed,
}

/// Adds a key that was made elsewhere, if `expected` is the key ID of the newest that is stored.
pub(crate) fn import(stored: &KnownKeys, expected: Option<&str>, key: StoredKey) -> Plan<ImportKeyOutcome> {
    if stored.withdrawn.iter().any(|gone| gone.kid == key.kid) {
        return Plan::nothing(ImportKeyOutcome::Withdrawn);
    }
    if stored.keys.iter().any(|other| other.kid == key.kid) {
        return Plan::nothing(ImportKeyOutcome::Taken);
    }
    if stored.keys.last().map(|newest| newest.kid.as_str()) != expected {
        return Plan::nothing(ImportKeyOutcome::Changed);
    }
    let event = AuditEvent::new(AuditKind::KeyImported).with_detail(&key.kid);
    let writes = vec![Write::InsertSigningKey(Box::new(key)), Write::Record(event)];
    Plan::new(ImportKeyOutcome::Imported, writes)
}

/// Those of these keys that something may need still, by the states that they have among all.
pub(crate) fn needed(mut keys: Vec<StoredKey>, states: &[KeyInfo]) -> Vec<StoredKey> {
    let is_needed = |kid: &str| states.iter().any(|key| key.kid == kid && key.state != KeyState::Gone);
    keys.retain(|key| is_needed(&key.kid));
    keys
}

/// Whether a key with this ID is among these, however it is sealed.
pub(crate) fn has(keys: &[StoredKey], kid: &str) -> bool {
    keys.iter().any(|key| key.kid == kid)
}

/// Puts back, after all others, those of the keys in `held` that are not stored, and withdraws again what `held` knows to be
/// withdrawn; gives how many keys were put back.
pub(crate) fn restore(stored: &KnownKeys, held: KnownKeys) -> Plan<usize> {
    let is_known = |kid: &str| stored.withdrawn.iter().any(|gone| gone.kid == kid);
    let lost = held.withdrawn.iter().filter(|key| !is_known(&key.kid));
    let mut writes: Vec<_> = lost.flat_map(|key| key_withdrawal::writes(&stored.keys, key.clone())).collect();
    let withdrawn = key_withdrawal::all(held.withdrawn, &stored.withdrawn);
    let is_missing = |key: &StoredKey| !has(&stored.keys, &key.kid);
    let mut restored = 0;
    for key in key_withdrawal::without(held.keys, &withdrawn).into_iter().filter(is_missing) {
        let event = AuditEvent::new(AuditKind::KeyRestored).with_detail(&key.kid);
        writes.extend([Write::InsertSigningKey(Box::new(key)), Write::Record(event)]);
        restored += 1;
    }
    Plan::new(restored, writes)
}

/// Seals keys again whose sealed form is still the one that was read; gives how many they are.
pub(crate) fn reseal(stored: &[StoredKey], resealed: Vec<ResealedKey>) -> Plan<usize> {
    let is_same = |new: &ResealedKey| stored.iter().any(|key| key.kid == new.kid && key.sealed == new.before);
    let still: Vec<_> = resealed.into_iter().filter(is_same).collect();
    let (Some(first), count) = (still.first(), still.len()) else { return Plan::nothing(0) };
    let number = MasterKeys::number_of(&first.after).unwrap_or_default();
    let detail = format!("{count} signing keys sealed under number {number}");
    let event = AuditEvent::new(AuditKind::MasterKeyChanged).with_detail(detail);
    let writes = still.into_iter().map(|new| Write::ResealSigningKey { kid: new.kid, sealed: new.after });
    Plan::new(count, writes.chain([Write::Record(event)]).collect())
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
    use crate::model::stored_key::WithdrawnKey;

    fn key(kid: &str) -> StoredKey {
        let at = Timestamp::from_unix_millis(0);
        let (kid, algorithm) = (kid.to_owned(), "ES256".to_owned());
        StoredKey { kid, algorithm, sealed: Vec::new(), created_at: at, active_from: at }
    }

    fn gone(kid: &str) -> WithdrawnKey {
        WithdrawnKey { kid: kid.to_owned(), withdrawn_at: Timestamp::from_unix_millis(1) }
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
    fn a_key_is_imported_under_an_id_that_nothing_has_or_had() {
        let stored = KnownKeys { keys: vec![key("a"), key("b")], withdrawn: vec![gone("x")] };
        for (kid, expected, outcome) in [
            ("x", "b", ImportKeyOutcome::Withdrawn),
            ("a", "b", ImportKeyOutcome::Taken),
            ("c", "a", ImportKeyOutcome::Changed),
        ] {
            let plan = import(&stored, Some(expected), key(kid));
            assert!(plan.writes().is_empty());
            assert_eq!(plan.carried_out(), outcome);
        }
        let plan = import(&stored, Some("b"), key("c"));
        let event = AuditEvent::new(AuditKind::KeyImported).with_detail("c");
        assert_eq!(plan.writes(), [Write::InsertSigningKey(Box::new(key("c"))), Write::Record(event)]);
        assert_eq!(plan.carried_out(), ImportKeyOutcome::Imported);
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

    /// KM-3: what was withdrawn stays so when another copy of the database has forgotten that.
    #[test]
    fn only_keys_that_are_missing_are_put_back() {
        let known = |keys: &[&str], withdrawn: &[&str]| KnownKeys {
            keys: keys.iter().copied().map(key).collect(),
            withdrawn: withdrawn.iter().copied().map(gone).collect(),
        };
        let plan = restore(&known(&["a", "b"], &["d"]), known(&["b", "c", "d", "e"], &["a", "d", "e"]));
        let event = |kind, kid| Write::Record(AuditEvent::new(kind).with_detail(kid));
        assert_eq!(
            plan.writes(),
            [
                Write::InsertWithdrawnKey(gone("a")),
                event(AuditKind::KeyWithdrawn, "a"),
                Write::DeleteSigningKey("a".to_owned()),
                Write::InsertWithdrawnKey(gone("e")),
                event(AuditKind::KeyWithdrawn, "e"),
                Write::InsertSigningKey(Box::new(key("c"))),
                event(AuditKind::KeyRestored, "c"),
            ]
        );
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
