//! All counts together, and what one attempt does to them. Every method is a few look-ups under one lock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::options::{Rate, ThrottleOptions};
use super::rate::{Used, UsedBy};
use super::record::{Guess, Pardon, ThrottleDelta, ThrottleKey, ThrottleRecord};
use super::rule::Failures;
use super::undecided::{Count, Undecided};
use crate::base::clock::Timestamp;
use crate::base::requester::{AccountKey, Network};
use crate::model::device_cookie::DeviceId;

#[derive(Debug)]
pub(super) struct State {
    options: ThrottleOptions,
    /// Those that are decided.
    failures: HashMap<ThrottleKey, Failures>,
    /// What the store has not been told.
    unsent: HashMap<ThrottleKey, ThrottleDelta>,
    networks: UsedBy<Network>,
    neighbourhoods: UsedBy<Network>,
    /// First failures of accounts, over all.
    first_failures: Used,
    spraying: bool,
    /// Spraying has come up, and nobody has been told yet.
    pub(super) alarm: bool,
    pub(super) undecided: Undecided,
}

/// An attempt that was not counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// How long to wait if every undecided attempt fails.
    pub(super) wait: Duration,
    /// The count that is in the way, where it would not be if no undecided attempt failed.
    pub(super) undecided: Option<Count>,
}

/// What one attempt was counted as, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reserved {
    counted: Counted,
    account: AccountKey,
    /// The device that the attempt came from, whether it still had attempts of its own or not.
    device: Option<DeviceId>,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
enum Counted {
    KnownDevice,
    Unknown { client: Option<IpAddr>, is_first: bool },
}

impl Reserved {
    pub(super) const fn is_known_device(&self) -> bool {
        matches!(self.counted, Counted::KnownDevice)
    }

    /// Whose failure it is, if it fails.
    fn counted_for(&self) -> impl Iterator<Item = ThrottleKey> + use<> {
        let account = self.account_key();
        let device = self.device_keys().filter(move |_| account.is_none());
        account.into_iter().chain(device)
    }

    /// Whose failures are over, if it succeeds.
    fn forgiven(&self) -> impl Iterator<Item = ThrottleKey> + use<> {
        self.account_key().into_iter().chain(self.device_keys())
    }

    /// Where it is undecided.
    fn counts(&self) -> impl Iterator<Item = Count> + use<> {
        let client = match self.counted {
            Counted::Unknown { client, .. } => client,
            Counted::KnownDevice => None,
        };
        let networks = client.into_iter().flat_map(|address| {
            [Count::Network(Network::of(address)), Count::Neighbourhood(Network::around(address))]
        });
        self.counted_for().map(Count::Failures).chain(networks)
    }

    fn account_key(&self) -> Option<ThrottleKey> {
        (!self.is_known_device()).then(|| ThrottleKey::account(self.account))
    }

    fn device_keys(&self) -> impl Iterator<Item = ThrottleKey> + use<> {
        self.device.into_iter().flat_map(own_keys(self.account))
    }
}

/// Under which a known device's failures are counted: its own, and those of all known devices of the account
/// together, so that nobody who collects device cookies has ever more guesses.
fn own_keys(account: AccountKey) -> impl Fn(DeviceId) -> [ThrottleKey; 2] {
    move |device| [ThrottleKey::device(device), ThrottleKey::devices(account)]
}

impl State {
    pub(super) fn new(options: ThrottleOptions) -> Self {
        Self {
            options,
            failures: HashMap::new(),
            unsent: HashMap::new(),
            networks: UsedBy::new(options.per_network, options.max_records),
            neighbourhoods: UsedBy::new(options.per_neighbourhood, options.max_records),
            first_failures: Used::NOTHING,
            spraying: false,
            alarm: false,
            undecided: Undecided::new(options.max_waiting),
        }
    }

    pub(super) const fn options(&self) -> ThrottleOptions {
        self.options
    }

    pub(super) fn set_options(&mut self, options: ThrottleOptions) {
        self.networks.set_limits(options.per_network, options.max_records);
        self.neighbourhoods.set_limits(options.per_neighbourhood, options.max_records);
        self.options = options;
    }

    /// Counts an attempt, or says how long to wait.
    pub(super) fn reserve(&mut self, guess: &Guess, now: Timestamp) -> Result<Reserved, Refusal> {
        let &Guess { account, client, device } = guess;
        let reserved = |counted| Reserved { counted, account, device, at: now };
        if device.is_some_and(|device| self.has_attempts_left(account, device, now)) {
            return Ok(self.begin(reserved(Counted::KnownDevice)));
        }
        let before = self.failures_of(ThrottleKey::account(account), now);
        let wait = before.wait(now, &self.options).max(self.network_wait(client, now));
        if !wait.is_zero() {
            return Err(Refusal { wait, undecided: self.in_the_way(guess, now) });
        }
        let is_first = before.count == 0;
        let reserved = self.begin(reserved(Counted::Unknown { client, is_first }));
        if let Some(address) = client {
            self.networks.take(Network::of(address), now);
            self.neighbourhoods.take(Network::around(address), now);
        }
        if is_first {
            self.first_failures.take(now, self.options.spray);
        }
        self.watch_for_spraying(now);
        Ok(reserved)
    }

