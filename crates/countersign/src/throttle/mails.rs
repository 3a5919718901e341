//! How many requests for mails there were lately, by network and in all, and which proofs of work were used. In memory, bounded,
//! and each process for itself: what is demanded by one node follows from what it has seen. `model/work.rs` decides by it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::base::clock::Timestamp;
use crate::base::master_key::MasterKeys;
use crate::base::requester::Network;
use crate::model::work::{COUNTED, LIFETIME, RecentRequests, SolvedWork, WorkChallenges};

/// What has to be solved before somebody causes a mail, how many have asked, and what was solved.
#[derive(Debug)]
pub(crate) struct MailGate {
    pub(crate) challenges: WorkChallenges,
    pub(crate) requests: MailRequests,
}

impl MailGate {
    pub(crate) fn new(master_keys: &MasterKeys) -> Self {
        Self { challenges: WorkChallenges::new(master_keys), requests: MailRequests::default() }
    }
}

/// Counts requests for mails.
#[derive(Debug, Default)]
pub(crate) struct MailRequests(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    overall: Window,
    by_network: HashMap<Network, Window>,
    used: Used,
}

impl MailRequests {
    /// How many there were, without the next one.
    pub(crate) fn recent(&self, from: Option<IpAddr>, now: Timestamp) -> RecentRequests {
        self.with(|state| RecentRequests {
            of_network: from
                .and_then(|address| state.by_network.get(&Network::of(address)))
                .map_or(0, |window| window.count(now)),
            overall: state.overall.count(now),
        })
    }

    /// Counts one.
    pub(crate) fn count(&self, from: Option<IpAddr>, now: Timestamp) {
        self.with(|state| {
            state.overall.add(now);
            if let Some(address) = from {
                state.add(Network::of(address), now);
            }
        });
    }

    /// Uses a proof; `false` if it was used before.
    pub(crate) fn use_once(&self, solved: SolvedWork, now: Timestamp) -> bool {
        self.with(|state| state.used.insert(solved.id, now))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn add(&mut self, network: Network, now: Timestamp) {
        if self.by_network.len() >= MOST_NETWORKS && !self.by_network.contains_key(&network) {
            self.make_room(now);
        }
        self.by_network.entry(network).or_default().add(now);
    }

    /// Whoever has asked for least goes first (LM-11).
    fn make_room(&mut self, now: Timestamp) {
        let mut least = 0;
        while self.by_network.len() > MOST_NETWORKS / 4 * 3 {
            self.by_network.retain(|_, window| window.count(now) > least);
            least = 2 * least + 1;
        }
    }
}

/// The requests of the span of [`COUNTED`] that runs, and of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    span: i64,
    running: u32,
    before: u32,
}

impl Window {
    /// About how many there were within [`COUNTED`]: of the span before as much as is not longer ago, as if they were spread evenly.
    fn count(self, now: Timestamp) -> u32 {
        let Self { running, before, .. } = self.at(now);
        let left = span_millis() - now.as_unix_millis().rem_euclid(span_millis());
        let of_before = i64::from(before) * left / span_millis();
        running.saturating_add(u32::try_from(of_before).unwrap_or(u32::MAX))
    }

    fn add(&mut self, now: Timestamp) {
        *self = self.at(now);
        self.running = self.running.saturating_add(1);
    }

    /// The same, when it is so late.
    const fn at(self, now: Timestamp) -> Self {
        let span = now.as_unix_millis().div_euclid(span_millis());
        match span.saturating_sub(self.span) {
            0 => self,
            1 => Self { span, running: 0, before: self.running },
            // Also when the clock was set back: then nothing is known.
            _ => Self { span, running: 0, before: 0 },
        }
    }
}

const fn span_millis() -> i64 {
    COUNTED.as_secs().cast_signed() * 1_000
}

/// The proofs that were used. With room for so many, the oldest goes first: a proof that can be used twice brings its address one
/// mail more than it would get otherwise, a minute later (EM-6).
#[derive(Debug, Default)]
struct Used {
    order: VecDeque<(Timestamp, u64)>,
    ids: HashSet<u64>,
}

impl Used {
    fn insert(&mut self, id: u64, now: Timestamp) -> bool {
        while let Some(&(at, oldest)) = self.order.front() {
            if now.since(at) < LIFETIME && self.order.len() < MOST_USED {
                break;
            }
            self.order.pop_front();
            self.ids.remove(&oldest);
        }
        let is_new = self.ids.insert(id);
        if is_new {
            self.order.push_back((now, id));
        }
        is_new
    }
}

const MOST_NETWORKS: usize = 16_384;
const MOST_USED: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// At the beginning of a span.
    const START: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn recent(requests: &MailRequests, from: Option<IpAddr>, now: Timestamp) -> (u32, u32) {
        let RecentRequests { of_network, overall } = requests.recent(from, now);
        (of_network, overall)
    }

    /// EM-6, TH-7: by the /64 of an IPv6 address, and over all networks.
    #[test]
    fn requests_are_counted_by_network_and_forgotten() {
        let requests = MailRequests::default();
        let [one, same, other] = ["2001:db8::1", "2001:db8::2", "192.0.2.1"].map(|text| Some(address(text)));
        for from in [one, same, other, None] {
            requests.count(from, START);
        }
        assert_eq!(recent(&requests, one, START), (2, 4));
        assert_eq!(recent(&requests, None, START), (0, 4));
        assert_eq!(recent(&requests, other, after(599)), (1, 4));
        // Half of them are thought to be longer ago than ten minutes, then all are.
        assert_eq!(recent(&requests, one, after(900)), (1, 2));
        assert_eq!(recent(&requests, one, after(1_200)), (0, 0));
        requests.count(one, after(600));
        assert_eq!(recent(&requests, one, after(600)), (3, 5));
        assert_eq!(recent(&requests, one, START), (0, 0), "the clock was set back");
    }

    /// LM-11: as many networks as there may be need no more memory, and the busiest are still known.
    #[test]
    fn the_number_of_networks_is_bounded_and_the_busiest_stay() {
        let requests = MailRequests::default();
        let busy = Some(address("192.0.2.1"));
        for _ in 0..9 {
            requests.count(busy, START);
        }
        for network in 0..u32::try_from(3 * MOST_NETWORKS).unwrap() {
            requests.count(Some(IpAddr::V4((0x0a00_0000 + network).into())), START);
        }
        let state = requests.0.lock().unwrap();
        assert!(state.by_network.len() <= MOST_NETWORKS, "{}", state.by_network.len());
        drop(state);
        assert_eq!(recent(&requests, busy, START).0, 9);
    }

    /// CC-5: a proof is used once, as long as it could be used at all; and memory has an end (LM-11).
    #[test]
    fn a_proof_is_used_once() {
        let requests = MailRequests::default();
        let shown = |id, now| requests.use_once(SolvedWork { id }, now);
        assert!(shown(1, START) && shown(2, START));
        assert!(!shown(1, START) && !shown(2, after(299)));
        assert!(shown(1, after(300)), "its challenge has expired: nobody asks");
        for id in 0..u64::try_from(2 * MOST_USED).unwrap() {
            shown(1_000 + id, after(300));
        }
        let state = requests.0.lock().unwrap();
        assert_eq!((state.used.order.len(), state.used.ids.len()), (MOST_USED, MOST_USED));
    }
}
