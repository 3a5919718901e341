//! All counts together, and what one attempt does to them. Every method is a few look-ups under one lock.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::options::{Rate, ThrottleOptions};
use super::rate::{Used, UsedBy};
use super::record::{Guess, ThrottleKey, ThrottleRecord};
use super::rule::Failures;
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

    fn account_key(&self) -> Option<ThrottleKey> {
        (!self.is_known_device()).then(|| ThrottleKey::account(self.account))
    }

    fn device_keys(&self) -> impl Iterator<Item = ThrottleKey> + use<> {
        self.device.into_iter().flat_map(own_keys(self.account))
    }
}

/// Under which a known device's failures are counted: its own, and those of all known devices of the account together,
/// so that nobody who collects device cookies has ever more guesses.
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
        }
    }

    /// Counts an attempt, or says how long to wait.
    pub(super) fn reserve(&mut self, guess: &Guess, now: Timestamp) -> Result<Reserved, Duration> {
        let &Guess { account, client, device } = guess;
        let reserved = |counted| Reserved { counted, account, device, at: now };
        if device.is_some_and(|device| self.has_attempts_left(account, device, now)) {
            let reserved = reserved(Counted::KnownDevice);
            reserved.counted_for().for_each(|key| self.add_failure(key, now));
            return Ok(reserved);
        }
        let key = ThrottleKey::account(account);
        let before = self.failures_of(key, now);
        let wait = before.wait(now, &self.options).max(self.network_wait(client, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.add_failure(key, now);
        if let Some(address) = client {
            self.networks.take(Network::of(address), now);
            self.neighbourhoods.take(Network::around(address), now);
        }
        if before.count == 0 {
            self.first_failures.take(now, self.options.spray);
        }
        self.watch_for_spraying(now);
        Ok(reserved(Counted::Unknown { client, before }))
    }

    /// It stays counted, and that is to be stored.
    pub(super) fn failed(&mut self, reserved: &Reserved) {
        reserved.counted_for().for_each(|key| self.mark_unsaved(key));
    }

    /// A success forgets its own count, and that of the device it came from, whether it counted for it or not. That of a
    /// known device also lets unknown ones try again that were stopped: the owner is there.
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

    fn has_attempts_left(&self, account: AccountKey, device: DeviceId, now: Timestamp) -> bool {
        let [own, together] = own_keys(account)(device).map(|key| self.failures_of(key, now).count);
        own < self.options.device_budget && together < self.options.known_devices_budget()
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

    /// While somebody sprays, a network has a quarter of its burst (TH-9). Known devices never come here.
    fn network_wait(&self, client: Option<IpAddr>, now: Timestamp) -> Duration {
        let Some(address) = client else { return Duration::ZERO };
        let share = if self.spraying { 4 } else { 1 };
        let rate = |rate: Rate| Rate { burst: (rate.burst / share).max(1), ..rate };
        let own = self.networks.wait(&Network::of(address), now, rate(self.networks.rate()));
        let around = rate(self.neighbourhoods.rate());
        own.max(self.neighbourhoods.wait(&Network::around(address), now, around))
    }

    fn watch_for_spraying(&mut self, now: Timestamp) {
        let level = self.first_failures.level(now, self.options.spray);
        if !self.spraying && level >= self.options.spray.burst {
            (self.spraying, self.alarm) = (true, true);
        } else if level < self.options.spray.burst / 2 {
            self.spraying = false;
        }
    }

    /// Bounded (LM-11). What is forgotten goes first, then those with the fewest failures: ever new names push each
    /// other out, and not the account that somebody is really guessing at.
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
