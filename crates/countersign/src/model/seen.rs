//! How far somebody has read a log that many transactions write at once, on a server that shows its snapshots
//! (PostgreSQL). Neither the order of the entries' numbers nor the order of the commits says it: a transaction that
//! began early may commit late. A snapshot does: it names the transactions that had not ended. What the next look has
//! to show is what the snapshot of the last one did not, and nothing else, however long somebody's transaction is open.

/// Which run of which server numbers belong to. Another one may have forgotten, and give them again: a standby in
/// place of the primary, and also the same server when it has recovered from the crash of one of its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerRun {
    /// When the server was started, in Unix microseconds.
    pub(crate) started_at: i64,
    /// When it last recovered from a crash while it ran on, or began to count, in Unix microseconds.
    pub(crate) recovered_at: i64,
}

/// The transactions whose entries somebody has: those below `below` that are neither `running` nor `partly` read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    below: u64,
    /// In ascending order, each below `below`.
    running: Vec<u64>,
    /// Read up to the entry with this key.
    partly: Option<Entry>,
}

/// An entry: its transaction, and its key in the log, by which its transaction's entries are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) transaction: u64,
    pub(crate) key: u128,
}

impl Seen {
    /// All that a snapshot shows, from its text `xmin:xmax:xip,xip…`.
    pub(crate) fn all_of(snapshot: &str) -> Option<Self> {
        let (_, rest) = snapshot.split_once(':')?;
        let (below, running) = rest.split_once(':')?;
        let running = running.split(',').filter(|number| !number.is_empty());
        Self::new(
            below.parse().ok()?,
            running.map(|number| number.parse().ok()).collect::<Option<_>>()?,
            None,
        )
    }

    pub(in crate::model) fn new(below: u64, mut running: Vec<u64>, partly: Option<Entry>) -> Option<Self> {
        running.sort_unstable();
        let is_below = |number: u64| number < below;
        let is_sound =
            running.iter().copied().all(is_below) && partly.is_none_or(|entry| is_below(entry.transaction));
        is_sound.then_some(Self { below, running, partly })
    }

    /// After a page that `snapshot` shows and that was not the last: all entries that had not been seen, in order, up
    /// to `last`.
    pub(crate) fn up_to(&self, last: Entry, snapshot: &Self) -> Self {
        let Entry { transaction, .. } = last;
        let earlier = snapshot.running.iter().copied().filter(|number| *number < transaction);
        // What is later is as before: of one that was read partly, all comes again.
        let begun = self.partly.map(|entry| entry.transaction);
        let later = self.running.iter().copied().chain(begun).filter(|number| *number > transaction);
        let mut running: Vec<u64> = earlier.chain(later).collect();
        running.sort_unstable();
        running.dedup();
        Self { below: self.below.max(transaction.saturating_add(1)), running, partly: Some(last) }
    }

    /// Transactions from this one on have not been seen.
    pub(crate) const fn below(&self) -> u64 {
        self.below
    }

    /// Those below it that have not been seen either.
    pub(crate) fn running(&self) -> &[u64] {
        &self.running
    }

    /// The one that has been read up to this entry.
    pub(crate) const fn partly(&self) -> Option<Entry> {
        self.partly
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::random::Random;

    fn seen(snapshot: &str) -> Seen {
        Seen::all_of(snapshot).unwrap()
    }

    #[test]
    fn a_snapshot_names_what_had_not_ended() {
        assert_eq!(seen("7:7:"), Seen { below: 7, ..Seen::default() });
        assert_eq!(seen("5:9:7,5"), Seen { below: 9, running: vec![5, 7], partly: None });
        for wrong in ["", "7", "7:7", "7:x:", "7:9:8,,x", "7:9:9", "-1:-1:"] {
            assert_eq!(Seen::all_of(wrong), None, "{wrong}");
        }
    }

    /// A database of a few transactions with a few entries each, that begin, commit and roll back in any order, and a
    /// reader whose pages are short.
    struct World {
        next: u64,
        running: BTreeSet<u64>,
        committed: BTreeSet<Entry>,
    }

    impl World {
        fn snapshot(&self) -> Seen {
            let running = self.running.iter().copied().collect();
            Seen::new(self.next, running, None).unwrap()
        }

        /// What a store selects.
        fn page(&self, seen: &Seen, limit: usize) -> (Vec<Entry>, Seen) {
            let is_new = |entry: &&Entry| {
                let Entry { transaction, key } = **entry;
                match seen.partly() {
                    Some(partly) if partly.transaction == transaction => key > partly.key,
                    _ => transaction >= seen.below() || seen.running().contains(&transaction),
                }
            };
            let page: Vec<_> = self.committed.iter().filter(is_new).take(limit).copied().collect();
            let snapshot = self.snapshot();
            match page.last() {
                Some(last) if page.len() == limit => (page.clone(), seen.up_to(*last, &snapshot)),
                _ => (page, snapshot),
            }
        }
    }

    /// SE-4: whatever the order of the commits and the length of the pages, everything is read; and nothing twice,
    /// unless a page ended before a transaction that the page before it had read in part.
    #[test]
    fn nothing_is_missed_whatever_the_order_of_the_commits() {
        let mut missed_by_the_largest = 0;
        for seed in 0..300 {
            let random = Random::insecure_seeded(seed);
            let pick = |sides: u16| u16::from_le_bytes(random.bytes()) % sides;
            let limit = [1, 2, 3, 5, 1_000][usize::from(pick(5))];
            let mut world = World { next: 1, running: BTreeSet::new(), committed: BTreeSet::new() };
            let (mut at, mut read, mut twice) = (Seen::default(), BTreeSet::new(), 0);
            // As it is often done: what is larger than the largest that was there.
            let (mut largest, mut read_by_the_largest) = (0, 0);
            for _ in 0..200 {
                match pick(4) {
                    0 | 1 => {
                        world.running.insert(world.next);
                        world.next += 1;
                    }
                    2 if !world.running.is_empty() => {
                        let nth = usize::from(pick(u16::try_from(world.running.len()).unwrap()));
                        let transaction = *world.running.iter().nth(nth).unwrap();
                        world.running.remove(&transaction);
                        let entries = if pick(4) == 0 { 0 } else { u128::from(1 + pick(6)) };
                        world.committed.extend((0..entries).map(|key| Entry { transaction, key }));
                    }
                    _ => {
                        let (page, next) = world.page(&at, limit);
                        at = next;
                        let larger = world.committed.iter().filter(|entry| entry.transaction > largest);
                        read_by_the_largest += larger.count();
                        largest = world.committed.last().map_or(0, |entry| entry.transaction);
                        twice += page.into_iter().filter(|entry| !read.insert(*entry)).count();
                    }
                }
            }
            let unread = world.committed.iter().filter(|entry| entry.transaction > largest).count();
            missed_by_the_largest += world.committed.len() - unread - read_by_the_largest;
            for transaction in std::mem::take(&mut world.running) {
                world.committed.insert(Entry { transaction, key: 0 });
            }
            loop {
                let (page, next) = world.page(&at, limit);
                at = next;
                let is_last = page.len() < limit;
                read.extend(page);
                if is_last {
                    break;
                }
            }
            assert_eq!(read, world.committed, "seed {seed}");
            assert!(limit < 1_000 || twice == 0, "seed {seed}: {twice} came twice");
        }
        assert!(missed_by_the_largest > 300, "these worlds show what goes wrong: {missed_by_the_largest}");
    }
}
