//! Walks along the chain of the audit log, and says which rows were changed, taken away or put in (LG-6).

use std::collections::HashSet;

use crate::model::audit_chain::{AuditGap, AuditHead, AuditLink, AuditRow, AuditSigner};

/// What is wrong with the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditFault {
    /// This row is not as it was written.
    #[error("row {0} was changed")]
    Changed(i64),
    /// This row is not there any more.
    #[error("row {0} is missing")]
    Missing(i64),
    /// These positions of the chain are not there any more, nor their rows.
    #[error("the rows at the positions {0} to {1} of the chain are missing, after row {2}")]
    Lost(i64, i64, i64),
    /// No server wrote this row; or it is a copy of one.
    #[error("row {0} was not written by a server that has the key")]
    Inserted(i64),
    /// This row is bound to other rows than those before it.
    #[error("row {0} is not where it was in the log")]
    Moved(i64),
    /// The chain has another link at the place that was noted, or ends before it.
    #[error("the chain does not have the place that you noted: it was put in another's place, or cut")]
    NotedEnd,
    /// The signed record of the chain's end, or of what was deleted when its time was over, is not ours.
    #[error("the signed record of the end of the chain, or of what was deleted, was changed")]
    Record,
}

/// A place in the chain, and its row if it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct ChainedRow {
    /// The place.
    pub place: AuditLink,
    /// The row.
    pub row: Option<AuditRow>,
}

impl ChainedRow {
    /// A place with its row.
    #[must_use]
    pub const fn new(place: AuditLink, row: Option<AuditRow>) -> Self {
        Self { place, row }
    }
}

/// A walk along the chain, from its beginning.
pub(crate) struct AuditWalk<'a> {
    signer: &'a AuditSigner,
    begun_after: i64,
    /// In their order.
    gaps: Vec<AuditGap>,
    /// The place before; its link is unknown where the row before was deleted.
    last: (i64, i64, Option<[u8; 32]>),
    seen: HashSet<Vec<u8>>,
    /// What is wrong, in the order of the log.
    pub(crate) faults: Vec<AuditFault>,
}

impl<'a> AuditWalk<'a> {
    pub(crate) fn new(signer: &'a AuditSigner, head: Option<&AuditHead>, gaps: Vec<AuditGap>) -> Self {
        let is_ours = head.is_none_or(|head| signer.has_signed(head));
        let all = gaps.len();
        let mut gaps: Vec<_> = gaps.into_iter().filter(|gap| signer.has_made(gap)).collect();
        gaps.sort_unstable_by_key(|gap| gap.first);
        let faults = if is_ours && gaps.len() == all { Vec::new() } else { vec![AuditFault::Record] };
        let begun_after = head.map_or(0, |head| head.begun_after);
        Self { signer, begun_after, gaps, last: (0, 0, Some([0; 32])), seen: HashSet::new(), faults }
    }

    /// Of an export that begins there.
    pub(crate) const fn begin_before(&mut self, position: i64) {
        if position > 1 {
            self.last = (position - 1, 0, None);
        }
    }

    /// The next place.
    pub(crate) fn step(&mut self, ChainedRow { place, row }: &ChainedRow) {
        self.pass_to(place.position);
        let (_, _, before) = self.last;
        self.last = (place.position, place.sequence, Some(place.link));
        let Some(row) = row else { return self.faults.push(AuditFault::Missing(place.sequence)) };
        let is_bound =
            before.is_none_or(|before| self.signer.link(&before, place.position, row) == place.link);
        if let Some(fault) = self.of_row(row, is_bound) {
            self.faults.push(fault);
        }
    }

    /// A row that is in no chain: one that was written a moment ago, or one that no server wrote.
    pub(crate) fn unchained(&mut self, row: &AuditRow) {
        if !self.signer.is_signed(row) || row.mac.as_ref().is_some_and(|mac| self.seen.contains(mac)) {
            self.faults.push(AuditFault::Inserted(row.sequence));
        }
    }

