//! What is counted, the form in which a store keeps the counts, and that in which a process reports them.

use std::net::IpAddr;

use crate::base::clock::Timestamp;
use crate::base::requester::AccountKey;
use crate::model::device_cookie::DeviceId;

/// An attempt to try a secret, before it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Guess {
    /// The account, whether it exists or not.
    pub account: AccountKey,
    /// The client's address, when the attempt comes over a network.
    pub client: Option<IpAddr>,
    /// The device, if it has proved that it signed in to this account before
    /// ([`DeviceCookies::find`](crate::model::device_cookie::DeviceCookies::find)).
    pub device: Option<DeviceId>,
}

/// What a store keeps of the throttle: the consecutive failures of one account or device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleRecord {
    /// The account or device.
    pub key: ThrottleKey,
    /// The number; zero says that earlier failures are forgiven.
    pub failures: u32,
    /// When the last one was counted, or when all were forgiven.
    pub last_failure_at: Timestamp,
    /// The last pardon, if there was one: failures from before it do not count, whenever they are heard of.
    pub forgiven_at: Option<Timestamp>,
}

/// What one process has counted for one key since it last said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleDelta {
    /// The account or device.
    pub key: ThrottleKey,
    /// The last pardon, if there was one.
    pub pardon: Option<Pardon>,
    /// When each failure was counted: those since the pardon, and no more than a key can have.
    pub failed_at: Vec<Timestamp>,
}

/// Failures that are forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pardon {
    /// When.
    pub at: Timestamp,
    /// How many stay counted: 0, or as many as do not stop an account.
    pub leaves: u32,
}

impl ThrottleDelta {
    pub(super) const fn none(key: ThrottleKey) -> Self {
        Self { key, pardon: None, failed_at: Vec::new() }
    }

    /// Forgives what was counted until now.
    pub(super) fn forgive(&mut self, pardon: Pardon) {
        let since = u32::try_from(self.failed_at.len()).unwrap_or(u32::MAX);
        self.pardon = Some(self.pardon.map_or(pardon, |earlier| Pardon {
            at: earlier.at.max(pardon.at),
            leaves: earlier.leaves.saturating_add(since).min(pardon.leaves),
        }));
        self.failed_at.clear();
    }

    /// Puts something before it that was taken out and could not be sent.
    pub(super) fn follow(&mut self, mut earlier: Self) {
        if let Some(pardon) = self.pardon {
            earlier.forgive(pardon);
        }
        earlier.failed_at.append(&mut self.failed_at);
        *self = earlier;
    }
}

/// The key of an account, of a device or of an account's known devices together, as a store keeps it: one
/// byte for the kind and sixteen more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThrottleKey([u8; 17]);

impl ThrottleKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 17]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 17] {
        &self.0
    }

    pub(super) fn account(account: AccountKey) -> Self {
        Self::new(0, account.as_bytes())
    }

    pub(super) fn device(device: DeviceId) -> Self {
        Self::new(1, device.as_bytes())
    }

    pub(super) fn devices(account: AccountKey) -> Self {
        Self::new(2, account.as_bytes())
    }

    fn new(kind: u8, rest: &[u8; 16]) -> Self {
        let mut bytes = [kind; 17];
        for (to, from) in bytes.iter_mut().skip(1).zip(rest) {
            *to = *from;
        }
        Self(bytes)
    }
}
