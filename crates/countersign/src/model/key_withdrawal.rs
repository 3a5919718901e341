//! Withdrawing a signing key that somebody else may have: it goes at once, and for good. What it has signed is refused from
//! then on, whoever signed it (KM-3).

use crate::base::clock::Timestamp;
use crate::model::audit::{AuditEvent, AuditKind};
use crate::model::plan::{Plan, Write};
use crate::model::stored_key::{StoredKey, WithdrawnKey};

/// What a store is asked to do.
#[derive(Clone, Debug)]
pub struct KeyWithdrawal {
    /// The key ID of the key that goes.
    pub kid: String,
    /// The key ID of the newest that was stored when this was made.
    pub newest: Option<String>,
    /// The keys that sign in its place from now on: none if it does not sign.
    pub successors: Vec<StoredKey>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithdrawOutcome {
    /// It is withdrawn.
    Withdrawn,
    /// It was withdrawn before.
    Already,
    /// There is no such key.
    Unknown,
    /// Somebody has added a key in between: look again.
    Changed,
}

/// Withdraws a key, and adds its successors in the same transaction: at no moment is there none that signs.
pub(crate) fn withdraw(
    stored: &[StoredKey],
    withdrawn: &[WithdrawnKey],
    withdrawal: KeyWithdrawal,
    now: Timestamp,
) -> Plan<WithdrawOutcome> {
    let KeyWithdrawal { kid, newest, successors } = withdrawal;
    if withdrawn.iter().any(|key| key.kid == kid) {
        return Plan::nothing(WithdrawOutcome::Already);
    }
    if stored.iter().all(|key| key.kid != kid) {
        return Plan::nothing(WithdrawOutcome::Unknown);
    }
    if stored.last().map(|key| &key.kid) != newest.as_ref() {
        return Plan::nothing(WithdrawOutcome::Changed);
    }
    let mut writes = writes(stored, WithdrawnKey { kid, withdrawn_at: now });
    for key in successors {
        let event = AuditEvent::new(AuditKind::KeyCreated).with_detail(&key.kid);
        writes.extend([Write::InsertSigningKey(Box::new(key)), Write::Record(event)]);
    }
    Plan::new(WithdrawOutcome::Withdrawn, writes)
}

/// What makes it withdrawn, whether it is stored or not.
pub(super) fn writes(stored: &[StoredKey], key: WithdrawnKey) -> Vec<Write> {
    let event = AuditEvent::new(AuditKind::KeyWithdrawn).with_detail(&key.kid);
    let is_stored = stored.iter().any(|other| other.kid == key.kid);
    let delete = is_stored.then(|| Write::DeleteSigningKey(key.kid.clone()));
    [Write::InsertWithdrawnKey(key), Write::Record(event)].into_iter().chain(delete).collect()
}

/// The keys that are not withdrawn. A node of an older version may have put one back.
pub(crate) fn without(mut keys: Vec<StoredKey>, withdrawn: &[WithdrawnKey]) -> Vec<StoredKey> {
    keys.retain(|key| withdrawn.iter().all(|gone| gone.kid != key.kid));
    keys
}

/// All keys that somebody knows to be withdrawn, each once, in the order in which that happened.
pub(crate) fn all(mut withdrawn: Vec<WithdrawnKey>, remembered: &[WithdrawnKey]) -> Vec<WithdrawnKey> {
    let lost = remembered.iter().filter(|key| withdrawn.iter().all(|known| known.kid != key.kid));
    let lost: Vec<_> = lost.cloned().collect();
    withdrawn.extend(lost);
    withdrawn.sort_by(|one, other| (one.withdrawn_at, &one.kid).cmp(&(other.withdrawn_at, &other.kid)));
    withdrawn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn key(kid: &str) -> StoredKey {
        let (kid, algorithm) = (kid.to_owned(), "ES256".to_owned());
        StoredKey { kid, algorithm, sealed: Vec::new(), created_at: at(0), active_from: at(0) }
    }

    fn gone(kid: &str, millis: i64) -> WithdrawnKey {
        WithdrawnKey { kid: kid.to_owned(), withdrawn_at: at(millis) }
    }

    /// KM-3, KM-5: once, of a key that is there, and never with successors that were made for other keys.
    #[test]
    fn a_key_is_withdrawn_once_and_with_its_successors() {
        let stored = [key("a"), key("b")];
        let ask = |kid: &str, newest: &str| {
            let (kid, newest) = (kid.to_owned(), Some(newest.to_owned()));
            withdraw(
                &stored,
                &[gone("x", 1)],
                KeyWithdrawal { kid, newest, successors: vec![key("c")] },
                at(9),
            )
        };
        for (kid, newest, outcome) in [
            ("x", "b", WithdrawOutcome::Already),
            ("c", "b", WithdrawOutcome::Unknown),
            ("a", "a", WithdrawOutcome::Changed),
        ] {
            let plan = ask(kid, newest);
            assert!(plan.writes().is_empty());
            assert_eq!(plan.carried_out(), outcome, "{kid}");
        }
        let plan = ask("a", "b");
        let event = |kind, kid| Write::Record(AuditEvent::new(kind).with_detail(kid));
        assert_eq!(
            plan.writes(),
            [
                Write::InsertWithdrawnKey(gone("a", 9)),
                event(AuditKind::KeyWithdrawn, "a"),
                Write::DeleteSigningKey("a".to_owned()),
                Write::InsertSigningKey(Box::new(key("c"))),
                event(AuditKind::KeyCreated, "c"),
            ]
        );
        assert_eq!(plan.carried_out(), WithdrawOutcome::Withdrawn);
    }

    #[test]
    fn what_is_withdrawn_anywhere_is_withdrawn() {
        let known = all(vec![gone("b", 2)], &[gone("b", 2), gone("a", 1)]);
        assert_eq!(known, [gone("a", 1), gone("b", 2)]);
        assert_eq!(without(["a", "b", "c"].map(key).to_vec(), &known), [key("c")]);
    }
}
