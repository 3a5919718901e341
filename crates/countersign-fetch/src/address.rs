//! Which of the addresses that a name resolves to may be connected to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::error::ForbiddenAddress;
use crate::options::Addresses;

/// The system's resolver behind the rule. One forbidden address refuses the name: a mix of public and private
/// addresses is an attack.
#[derive(Debug)]
pub(crate) struct RuledResolver {
    pub(crate) addresses: Addresses,
    inner: DefaultResolver,
}

impl RuledResolver {
    pub(crate) fn new(addresses: Addresses) -> Self {
        Self { addresses, inner: DefaultResolver::default() }
    }
}

impl Resolver for RuledResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let resolved = self.inner.resolve(uri, config, timeout)?;
        let forbidden =
            resolved.iter().map(std::net::SocketAddr::ip).find(|ip| !allows(self.addresses, uri, *ip));
        match forbidden {
            Some(ip) => Err(Error::Io(io::Error::other(ForbiddenAddress(ip)))),
            None => Ok(resolved),
        }
    }
}

/// Plain HTTP goes to this machine only, even if a hosts file says that `localhost` is elsewhere.
fn allows(addresses: Addresses, uri: &Uri, ip: IpAddr) -> bool {
    match addresses {
        Addresses::PublicOnly => is_public(ip),
        Addresses::Any => uri.scheme_str() != Some("http") || ip.is_loopback(),
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded_v4(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

/// The IPv4 address that a packet to this one would go to: mapped (RFC 4291 §2.5.5.2) or through a NAT64 (RFC
/// 6052).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let is_in = |(network, bits): (Ipv4Addr, u32)| (ip.to_bits() ^ network.to_bits()) >> (32 - bits) == 0;
    !SPECIAL_V4.into_iter().any(is_in)
}

/// The networks that are not global by the registry of special addresses (RFC 6890), with prefix lengths.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10), // carriers' NAT (RFC 6598)
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local, with the metadata services of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24), // documentation (RFC 5737), as two below
    (Ipv4Addr::new(192, 88, 99, 0), 24), // relays into IPv6 (RFC 7526)
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarks (RFC 2544)
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4), // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4), // reserved, broadcast
];

/// Global unicast is `2000::/3` (RFC 4291 §2.4), without the networks for documentation and those that embed
/// an IPv4 address.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8, // protocols (Teredo among them), documentation
        [0x2002, ..] => false,                                      // 6to4
        [0x3fff, second, ..] => second >= 0x1000,                   // documentation (RFC 9637)
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIAL: &str = "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 169.254.169.254 172.16.0.1
        172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.1
        224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1
        64:ff9b::169.254.169.254 64:ff9b:1::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 2001::1 2001:1ff::1
        2001:db8::1 2002:a00:1:: 3fff::1 3fff:fff::1 100::1 5f00::1 4000::1";
    const PUBLIC: &str = "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
        169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255
        198.20.0.0 223.255.255.255 ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2001:200::1 2001:4860::8888 2606:4700::1111
        3fff:1000::1";

    #[test]
    fn private_and_special_addresses_are_not_public() {
        for (list, expected) in [(SPECIAL, false), (PUBLIC, true)] {
            for ip in list.split_whitespace() {
                assert_eq!(is_public(ip.parse().unwrap()), expected, "{ip}");
            }
        }
    }

    #[test]
    fn plain_http_leads_to_this_machine_whatever_localhost_means() {
        let allows =
            |url: &str, ip: &str| super::allows(Addresses::Any, &url.parse().unwrap(), ip.parse().unwrap());
        assert!(allows("http://localhost/", "127.0.0.1") && allows("http://localhost/", "::1"));
        assert!(!allows("http://localhost/", "10.0.0.1") && !allows("http://localhost/", "1.1.1.1"));
        assert!(allows("https://auth.corp/", "10.0.0.1"));
    }
}
