//! The log of ended sessions: everything that still matters, and the latest news as a ring of encoded events. A
//! follower is a place in that ring and has no buffer; one that falls out of it begins anew. Pure: every time
//! is an argument.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::cursor::Cursor;
use super::event::{Entry, Event, Sid, revoked};
use crate::feed::wire::{MAX_WITHDRAWN, Revoked, Sync};

/// What followers can ask for. See the module.
#[derive(Debug)]
pub(super) struct Log {
    epoch: u64,
    /// Tokens that were issued before are refused, in Unix seconds.
    not_before: Option<i64>,
    retain: Duration,
    live: HashMap<Sid, Live>,
    /// The latest time at which anything became known: no later entry is older, whatever the clocks say.
    known: i64,
    /// Recorded, but not yet an event.
    pending: Vec<Entry>,
    ring: VecDeque<Event>,
    ring_bytes: usize,
    max_ring_bytes: usize,
    /// The number of the last event.
    last: u64,
    /// Everything up to this time is in the ring, in Unix milliseconds.
    as_of: i64,
    /// The same once `pending` is in the ring.
    heard: i64,
    keys: Option<String>,
    withdrawn: Vec<String>,
    keys_version: u64,
    /// The version that was last in an event.
    keys_said: u64,
    beats: u64,
    beat: Option<Event>,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    until: i64,
    known: i64,
}

/// Where a follower begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// After this event.
    After(u64),
    /// With all entries that became known at this time or later, in Unix milliseconds.
    Since(i64),
    /// With all entries.
    Snapshot,
}

impl Log {
    pub(super) fn new(epoch: u64, retain: Duration, max_ring_bytes: usize) -> Self {
        Self {
            epoch,
            not_before: None,
            retain,
            live: HashMap::new(),
            known: i64::MIN,
            pending: Vec::new(),
            ring: VecDeque::new(),
            ring_bytes: 0,
            max_ring_bytes,
            last: 0,
            as_of: 0,
            heard: 0,
            keys: None,
            withdrawn: Vec::new(),
            keys_version: 0,
            keys_said: 0,
            beats: 0,
            beat: None,
        }
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) const fn not_before(&self) -> Option<i64> {
        self.not_before
    }