    /// Counts it as failed until it is decided.
    fn begin(&mut self, reserved: Reserved) -> Reserved {
        reserved.counts().for_each(|count| self.undecided.begin(count));
        reserved
    }

    /// It stays counted, and that is to be stored.
    pub(super) fn failed(&mut self, reserved: &Reserved) {
        reserved.counts().for_each(|count| self.undecided.end(count));
        reserved.counted_for().for_each(|key| self.add_failure(key, reserved.at));
    }

    /// A success forgets its own count, and that of the device it came from, whether it counted for it or
    /// not. That of a known device also lets unknown ones try again that were stopped: the owner is there.
    /// `true` if there was something to forget.
    pub(super) fn succeeded(&mut self, reserved: &Reserved) -> bool {
        self.not_checked(reserved);
        let account = ThrottleKey::account(reserved.account);
        let until_stopped = self.options.stop_unknown_after().saturating_sub(1);
        let counts = reserved.forgiven().map(|key| (key, 0)).chain([(account, until_stopped)]);
        counts.fold(false, |forgave, (key, leaves)| {
            let is_more = self.failures.get(&key).is_some_and(|failures| failures.count > leaves);
            if is_more {
                self.forget(key, Pardon { at: reserved.at, leaves });
            }
            forgave || is_more
        })
    }

    pub(super) fn not_checked(&mut self, reserved: &Reserved) {
        reserved.counts().for_each(|count| self.undecided.end(count));
        self.give_back(reserved);
    }

    /// Whoever may has set the password anew: for an account that had failures here or in any other process.
    pub(super) fn forgive(&mut self, account: AccountKey, at: Timestamp) {
        self.forget(ThrottleKey::account(account), Pardon { at, leaves: 0 });
        self.forget(ThrottleKey::devices(account), Pardon { at, leaves: 0 });
    }

    pub(super) fn take_unsent(&mut self, limit: usize) -> Vec<ThrottleDelta> {
        let keys: Vec<_> = self.unsent.keys().copied().take(limit).collect();
        keys.into_iter().filter_map(|key| self.unsent.remove(&key)).collect()
    }

    /// They could not be sent after all.
    pub(super) fn keep_unsent(&mut self, deltas: Vec<ThrottleDelta>) {
        for earlier in deltas {
            if let Some(delta) = self.unsent(earlier.key) {
                delta.follow(earlier);
            }
        }
    }

    /// Takes over totals, to which comes what the store does not know yet.
    pub(super) fn learn(&mut self, totals: &[ThrottleRecord], now: Timestamp) {
        for total in totals {
            let mut failures = Failures::from(total);
            if let Some(unsent) = self.unsent.get(&total.key) {
                failures = failures.with(unsent, now, &self.options);
            }
            let known = self.failures.get(&total.key);
            if known.is_none_or(|known| !failures.are_older_than(known, now, &self.options)) {
                self.insert(total.key, failures, now);
            }
        }
    }

    pub(super) fn records(&self) -> usize {
        self.failures.len()
    }

    pub(super) const fn spraying(&self) -> bool {
        self.spraying
    }

    /// With those that are not decided, as if each failed now.
    pub(super) fn failures_of(&self, key: ThrottleKey, now: Timestamp) -> Failures {
        let decided = self.decided_failures_of(key, now);
        match self.undecided.number(Count::Failures(key)) {
            0 => decided,
            more => Failures { count: decided.count.saturating_add(more), last_at: now, ..decided },
        }
    }

    fn decided_failures_of(&self, key: ThrottleKey, now: Timestamp) -> Failures {
        let failures = self.failures.get(&key).filter(|failures| !failures.are_forgotten(now, &self.options));
        failures.copied().unwrap_or(Failures::NONE)
    }

    fn has_attempts_left(&self, account: AccountKey, device: DeviceId, now: Timestamp) -> bool {
        self.is_within_budget(own_keys(account)(device).map(|key| self.failures_of(key, now).count))
    }

    const fn is_within_budget(&self, [own, together]: [u32; 2]) -> bool {
        own < self.options.device_budget && together < self.options.known_devices_budget()
    }

