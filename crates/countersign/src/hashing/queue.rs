//! The order in which hashes are computed. A bounded queue that is fair between clients and between accounts,
//! and keeps a deadline for each entry. Pure: no thread, no lock and no clock in here; `now` is passed in.
//!
//! Two lanes, one for known devices and one for everybody else, take turns while both have entries. Within a
//! lane the order is that of start-time fair queuing (Goyal et al., 1996): every entry gets a tag, the point
//! of the lane's virtual time at which its client and its account have had their earlier entries served; the
//! lowest tag is next. A client that sends a hundred requests gets tags far in the future, so it queues
//! behind clients that send one. A lane may have half of the room, and what the other lane leaves free. When
//! it is full, the entries with the highest tags have to go.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::base::requester::{AccountKey, Network, Requester};
use crate::password::cost::Work;

/// A bounded fair queue.
pub(crate) struct FairQueue<T> {
    lanes: [Lane<T>; 2],
    turn: usize,
    next_number: u64,
}

/// Where an entry stands, so that it can be taken out again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    lane: usize,
    position: Position,
}

/// Tag and number of arrival: the order within a lane.
type Position = (u64, u64);

/// An entry to queue.
pub(crate) struct Entry<T> {
    pub(crate) item: T,
    pub(crate) requester: Requester,
    pub(crate) work: Work,
    pub(crate) deadline: Duration,
    /// Needs the memory that only one hash at a time can have.
    pub(crate) large: bool,
}

/// The result of queuing an entry.
pub(crate) enum Pushed<T> {
    /// Queued; these entries were displaced by it.
    Queued(Place, Vec<T>),
    /// Refused: the client or account of every waiting entry has had less than that of this one.
    Refused(T),
}

/// The result of taking the next entry.
pub(crate) struct Popped<T> {
    /// The entry whose turn it is, and its work.
    pub(crate) next: Option<Entry<T>>,
    /// Those whose deadline has passed.
    pub(crate) expired: Vec<T>,
}

impl<T> FairQueue<T> {
    pub(crate) fn new() -> Self {
        Self { lanes: [Lane::new(), Lane::new()], turn: 0, next_number: 0 }
    }

    /// Queues an entry. Both lanes together hold `capacity` of work at most, except that an empty lane takes
    /// anything.
    pub(crate) fn push(&mut self, entry: Entry<T>, capacity: Work) -> Pushed<T> {
        let lane = lane_of(&entry.requester);
        let share = self.share(lane, capacity);
        let number = self.next_number;
        self.next_number += 1;
        let Some(waiting) = self.lanes.get_mut(lane) else {
            return Pushed::Refused(entry.item);
        };
        if !waiting.can_make_room(&entry.requester, entry.work, share) {
            return Pushed::Refused(entry.item);
        }
        let mut displaced = waiting.make_room(entry.work, share);
        // Only now: a lane that was emptied counts from zero again.
        let position = (waiting.tag(&entry.requester), number);
        waiting.insert(position, entry);
        let others = self.share(1 - lane, capacity);
        if let Some(other) = self.lanes.get_mut(1 - lane) {
            displaced.extend(other.give_up(others));
        }
        Pushed::Queued(Place { lane, position }, displaced)
    }

    /// Whether [`FairQueue::push`] would queue an entry of so much work.
    pub(crate) fn would_take(&self, requester: &Requester, work: Work, capacity: Work) -> bool {
        let lane = lane_of(requester);
        let share = self.share(lane, capacity);
        self.lanes.get(lane).is_some_and(|lane| lane.can_make_room(requester, work, share))
    }

    /// What a lane may hold: half, and what the other one leaves free.
    fn share(&self, lane: usize, capacity: Work) -> Work {
        let other = self.lanes.get(1 - lane).map_or(0, |other| other.work);
        capacity.saturating_sub(other).max(capacity / 2)
    }

