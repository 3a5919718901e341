//! The client's address. `X-Forwarded-For` is believed only from configured proxies, and read from the right up to the
//! first hop that is not one of them: the client may have written everything to the left of it (TP-2). `Forwarded`
//! (RFC 7239) is not read: a proxy that does not write it passes on the client's.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use ipnet::IpNet;

use crate::base::clock::Timestamp;
use crate::model::context::{Actor, Context};

/// The address of the socket's other end: a server puts it into the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// The context of a request for the use cases.
pub(in crate::http) fn context(parts: &Parts, trusted: &[IpNet], actor: Actor, now: Timestamp) -> Context {
    let address = client_address(&parts.extensions, &parts.headers, trusted);
    let request_id = parts.extensions.get().copied();
    Context { request_id, address, user_agent: user_agent(&parts.headers), ..Context::local(actor, now) }
}

/// The client's address, if the request came over a network: from a [`PeerAddress`], or axum's `ConnectInfo<SocketAddr>`;
/// and from `X-Forwarded-For` as far as `trusted` proxies wrote it (TP-2).
#[must_use]
pub fn client_address(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    peer(extensions).map(|peer| follow(peer, headers, trusted))
}

const X_FORWARDED_FOR: &str = "x-forwarded-for";

pub(in crate::http) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let ours = extensions.get::<PeerAddress>().map(|peer| peer.0);
    ours.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip()))
}

fn follow(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer.to_canonical();
    // A malformed one is as far as the proxies can be followed.
    for hop in from_the_right(headers) {
        if !is_trusted(client) {
            break;
        }
        match std::str::from_utf8(hop).ok().and_then(parse_hop) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// The elements of `X-Forwarded-For`, the last first. Empty ones mean nothing (RFC 9110 §5.6.1).
fn from_the_right(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty())
}

/// What `X-Forwarded-For` says, the first hop first, whoever wrote it.
pub(in crate::http) fn hops(headers: &HeaderMap) -> Vec<String> {
    let mut hops: Vec<_> =
        from_the_right(headers).map(|hop| String::from_utf8_lossy(hop).into_owned()).collect();
    hops.reverse();
    hops
}

/// An address, alone or with a port, as some proxies write it: `192.0.2.1:4711`, `[2001:db8::1]:4711` (RFC 7239 §6), and
/// an IPv6 address in brackets without one.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    hop.parse().ok().or_else(with_port).or_else(in_brackets)
}

/// The `User-Agent`, printable and cut to 256 bytes.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(256).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TP-2: forged headers directly, through one proxy and through two.
    #[test]
    fn only_configured_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let client = |peer: &str, forwarded: &[&'static str]| {
            let values = forwarded.iter().map(|v| v.parse().unwrap());
            let headers =
                values.map(|v| (axum::http::HeaderName::from_static("x-forwarded-for"), v)).collect();
            follow(peer.parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(client("203.0.113.9", &["1.2.3.4"]), "203.0.113.9", "direct: ignored");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9", "one proxy");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.9, 10.0.0.2"]), "203.0.113.9", "two proxies");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "203.0.113.9"]), "203.0.113.9", "two headers");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, nonsense"]), "10.0.0.1", "malformed: not further");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "\u{e9}"]), "10.0.0.1", "malformed: not further");
        assert_eq!(client("10.0.0.1", &["1.2.3.4,203.0.113.9 ,,\t", ""]), "203.0.113.9", "empty elements");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["2001:db8::1"]), "2001:db8::1", "mapped IPv4");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.9:5678, 10.0.0.2:80"]), "203.0.113.9", "ports");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:80, [fd00::1]"]), "2001:db8::1", "brackets");
        for hop in ["203.0.113.9:", "203.0.113.9:99999", "[203.0.113.9]", "[2001:db8::1", "2001:db8::1]:80"] {
            assert_eq!(client("10.0.0.1", &[hop]), "10.0.0.1", "malformed: {hop}");
        }
    }
}
