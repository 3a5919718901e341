//! What is counted, and the form in which a store keeps the counts.

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
