//! All counts together, and what one attempt does to them. Every method is a few look-ups under one lock.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use super::options::{Rate, ThrottleOptions};
use super::rate::{Used, UsedBy};
use super::rule::Failures;
use super::{Guess, ThrottleKey, ThrottleRecord};
use crate::clock::Timestamp;
use crate::password::Network;

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
    alarm: bool,
}

/// What one attempt was counted as.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reserved {
    KnownDevice { device: ThrottleKey, account: ThrottleKey },
    Unknown { account: ThrottleKey, client: Option<IpAddr>, first: bool },
}

impl Reserved {
    pub(super) const fn is_known_device(&self) -> bool {
        matches!(self, Self::KnownDevice { .. })
    }
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
        let account = ThrottleKey::account(guess.account);
        if let Some(device) = guess.device.map(ThrottleKey::device)
            && self.failures_of(device, now).count < self.options.device_budget
        {
            self.add_failure(device, now);
            return Ok(Reserved::KnownDevice { device, account });
        }
        let before = self.failures_of(account, now);
        let wait = before.wait(now, &self.options).max(self.network_wait(guess.client, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        let first = before.count == 0;
        self.add_failure(account, now);
        if let Some(address) = guess.client {
            self.networks.take(Network::of(address), now);
            self.neighbourhoods.take(Network::around(address), now);
        }
        if first {
            self.first_failures.take(now, self.options.spray);
        }
        self.watch_for_spraying(now);
        Ok(Reserved::Unknown { account, client: guess.client, first })
    }

    /// A success forgets its own count. That of a known device also lets unknown ones try again that were stopped:
    /// the owner is there.
    pub(super) fn succeeded(&mut self, reserved: &Reserved) {
        match *reserved {
            Reserved::KnownDevice { device, account } => {
                self.forget(device);
                let most = self.options.stop_after - 1;
                if let Some(failures) = self.failures.get_mut(&account).filter(|f| f.count > most) {
                    failures.count = most;
                    self.mark_unsaved(account);
                }
            }
            Reserved::Unknown { account, .. } => {
                self.give_back(reserved);
                self.forget(account);
            }
        }
    }

    pub(super) fn not_checked(&mut self, reserved: &Reserved) {
        self.give_back(reserved);
        let (Reserved::KnownDevice { device: key, .. } | Reserved::Unknown { account: key, .. }) = *reserved;
        if let Some(failures) = self.failures.get_mut(&key) {
            failures.take_back();
            self.mark_unsaved(key);
        }
    }

    pub(super) fn forget(&mut self, key: ThrottleKey) {
        if self.failures.remove(&key).is_some() {
            self.mark_unsaved(key);
        }
    }

    pub(super) fn take_unsaved(&mut self, limit: usize) -> Vec<ThrottleRecord> {
        let keys: Vec<_> = self.unsaved.iter().copied().take(limit).collect();
        let record = |key| {
            self.unsaved.remove(&key);
            let failures = self.failures.get(&key).unwrap_or(&Failures::NONE);
            ThrottleRecord { key, failures: failures.count, last_failure_at: failures.last_at }
        };
        keys.into_iter().map(record).collect()
    }

    pub(super) fn restore(&mut self, records: &[ThrottleRecord], now: Timestamp) {
        for record in records {
            let stored = Failures { count: record.failures, last_at: record.last_failure_at };
            let newer = self.failures.get(&record.key).is_none_or(|here| here.last_at < stored.last_at);
            if newer && !self.unsaved.contains(&record.key) && !stored.are_forgotten(now, &self.options) {
                self.make_room(now);
                self.failures.insert(record.key, stored);
            }
        }
    }

    pub(super) const fn spraying(&self) -> bool {
        self.spraying
    }

    pub(super) const fn take_spray_alarm(&mut self) -> bool {
        std::mem::replace(&mut self.alarm, false)
    }

    fn failures_of(&self, key: ThrottleKey, now: Timestamp) -> Failures {
        let failures = self.failures.get(&key).filter(|failures| !failures.are_forgotten(now, &self.options));
        failures.copied().unwrap_or(Failures::NONE)
    }

    fn add_failure(&mut self, key: ThrottleKey, now: Timestamp) {
        let mut failures = self.failures_of(key, now);
        failures.add(now);
        if !self.failures.contains_key(&key) {
            self.make_room(now);
        }
        self.failures.insert(key, failures);
        self.mark_unsaved(key);
    }

    fn give_back(&mut self, reserved: &Reserved) {
        let Reserved::Unknown { client, first, .. } = *reserved else { return };
        if let Some(address) = client {
            self.networks.give_back(&Network::of(address));
            self.neighbourhoods.give_back(&Network::around(address));
        }
        if first {
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