    /// For an attempt that is refused: the count that refuses it because of undecided attempts alone. `None`
    /// where enough have really failed.
    fn in_the_way(&self, guess: &Guess, now: Timestamp) -> Option<Count> {
        let &Guess { account, client, device } = guess;
        let known = device
            .map(|device| own_keys(account)(device).map(|key| self.decided_failures_of(key, now).count));
        if known.is_some_and(|decided| self.is_within_budget(decided)) {
            return Some(Count::Failures(ThrottleKey::devices(account)));
        }
        let key = ThrottleKey::account(account);
        let networks = client.map_or([None; 2], |address| {
            [Some(Count::Network(Network::of(address))), Some(Count::Neighbourhood(Network::around(address)))]
        });
        let counts = [Some(Count::Failures(key)), networks[0], networks[1]];
        let mut in_the_way = None;
        for count in counts.into_iter().flatten() {
            let (wait, if_none_fails) = self.waits(count, now);
            if !if_none_fails.is_zero() {
                return None;
            }
            if !wait.is_zero() {
                in_the_way = in_the_way.or(Some(count));
            }
        }
        in_the_way
    }

    /// How long this count makes an unknown device wait, and how long if no undecided attempt fails.
    fn waits(&self, count: Count, now: Timestamp) -> (Duration, Duration) {
        let undecided = self.undecided.number(count);
        match count {
            Count::Failures(key) => {
                let wait = |failures: Failures| failures.wait(now, &self.options);
                (wait(self.failures_of(key, now)), wait(self.decided_failures_of(key, now)))
            }
            Count::Network(network) => self.rate_waits(&self.networks, &network, undecided, now),
            Count::Neighbourhood(network) => self.rate_waits(&self.neighbourhoods, &network, undecided, now),
        }
    }

    fn rate_waits(
        &self,
        used: &UsedBy<Network>,
        network: &Network,
        undecided: u32,
        now: Timestamp,
    ) -> (Duration, Duration) {
        let rate = self.tightened(used.rate());
        (used.wait(network, now, rate, 0), used.wait(network, now, rate, undecided))
    }

    fn add_failure(&mut self, key: ThrottleKey, at: Timestamp) {
        let failed = ThrottleDelta { failed_at: vec![at], ..ThrottleDelta::none(key) };
        let known = self.failures.get(&key).copied().unwrap_or(Failures::NONE);
        self.insert(key, known.with(&failed, at, &self.options), at);
        if let Some(delta) = self.unsent(key) {
            delta.failed_at.push(at);
        }
    }

    /// Keeps a count of zero: the pardon overtakes what others have stored and know.
    fn forget(&mut self, key: ThrottleKey, pardon: Pardon) {
        let mut failures = self.failures.get(&key).copied().unwrap_or(Failures::NONE);
        failures.forgive(pardon);
        self.insert(key, failures, pardon.at);
        if let Some(delta) = self.unsent(key) {
            delta.forgive(pardon);
        }
    }

    fn insert(&mut self, key: ThrottleKey, failures: Failures, now: Timestamp) {
        if !self.failures.contains_key(&key) {
            self.make_room(now);
        }
        self.failures.insert(key, failures);
    }

    fn give_back(&mut self, reserved: &Reserved) {
        let Counted::Unknown { client, is_first } = reserved.counted else { return };
        if let Some(address) = client {
            self.networks.give_back(&Network::of(address));
            self.neighbourhoods.give_back(&Network::around(address));
        }
        if is_first {
            self.first_failures.give_back(self.options.spray);
        }
    }

    fn network_wait(&self, client: Option<IpAddr>, now: Timestamp) -> Duration {
        let Some(address) = client else { return Duration::ZERO };
        let (own, _) = self.waits(Count::Network(Network::of(address)), now);
        let (around, _) = self.waits(Count::Neighbourhood(Network::around(address)), now);
        own.max(around)
    }

    /// While somebody sprays, a network has a quarter of its burst (TH-9). Known devices never come here.
    fn tightened(&self, rate: Rate) -> Rate {
        let share = if self.spraying { 4 } else { 1 };
        Rate { burst: (rate.burst / share).max(1), ..rate }
    }

    fn watch_for_spraying(&mut self, now: Timestamp) {
        let level = self.first_failures.level(now, self.options.spray);
        if !self.spraying && level >= self.options.spray.burst {
            (self.spraying, self.alarm) = (true, true);
        } else if level < self.options.spray.burst / 2 {
            self.spraying = false;
        }
    }

    /// Bounded (LM-11). What is forgotten goes first, then those with the fewest failures: ever new names
    /// push each other out, and not the account that somebody is really guessing at.
    fn make_room(&mut self, now: Timestamp) {
        if self.failures.len() < self.options.max_records {
            return;
        }
        let options = self.options;
        self.failures.retain(|_, failures| !failures.are_forgotten(now, &options));
        let mut least = 1;
        while self.failures.len() > options.max_records / 4 * 3 {
            self.failures.retain(|_, failures| failures.count > least);
            least *= 2;
        }
    }

    /// What the store is to be told of a key; `None` while it has taken nothing for so long that there is no
    /// room (LM-11).
    fn unsent(&mut self, key: ThrottleKey) -> Option<&mut ThrottleDelta> {
        let has_room = self.unsent.len() < self.options.max_records || self.unsent.contains_key(&key);
        has_room.then(|| self.unsent.entry(key).or_insert_with(|| ThrottleDelta::none(key)))
    }
}
