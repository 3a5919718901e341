//! All counts together, and what one attempt does to them. Every method is a few look-ups under one lock.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::options::{Rate, ThrottleOptions};
use super::rate::{Used, UsedBy};
use super::record::{Guess, ThrottleKey, ThrottleRecord};
use super::rule::Failures;
use super::undecided::{Count, Undecided};
use crate::base::clock::Timestamp;
use crate::base::requester::{AccountKey, Network};
use crate::model::device_cookie::DeviceId;

#[derive(Debug)]
pub(super) struct State {
    options: ThrottleOptions,
    failures: HashMap<ThrottleKey, Failures>,
    unsaved: HashSet<ThrottleKey>,
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
    Unknown { client: Option<IpAddr>, before: Failures },
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
            unsaved: HashSet::new(),
            networks: UsedBy::new(options.per_network, options.max_records),
            neighbourhoods: UsedBy::new(options.per_neighbourhood, options.max_records),
            first_failures: Used::NOTHING,
            spraying: false,
            alarm: false,
            undecided: Undecided::new(options.max_waiting),
        }
    }

    /// Counts an attempt, or says how long to wait.
    pub(super) fn reserve(&mut self, guess: &Guess, now: Timestamp) -> Result<Reserved, Refusal> {
        let &Guess { account, client, device } = guess;
        let reserved = |counted| Reserved { counted, account, device, at: now };
        if device.is_some_and(|device| self.has_attempts_left(account, device, now)) {
            return Ok(self.begin(reserved(Counted::KnownDevice), now));
        }
        let before = self.failures_of(ThrottleKey::account(account), now);
        let wait = before.wait(now, &self.options).max(self.network_wait(client, now));
        if !wait.is_zero() {
            return Err(Refusal { wait, undecided: self.in_the_way(guess, now) });
        }
        let reserved = self.begin(reserved(Counted::Unknown { client, before }), now);
        if let Some(address) = client {
            self.networks.take(Network::of(address), now);
            self.neighbourhoods.take(Network::around(address), now);
        }
        if before.count == 0 {
            self.first_failures.take(now, self.options.spray);
        }
        self.watch_for_spraying(now);
        Ok(reserved)
    }

    /// Counts it as failed until it is decided.
    fn begin(&mut self, reserved: Reserved, now: Timestamp) -> Reserved {
        for count in reserved.counts() {
            let before = match count {
                Count::Failures(key) => self.failures_of(key, now).last_at,
                Count::Network(_) | Count::Neighbourhood(_) => now,
            };
            self.undecided.begin(count, before);
        }
        reserved.counted_for().for_each(|key| self.add_failure(key, now));
        reserved
    }

    /// It stays counted, and that is to be stored.
    pub(super) fn failed(&mut self, reserved: &Reserved) {
        reserved.counts().for_each(|count| self.undecided.end(count, Some(reserved.at)));
        reserved.counted_for().for_each(|key| self.mark_unsaved(key));
    }

    /// A success forgets its own count, and that of the device it came from, whether it counted for it or
    /// not. That of a known device also lets unknown ones try again that were stopped: the owner is there.
    pub(super) fn succeeded(&mut self, reserved: &Reserved) {
        self.not_checked(reserved);
        for key in reserved.forgiven() {
            if self.failures.contains_key(&key) {
                self.forget(key, reserved.at);
            }
        }
        let account = ThrottleKey::account(reserved.account);
        let most = self.options.stop_unknown_after().saturating_sub(1);
        if let Some(failures) = self.failures.get_mut(&account).filter(|failures| failures.count > most) {
            failures.count = most;
            self.mark_unsaved(account);
        }
    }

    pub(super) fn not_checked(&mut self, reserved: &Reserved) {
        reserved.counts().for_each(|count| self.undecided.end(count, None));
        self.give_back(reserved);
        reserved.counted_for().for_each(|key| self.take_back(key, reserved));
    }

    /// Whoever may has set the password anew: for an account that had failures here or in any other process.
    pub(super) fn forgive(&mut self, account: AccountKey, now: Timestamp) {
        self.forget(ThrottleKey::account(account), now);
        self.forget(ThrottleKey::devices(account), now);
    }

    pub(super) fn take_unsaved(&mut self, limit: usize) -> Vec<ThrottleRecord> {
        let keys: Vec<_> = self.unsaved.iter().copied().take(limit).collect();
        let record = |key| {
            self.unsaved.remove(&key);
            let failures = self.failures.get(&key)?;
            Some(ThrottleRecord { key, failures: failures.count, last_failure_at: failures.last_at })
        };
        keys.into_iter().filter_map(record).collect()
    }

    /// They could not be stored after all. What is stored the next time is how it is then.
    pub(super) fn keep_unsaved(&mut self, records: &[ThrottleRecord]) {
        for record in records {
            self.mark_unsaved(record.key);
        }
    }

    pub(super) fn restore(&mut self, records: &[ThrottleRecord], now: Timestamp) {
        for record in records {
            let stored = Failures { count: record.failures, last_at: record.last_failure_at };
            let newer = |here: &Failures| {
                !stored.is_ahead_of(now) && (here.last_at < stored.last_at || here.is_ahead_of(now))
            };
            let newer = self.failures.get(&record.key).is_none_or(newer);
            if !newer || self.unsaved.contains(&record.key) {
                continue;
            }
            if stored.are_forgotten(now, &self.options) {
                self.failures.remove(&record.key);
            } else {
                self.insert(record.key, stored, now);
            }
        }
    }

    pub(super) const fn spraying(&self) -> bool {
        self.spraying
    }

    fn failures_of(&self, key: ThrottleKey, now: Timestamp) -> Failures {
        let failures = self.failures.get(&key).filter(|failures| !failures.are_forgotten(now, &self.options));
        failures.copied().unwrap_or(Failures::NONE)
    }

    /// The failures that are decided.
    fn decided_failures_of(&self, key: ThrottleKey, now: Timestamp) -> Failures {
        let (all, count) = (self.failures_of(key, now), Count::Failures(key));
        Failures {
            count: all.count.saturating_sub(self.undecided.number(count)),
            last_at: self.undecided.last_failure_at(count).unwrap_or(all.last_at),
        }
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

    /// In memory only: an attempt that turns out not to be a failure costs the store nothing.
    fn add_failure(&mut self, key: ThrottleKey, now: Timestamp) {
        let mut failures = self.failures_of(key, now);
        failures.add(now);
        self.insert(key, failures, now);
    }

    fn take_back(&mut self, key: ThrottleKey, reserved: &Reserved) {
        let Some(failures) = self.failures.get_mut(&key) else { return };
        failures.take_back();
        if let Counted::Unknown { before, .. } = reserved.counted
            && failures.last_at == reserved.at
        {
            failures.last_at = before.last_at; // who was not looked at does not have to wait anew either
        }
        if failures.count == 0 && !self.unsaved.contains(&key) {
            self.failures.remove(&key);
        }
    }

    /// Keeps a count of zero, so that it overtakes what others have stored and know.
    fn forget(&mut self, key: ThrottleKey, now: Timestamp) {
        let last_at = self.failures.get(&key).map_or(now, |failures| failures.last_at.max(now));
        self.insert(key, Failures { count: 0, last_at }, now);
        self.mark_unsaved(key);
    }

    fn insert(&mut self, key: ThrottleKey, failures: Failures, now: Timestamp) {
        if !self.failures.contains_key(&key) {
            self.make_room(now);
        }
        self.failures.insert(key, failures);
    }

    fn give_back(&mut self, reserved: &Reserved) {
        let Counted::Unknown { client, before } = reserved.counted else { return };
        if let Some(address) = client {
            self.networks.give_back(&Network::of(address));
            self.neighbourhoods.give_back(&Network::around(address));
        }
        if before.count == 0 {
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
        let failures = &self.failures;
        self.unsaved.retain(|key| failures.contains_key(key));
    }

    fn mark_unsaved(&mut self, key: ThrottleKey) {
        if self.unsaved.len() < self.options.max_records {
            self.unsaved.insert(key);
        }
    }
}