    /// Gives whether that is news: then another epoch begins, since each follower has to hear it.
    pub(super) fn revoke_issued_before(&mut self, issued_at: i64) -> bool {
        let is_news = self.not_before < Some(issued_at);
        if is_news {
            self.not_before = Some(issued_at);
            // As random as the first one was.
            self.begin_anew(self.epoch.wrapping_add(1));
        }
        is_news
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Changes with each heartbeat.
    pub(super) const fn beats(&self) -> u64 {
        self.beats
    }

    pub(super) const fn as_of(&self) -> i64 {
        self.as_of
    }

    /// Adds an entry, unless it is known already. `known_at`, in Unix milliseconds, is when it became known; an
    /// entry without it is in every delta.
    pub(super) fn record(&mut self, sid: Sid, until: i64, known_at: Option<i64>) {
        self.known = known_at.map_or(self.known, |at| at.max(self.known));
        let known = if known_at.is_some() { self.known } else { i64::MAX };
        let live = self.live.entry(sid.clone()).or_insert(Live { until: i64::MIN, known });
        if live.until < until {
            *live = Live { until, known };
            self.pending.push(Entry { until, sid });
        }
    }

    /// Everything up to `as_of` has been recorded. Gives whether the keys have changed, or were withdrawn.
    pub(super) fn synced(&mut self, as_of: i64, keys: Option<String>) -> bool {
        self.heard = as_of;
        if self.pending.is_empty() {
            self.as_of = as_of;
        }
        self.keys_version += u64::from(self.keys != keys);
        self.keys = keys;
        std::mem::replace(&mut self.keys_said, self.keys_version) != self.keys_version
    }

    /// Adds key IDs to those that are withdrawn; of many, the last. Followers hear of them with the next [`synced`](Self::synced).
    pub(super) fn withdraw(&mut self, key_ids: &[String]) {
        for key_id in &key_ids[key_ids.len().saturating_sub(MAX_WITHDRAWN)..] {
            if !self.withdrawn.contains(key_id) {
                self.withdrawn.push(key_id.clone());
                self.keys_version += 1;
            }
        }
        // Caches have long forgotten the oldest.
        let excess = self.withdrawn.len().saturating_sub(MAX_WITHDRAWN);
        self.withdrawn.drain(..excess);
    }

    /// Whether something has been recorded that is not yet an event.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// An entity tag that changes when anything ends or the keys change (RFC 9110 §8.8.3).
    pub(super) fn tag(&self) -> String {
        format!("W/\"{:016x}.{}.{}\"", self.epoch, self.last, self.keys_version)
    }

    /// Makes events of what was recorded. Gives whether there was anything.
    pub(super) fn flush(&mut self) -> bool {
        let pending = std::mem::take(&mut self.pending);
        let is_news = !pending.is_empty();
        if pending.len() * ID_BYTES > self.max_ring_bytes {
            // The first that a process learns, perhaps: nobody could read so much from the ring.
            self.last += 1;
            self.clear_ring();
        } else {
            for revoked in &revoked(pending) {
                self.push(revoked);
            }
        }
        self.as_of = self.heard;
        is_news
    }

    fn push(&mut self, revoked: &Revoked) {
        self.last += 1;
        let event = Event::new("revoked", Some(self.cursor()), revoked);
        self.ring_bytes += event.len();
        self.ring.push_back(event);
        while self.ring_bytes > self.max_ring_bytes {
            let Some(oldest) = self.ring.pop_front() else { break };
            self.ring_bytes -= oldest.len();
        }
    }

    fn clear_ring(&mut self) {
        self.ring.clear();
        self.ring_bytes = 0;
    }

    /// Makes the next heartbeat, after everything that was recorded.
    pub(super) fn beat(&mut self) {
        self.flush();
        self.beats += 1;
        self.beat = Some(self.sync_event());
    }

    /// The last heartbeat.
    pub(super) fn last_beat(&self) -> Option<&Event> {
        self.beat.as_ref()
    }

    /// A heartbeat out of turn, for one follower that has caught up.
    pub(super) fn sync_event(&self) -> Event {
        Event::new("sync", Some(self.cursor()), &self.sync())
    }

    pub(super) fn sync(&self) -> Sync {
        Sync { as_of: self.as_of, keys: self.keys.clone(), withdrawn: self.withdrawn.clone() }
    }

    /// The cursor of a follower that has every event.
    pub(super) const fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, number: self.last, as_of: self.as_of }
    }

    /// Begins another epoch: no cursor of before says any more what its follower has.
    pub(super) fn begin_anew(&mut self, epoch: u64) {
        self.flush();
        self.epoch = epoch;
        self.clear_ring();
    }

    /// Forgets the entries that do not matter any more at `now`, in Unix seconds.
    pub(super) fn forget_expired(&mut self, now: i64) {
        self.live.retain(|_, live| now < live.until);
        if self.live.capacity() / 4 > self.live.len() {
            self.live.shrink_to(2 * self.live.len());
        }
    }

    /// Where a follower with this cursor begins at `now`, in Unix milliseconds. A cursor of another log says up
    /// to when its follower has everything. That time is another clock's, and what was ended before it may have
    /// been committed after it: an overlap makes up for both.
    pub(super) fn start(&self, cursor: Option<Cursor>, now: i64) -> Start {
        let Some(cursor) = cursor else { return Start::Snapshot };
        if cursor.epoch == self.epoch && self.has(cursor.number) {
            return Start::After(cursor.number);
        }
        let retain = i64::try_from(self.retain.as_millis()).unwrap_or(i64::MAX);
        let age = now.saturating_sub(cursor.as_of);
        if (-OVERLAP..retain).contains(&age) {
            // Whole steps, so that followers that come back together share one answer.
            let since = cursor.as_of.saturating_sub(OVERLAP);
            Start::Since(since.saturating_sub(since.rem_euclid(SINCE_STEP)))
        } else {
            Start::Snapshot
        }
    }

    /// Whether every event after this number is in the ring.
    pub(super) fn has(&self, number: u64) -> bool {
        number <= self.last && self.last - number <= self.ring.len() as u64
    }

    /// The event with this number.
    pub(super) fn event(&self, number: u64) -> Option<&Event> {
        let from_end = usize::try_from(self.last.checked_sub(number)?).ok()?;
        self.ring.get(self.ring.len().checked_sub(from_end + 1)?)
    }

    /// The entries that became known at `since` or later, or all, as far as they matter at `now`, in Unix
    /// seconds.
    pub(super) fn entries(&self, since: Option<i64>, now: i64) -> Vec<Entry> {
        let is_wanted = |live: &Live| now < live.until && since.is_none_or(|since| since <= live.known);
        let wanted = self.live.iter().filter(|(_, live)| is_wanted(live));
        wanted.map(|(sid, live)| Entry { until: live.until, sid: sid.clone() }).collect()
    }
}

/// How much further back than its cursor's time a follower of another log begins, in milliseconds.
const OVERLAP: i64 = 15_000;
const SINCE_STEP: i64 = 5_000;
/// A session ID in an event.
const ID_BYTES: usize = 39;

#[cfg(test)]
mod tests;
