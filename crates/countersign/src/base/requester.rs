//! On whose behalf a hash is computed: what the queue is fair between.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// On whose behalf a hash is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The client's address, when the request came over a network.
    pub client: Option<IpAddr>,
    /// The account that is tried, whether it exists or not.
    pub account: AccountKey,
    /// Whether the request proved that it comes from a device that has signed in to this account before. Such requests
    /// have half of the pool to themselves when it is crowded, so a flood cannot shut the owners out (TH-2).
    pub known_device: bool,
}

/// Stands for an account name wherever attempts are counted or queued. It is a keyed hash of the canonical name, so it
/// exists for unknown names just the same (EN-3) and gives no list of names away.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey([u8; 16]);

impl AccountKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({:08x})", u128::from_be_bytes(self.0) >> 96)
    }
}

/// The part of an address that one subscriber controls: an IPv4 address, or the /64 of an IPv6 one (TH-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Network {
    V4(Ipv4Addr),
    V6(u64),
}

impl Network {
    /// The network of this address. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => Self::V6((v6.to_bits() >> 64) as u64),
        }
    }

    /// The larger network around this address: the IPv4 /24 or the IPv6 /48.
    pub(crate) fn around(address: IpAddr) -> Self {
        match Self::of(address) {
            Self::V4(v4) => Self::V4(Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
            Self::V6(network) => Self::V6(network & !0xffff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TH-7: all addresses of one IPv6 /64 are one client; a mapped IPv4 address is that IPv4 address.
    #[test]
    fn a_subscriber_is_one_network() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