    /// Takes the entry whose turn it is, if any may run now, and all whose deadline has passed.
    pub(crate) fn pop(&mut self, now: Duration, large_allowed: bool) -> Popped<T> {
        let mut expired = Vec::new();
        for lane in &mut self.lanes {
            lane.take_expired(now, &mut expired);
        }
        let order = [self.turn, 1 - self.turn];
        for index in order {
            if let Some(next) = self.lanes.get_mut(index).and_then(|lane| lane.pop(large_allowed)) {
                self.turn = 1 - index;
                return Popped { next: Some(next), expired };
            }
        }
        Popped { next: None, expired }
    }

    /// Takes an entry out whose caller has gone away. Its client and account get their turn back.
    pub(crate) fn cancel(&mut self, place: Place) -> Option<T> {
        let lane = self.lanes.get_mut(place.lane)?;
        let entry = lane.remove(place.position)?;
        lane.give_back(&entry.requester, entry.work);
        Some(entry.item)
    }

    /// Takes out everything that waits, to be refused together.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        self.lanes
            .iter_mut()
            .flat_map(|lane| std::mem::replace(lane, Lane::new()).waiting.into_values())
            .map(|entry| entry.item)
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting.len()).sum()
    }

    /// All work that waits.
    pub(crate) fn work(&self) -> Work {
        self.lanes.iter().map(|lane| lane.work).sum()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Flow {
    Client(Network),
    Account(AccountKey),
}

struct Lane<T> {
    waiting: BTreeMap<Position, Entry<T>>,
    work: Work,
    virtual_time: u64,
    /// The virtual time at which a flow's entries so far are served; only those ahead of `virtual_time`
    /// matter.
    served_at: HashMap<Flow, u64>,
}

impl<T> Lane<T> {
    fn new() -> Self {
        Self { waiting: BTreeMap::new(), work: 0, virtual_time: 0, served_at: HashMap::new() }
    }

    fn tag(&self, requester: &Requester) -> u64 {
        let served = flows(requester).filter_map(|flow| self.served_at.get(&flow).copied());
        served.fold(self.virtual_time, u64::max)
    }

    /// Whether there is room at the latest when all are gone that are further behind than this requester.
    fn can_make_room(&self, requester: &Requester, work: Work, capacity: Work) -> bool {
        let ahead = self.waiting.range(..=(self.tag(requester), u64::MAX));
        let (entries, ahead) = ahead
            .fold((0, 0_u64), |(entries, ahead), (_, entry)| (entries + 1, ahead.saturating_add(entry.work)));
        has_room((entries, ahead), work, capacity)
    }

    /// Takes out as many as have to go, those furthest behind first.
    fn make_room(&mut self, work: Work, capacity: Work) -> Vec<T> {
        let mut displaced = Vec::new();
        while !has_room((self.waiting.len(), self.work), work, capacity) {
            let last = self.waiting.last_key_value().map(|(&position, _)| position);
            displaced.extend(last.and_then(|last| self.remove(last)).map(|entry| entry.item));
        }
        displaced
    }

    /// Takes out what is beyond a share that has become smaller, those furthest behind first. One entry
    /// always stays.
    fn give_up(&mut self, share: Work) -> Vec<T> {
        let mut displaced = Vec::new();
        while self.waiting.len() > 1 && self.work > share {
            let last = self.waiting.last_key_value().map(|(&position, _)| position);
            displaced.extend(last.and_then(|last| self.remove(last)).map(|entry| entry.item));
        }
        displaced
    }

    fn insert(&mut self, position: Position, entry: Entry<T>) {
        let done = position.0.saturating_add(entry.work.max(1));
        for flow in flows(&entry.requester) {
            self.served_at.insert(flow, done);
        }
        self.work = self.work.saturating_add(entry.work);
        self.waiting.insert(position, entry);
        if self.served_at.len() > MAX_ENTRIES * 4 {
            let virtual_time = self.virtual_time;
            self.served_at.retain(|_, served_at| *served_at > virtual_time);
        }
    }

    fn remove(&mut self, position: Position) -> Option<Entry<T>> {
        let entry = self.waiting.remove(&position)?;
        self.work = self.work.saturating_sub(entry.work);
        if self.waiting.is_empty() {
            self.served_at.clear();
            self.virtual_time = 0;
        }
        Some(entry)
    }

    fn pop(&mut self, large_allowed: bool) -> Option<Entry<T>> {
        let mut may_run = self.waiting.iter().filter(|(_, entry)| large_allowed || !entry.large);
        let position = *may_run.next()?.0;
        let entry = self.remove(position)?;
        if !self.waiting.is_empty() {
            // It moves on even if every entry comes from somebody new; else nobody's past would ever be over.
            let share = entry.work.max(1).div_ceil(self.waiting.len() as u64 + 1);
            self.virtual_time = self.virtual_time.max(position.0).saturating_add(share);
        }
        Some(entry)
    }

    fn take_expired(&mut self, now: Duration, expired: &mut Vec<T>) {
        let late = self.waiting.iter().filter(|(_, entry)| entry.deadline <= now);
        let late: Vec<_> = late.map(|(&position, _)| position).collect();
        for position in late {
            expired.extend(self.remove(position).map(|entry| entry.item));
        }
    }

    fn give_back(&mut self, requester: &Requester, work: Work) {
        for flow in flows(requester) {
            if let Some(served_at) = self.served_at.get_mut(&flow) {
                *served_at = served_at.saturating_sub(work.max(1));
            }
        }
    }
}

/// The number of entries is bounded too: entries of little work are not free of memory.
fn has_room((entries, waiting): (usize, Work), work: Work, capacity: Work) -> bool {
    entries == 0 || (waiting.saturating_add(work) <= capacity && entries < MAX_ENTRIES)
}

fn lane_of(requester: &Requester) -> usize {
    usize::from(!requester.known_device)
}

fn flows(requester: &Requester) -> impl Iterator<Item = Flow> + use<> {
    let client = requester.client.map(|address| Flow::Client(Network::of(address)));
    client.into_iter().chain([Flow::Account(requester.account)])
}

const MAX_ENTRIES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Work = 1000;
    const PLENTY: Work = 1_000_000;

    fn from(client: u8, account: u8) -> Requester {
        Requester {
            client: Some([192, 0, 2, client].into()),
            account: AccountKey::from_bytes([account; 16]),
            known_device: false,
        }
    }

    fn entry(item: u32, requester: Requester) -> Entry<u32> {
        Entry { item, requester, work: ONE, deadline: Duration::from_secs(1), large: false }
    }

    /// Who has to go for it, itself if it is refused.
    fn push_entry(queue: &mut FairQueue<u32>, entry: Entry<u32>, capacity: Work) -> Vec<u32> {
        match queue.push(entry, capacity) {
            Pushed::Queued(_, displaced) => displaced,
            Pushed::Refused(item) => vec![item],
        }
    }

    fn push(queue: &mut FairQueue<u32>, item: u32, requester: Requester, capacity: Work) -> Vec<u32> {
        push_entry(queue, entry(item, requester), capacity)
    }

    fn pop_all(queue: &mut FairQueue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.pop(Duration::ZERO, true).next.map(|entry| entry.item)).collect()
    }

    /// LM-2: whoever asks first whether there is room is told what would come of it.
    #[test]
    fn the_question_for_room_tells_what_pushing_does() {
        let mut queue = FairQueue::new();
        let mut answers = [0; 2];
        for item in 0..200_u32 {
            let [a, b, ..] = item.wrapping_mul(0x9e37_79b9).to_be_bytes();
            let requester = Requester { known_device: item % 5 == 0, ..from(a % 16, b % 8) };
            let told = queue.would_take(&requester, ONE, 10 * ONE);
            let refused = matches!(queue.push(entry(item, requester), 10 * ONE), Pushed::Refused(_));
            assert_eq!(told, !refused, "{item}");
            answers[usize::from(told)] += 1;
            if item % 3 == 0 {
                queue.pop(Duration::ZERO, true);
            }
        }
        assert!(answers.iter().all(|count| *count > 20), "{answers:?}");
    }

    /// LM-1: one client's hundred requests do not stand before another's one.
    #[test]
    fn who_sends_many_stands_behind_who_sends_one() {
        let mut queue = FairQueue::new();
        for item in 0..4 {
            push(&mut queue, item, from(1, item.to_le_bytes()[0]), PLENTY);
        }
        push(&mut queue, 100, from(2, 200), PLENTY);
        assert_eq!(pop_all(&mut queue), [0, 100, 1, 2, 3]);
    }

    /// LM-1: the same for many clients that try one account.
    #[test]
    fn many_clients_of_one_account_stand_behind_another_account() {
        let mut queue = FairQueue::new();
        for item in 0..4 {
            push(&mut queue, item, from(item.to_le_bytes()[0], 9), PLENTY);
        }
        push(&mut queue, 100, from(200, 8), PLENTY);
        assert_eq!(pop_all(&mut queue), [0, 100, 1, 2, 3]);
    }

    #[test]
    fn a_flow_that_is_served_starts_afresh() {
        let mut queue = FairQueue::new();
        push(&mut queue, 0, from(1, 1), PLENTY);
        push(&mut queue, 1, from(1, 1), PLENTY);
        assert_eq!(queue.pop(Duration::ZERO, true).next.unwrap().item, 0);
        assert_eq!(queue.pop(Duration::ZERO, true).next.unwrap().item, 1);
        push(&mut queue, 2, from(1, 1), PLENTY);
        push(&mut queue, 3, from(2, 2), PLENTY);
        assert_eq!(pop_all(&mut queue), [2, 3]);
    }

    /// LM-1: bounded, and it is the hog that is refused, whoever came first.
    #[test]
    fn a_full_queue_sheds_the_entry_that_is_furthest_behind() {
        let mut queue = FairQueue::new();
        for item in 0..3 {
            assert!(push(&mut queue, item, from(1, 1), 3 * ONE).is_empty());
        }
        assert_eq!(push(&mut queue, 3, from(1, 1), 3 * ONE), [3], "the hog's next one");
        assert_eq!(push(&mut queue, 4, from(2, 2), 3 * ONE), [2], "the hog's last one");
        assert_eq!((queue.len(), queue.work()), (3, 3 * ONE));
        assert_eq!(pop_all(&mut queue), [0, 4, 1]);
    }

    /// LM-1: one that takes as long as two makes two wait past their deadline: they are told at once. It
    /// displaces nobody if it does not fit all the same.
    #[test]
    fn a_full_queue_makes_as_much_room_as_an_entry_needs_or_none() {
        let mut queue = FairQueue::new();
        for item in 0..4 {
            push(&mut queue, item, from(1, 1), 4 * ONE);
        }
        let double = Entry { work: 2 * ONE, ..entry(4, from(2, 2)) };
        assert_eq!(push_entry(&mut queue, double, 4 * ONE), [3, 2]);
        let treble = Entry { work: 3 * ONE, ..entry(5, from(3, 3)) };
        assert_eq!(push_entry(&mut queue, treble, 4 * ONE), [5]);
        assert_eq!((queue.len(), queue.work()), (3, 4 * ONE));
        assert_eq!(pop_all(&mut queue), [0, 4, 1]);
    }

    /// The longest one there is fits where nobody is ahead of it, and has not lost its turns then.
    #[test]
    fn an_entry_larger_than_the_queue_runs_alone() {
        let mut queue = FairQueue::new();
        push(&mut queue, 0, from(1, 1), 2 * ONE);
        push(&mut queue, 1, from(1, 1), 2 * ONE);
        queue.pop(Duration::ZERO, true);
        let huge = Entry { work: 9 * ONE, ..entry(2, from(2, 2)) };
        assert_eq!(push_entry(&mut queue, huge, 2 * ONE), [1]);
        assert_eq!(push(&mut queue, 3, from(3, 3), 2 * ONE), [3]);
        assert_eq!(pop_all(&mut queue), [2]);
    }

    /// TH-2: while strangers flood, known devices have half of the pool and room in the queue.
    #[test]
    fn known_devices_take_turns_with_everybody_else() {
        let mut queue = FairQueue::new();
        for item in 0..5_u32 {
            let client = item.to_le_bytes()[0];
            push(&mut queue, item, from(client, client), 5 * ONE);
        }
        for (item, stranger) in [(10_u32, 4), (11, 3)] {
            let known = Requester { known_device: true, ..from(100, item.to_le_bytes()[0]) };
            assert_eq!(push(&mut queue, item, known, 5 * ONE), [stranger]);
        }
        assert_eq!(pop_all(&mut queue), [10, 0, 11, 1, 2]);
    }

    /// LM-1: a burst of expensive hashes has the whole pool while nobody else wants it, and half when
    /// somebody does.
    #[test]
    fn a_lane_may_have_what_the_other_one_leaves() {
        let known = |account| Requester { known_device: true, ..from(account, account) };
        let mut queue = FairQueue::new();
        for item in 0..4 {
            assert!(push(&mut queue, item, from(1, 1), 4 * ONE).is_empty());
        }
        assert_eq!(push(&mut queue, 4, from(1, 1), 4 * ONE), [4]);
        assert_eq!(push(&mut queue, 10, known(2), 4 * ONE), [3]);
        assert_eq!(push(&mut queue, 11, known(2), 4 * ONE), [2]);
        assert_eq!(push(&mut queue, 12, known(2), 4 * ONE), [12], "the other half is not theirs");
        assert_eq!(queue.work(), 4 * ONE);
        assert_eq!(pop_all(&mut queue), [10, 0, 11, 1]);
    }

    /// LM-1: nobody waits past the deadline (the exact instant counts as past).
    #[test]
    fn late_entries_come_out_as_expired() {
        let mut queue = FairQueue::new();
        push(&mut queue, 1, from(1, 1), PLENTY);
        let early = queue.pop(Duration::from_millis(999), false);
        assert_eq!((early.next.unwrap().item, early.expired.len()), (1, 0));
        push(&mut queue, 2, from(1, 1), PLENTY);
        let late = queue.pop(Duration::from_secs(1), true);
        assert!(late.next.is_none());
        assert_eq!((late.expired, queue.len(), queue.work()), (vec![2], 0, 0));
    }

    /// CC-6: an entry whose caller hung up frees its room and its client's turn.
    #[test]
    fn a_cancelled_entry_leaves_nothing_behind() {
        let mut queue = FairQueue::new();
        push(&mut queue, 0, from(3, 3), PLENTY);
        let Pushed::Queued(place, _) = queue.push(entry(1, from(1, 1)), PLENTY) else { panic!() };
        assert_eq!(queue.cancel(place), Some(1));
        assert_eq!(queue.cancel(place), None);
        assert_eq!((queue.len(), queue.work()), (1, ONE));
        push(&mut queue, 2, from(1, 1), PLENTY);
        push(&mut queue, 3, from(2, 2), PLENTY);
        assert_eq!(pop_all(&mut queue), [0, 2, 3]);
    }

    #[test]
    fn large_entries_wait_for_the_large_memory_without_holding_up_others() {
        let mut queue = FairQueue::new();
        queue.push(Entry { large: true, ..entry(0, from(1, 1)) }, PLENTY);
        push(&mut queue, 1, from(2, 2), PLENTY);
        assert_eq!(queue.pop(Duration::ZERO, false).next.unwrap().item, 1);
        assert!(queue.pop(Duration::ZERO, false).next.is_none());
        assert_eq!(queue.pop(Duration::ZERO, true).next.unwrap().item, 0);
    }

    /// LM-11: the book-keeping is bounded, whatever comes and goes while the queue never runs empty.
    #[test]
    fn memory_stays_bounded_under_ever_new_clients() {
        let mut queue = FairQueue::new();
        for item in 0..20_000_u32 {
            let [a, b, c, _] = item.to_le_bytes();
            let requester = Requester {
                client: Some([10, a, b, c].into()),
                account: AccountKey::from_bytes(u128::from(item).to_le_bytes()),
                known_device: false,
            };
            push(&mut queue, item, requester, 10 * ONE);
            if item % 2 == 1 {
                queue.pop(Duration::ZERO, true);
            }
        }
        assert!(queue.lanes[1].served_at.len() <= MAX_ENTRIES * 4 + 2);
    }
}