    /// At the end of the chain.
    pub(crate) fn arrive(&mut self, head: Option<&AuditHead>) {
        let Some(head) = head else { return };
        self.pass_to(head.position + 1);
        if self.last.0 == head.position && self.last.2.is_some_and(|link| link != head.link) {
            self.faults.push(AuditFault::Record);
        }
    }

    fn of_row(&mut self, row: &AuditRow, is_bound: bool) -> Option<AuditFault> {
        let is_of_before = row.mac.is_none() && row.sequence <= self.begun_after;
        let is_signed = is_of_before || self.signer.is_signed(row);
        let is_first = row.mac.clone().is_none_or(|mac| self.seen.insert(mac));
        match (is_signed, is_bound) {
            (true, true) if is_first => None,
            (_, true) => Some(AuditFault::Inserted(row.sequence)),
            (false, false) => Some(AuditFault::Changed(row.sequence)),
            // Nothing but the link vouches for a row of before the chain.
            (true, false) if is_of_before => Some(AuditFault::Changed(row.sequence)),
            (true, false) => Some(AuditFault::Moved(row.sequence)),
        }
    }

    /// Whether all positions between the last one and this were deleted when their time was over.
    fn pass_to(&mut self, position: i64) {
        let (last, sequence, _) = self.last;
        let mut next = last + 1;
        while next < position {
            let at = self.gaps.partition_point(|gap| gap.last < next);
            let (first, last) = self.gaps.get(at).map_or((position, position), |gap| (gap.first, gap.last));
            let end = if first <= next {
                last.min(position - 1)
            } else {
                let end = first.min(position) - 1;
                self.faults.push(AuditFault::Lost(next, end, sequence));
                end
            };
            next = end + 1;
            self.last.0 = end;
            self.last.2 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::model::audit::{AuditEvent, AuditKind};
    use crate::model::context::{Actor, Context};

    const T: crate::Timestamp = crate::Timestamp::from_unix_millis(1_700_000_000_000);

    fn signer() -> AuditSigner {
        AuditSigner::new(&[7; 32], Random::insecure_seeded(1))
    }

    fn row(sequence: i64) -> AuditRow {
        let origin = Context::local(Actor::System, T).origin();
        let event = AuditEvent::new(AuditKind::KeyCreated).with_detail(sequence.to_string());
        let mac = Some(signer_with(sequence).sign(&origin, &event));
        let (at, actor) = (T.as_unix_millis(), "system".to_owned());
        let (kind, detail) = ("key_created".to_owned(), event.detail);
        AuditRow { sequence, at, actor, kind, detail, mac, ..AuditRow::default() }
    }

    /// Another nonce for each.
    fn signer_with(seed: i64) -> AuditSigner {
        AuditSigner::new(&[7; 32], Random::insecure_seeded(seed.unsigned_abs()))
    }

    fn chain(rows: &[AuditRow]) -> (Vec<ChainedRow>, AuditHead) {
        let (links, head) = signer().extend(None, 0, rows, String::new());
        let chained = links.into_iter().zip(rows.iter().cloned().map(Some));
        (chained.map(|(place, row)| ChainedRow { place, row }).collect(), head)
    }

    fn walk(chained: &[ChainedRow], head: &AuditHead, gaps: Vec<AuditGap>) -> Vec<AuditFault> {
        let signer = signer();
        let mut walk = AuditWalk::new(&signer, Some(head), gaps);
        for row in chained {
            walk.step(row);
        }
        walk.arrive(Some(head));
        walk.faults
    }

    /// LG-6: whatever is changed, taken away or put in is named, and nothing else.
    #[test]
    fn each_tampering_is_named() {
        let rows: Vec<_> = (1..=6).map(row).collect();
        let (whole, head) = chain(&rows);
        assert_eq!(walk(&whole, &head, Vec::new()), []);
        let tampered = |change: &dyn Fn(&mut Vec<ChainedRow>)| {
            let mut all = whole.clone();
            change(&mut all);
            walk(&all, &head, Vec::new())
        };
        let changes: [&dyn Fn(&mut AuditRow); 10] = [
            &|row| row.at += 1,
            &|row| row.actor = "anonymous".to_owned(),
            &|row| row.actor_id = Some(crate::AccountId::from_bytes([1; 16])),
            &|row| row.address = Some("::1".to_owned()),
            &|row| row.request_id = Some(crate::RequestId::from_bytes([1; 16])),
            &|row| row.kind = "key_removed".to_owned(),
            &|row| row.account_id = Some(crate::AccountId::from_bytes([1; 16])),
            &|row| row.session_id = Some(crate::SessionId::from_bytes([1; 16])),
            &|row| row.detail = None,
            &|row| row.mac = None,
        ];
        for change in changes {
            let faults = tampered(&|all| change(all[2].row.as_mut().unwrap()));
            assert_eq!(faults, [AuditFault::Changed(3)]);
        }
        assert_eq!(tampered(&|all| all[2].row = None), [AuditFault::Missing(3)]);
        assert_eq!(tampered(&|all| drop(all.remove(2))), [AuditFault::Lost(3, 3, 2)]);
        assert_eq!(tampered(&|all| all.truncate(4)), [AuditFault::Lost(5, 6, 4)]);
        let swapped = tampered(&|all| {
            let (a, b) = (all[2].row.take(), all[3].row.take());
            (all[2].row, all[3].row) = (b, a);
        });
        assert!(
            swapped.contains(&AuditFault::Moved(4)) && swapped.contains(&AuditFault::Moved(3)),
            "{swapped:?}"
        );
    }

    /// LG-6: what has no signature, or that of another row, was not written by a server.
    #[test]
    fn a_row_without_a_signature_of_its_own_was_put_in() {
        let copy = AuditRow { sequence: 3, ..row(1) };
        let (chained, head) = chain(&[row(1), AuditRow { mac: None, ..row(2) }, copy.clone()]);
        assert_eq!(walk(&chained, &head, Vec::new()), [AuditFault::Inserted(2), AuditFault::Inserted(3)]);
        let signer = signer();
        let mut walk = AuditWalk::new(&signer, None, Vec::new());
        walk.of_row(&row(1), true);
        walk.unchained(&row(5));
        walk.unchained(&copy);
        assert_eq!(walk.faults, [AuditFault::Inserted(3)]);
    }

    /// Rows whose time is over go without a fault; nobody else can say so of others.
    #[test]
    fn what_was_deleted_in_time_is_no_fault() {
        let rows: Vec<_> = (1..=6).map(row).collect();
        let (mut left, head) = chain(&rows);
        let signer = signer();
        let gaps = signer.gaps(&signer.gaps(&[], &[4, 1]), &[2]);
        assert_eq!(gaps, [signer.gap(1, 2), signer.gap(4, 4)]);
        for at in [3, 1, 0] {
            left.remove(at);
        }
        assert_eq!(walk(&left, &head, gaps.clone()), []);
        let forged = vec![gaps[0], AuditGap { first: 4, last: 5, ..gaps[1] }];
        assert_eq!(walk(&left, &head, forged), [AuditFault::Record, AuditFault::Lost(4, 4, 3)]);
        let older = AuditHead { position: 5, ..head };
        assert!(walk(&left, &older, gaps).contains(&AuditFault::Record));
    }

    #[test]
    fn rows_of_before_the_chain_are_held_by_their_links() {
        let old = |sequence| AuditRow { mac: None, ..row(sequence) };
        let rows = [old(1), old(2), row(3)];
        let (links, head) = signer().extend(None, 2, &rows, "2".to_owned());
        let places = links.into_iter().zip(rows).map(|(place, row)| ChainedRow { place, row: Some(row) });
        let mut all: Vec<_> = places.collect();
        assert_eq!(walk(&all, &head, Vec::new()), []);
        all[1].row.as_mut().unwrap().detail = Some("other".to_owned());
        assert_eq!(walk(&all, &head, Vec::new()), [AuditFault::Changed(2)]);
    }
}
