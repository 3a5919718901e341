//! Limits the connections of each client, so that one client cannot take all of them (LM-4).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// Counts connections by client.
#[derive(Debug)]
pub(super) struct ConnectionsByClient {
    most: usize,
    exempt: Vec<IpNet>,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// The permission for one connection; dropping it returns it.
#[derive(Debug)]
pub(super) struct Admission(Option<(Arc<ConnectionsByClient>, IpAddr)>);

impl ConnectionsByClient {
    /// Allows `most` connections for each client. Connections from `exempt` (proxies, each for many clients)
    /// and from this machine are not counted.
    pub(super) fn new(most: usize, exempt: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { most, exempt, counts: Mutex::default() })
    }

    /// Admits a connection from this address, unless its client has too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let address = address.to_canonical();
        if address.is_loopback() || self.exempt.iter().any(|net| net.contains(&address)) {
            return Some(Admission(None));
        }
        let client = client(address);
        let mut counts = self.counts();
        let count = counts.entry(client).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Admission(Some((Arc::clone(self), client))))
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Some((connections, client)) = &self.0 else { return };
        let mut counts = connections.counts();
        if let Some(count) = counts.get_mut(client) {
            *count -= 1;
            if *count == 0 {
                // LM-11: clients without connections use no memory.
                counts.remove(client);
            }
        }
    }
}

/// An IPv6 host can choose its addresses from a whole /64.
fn client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// LM-4.
    #[test]
    fn one_client_gets_its_share_and_others_theirs() {
        let connections = ConnectionsByClient::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let admit = |address: &str| connections.admit(address.parse().unwrap());
        let first = admit("2001:db8::1").unwrap();
        let _second = admit("2001:db8::ffff:1").unwrap();
        assert!(admit("2001:db8::2").is_none(), "the same /64");
        let _other = admit("2001:db8:0:1::1").unwrap();
        drop(first);
        let _third = admit("2001:db8::2").unwrap();

        let many = |address: &'static str| (0..9).map_while(|_| admit(address)).collect::<Vec<_>>();
        assert_eq!(many("::ffff:192.0.2.1").len(), 2);
        assert_eq!(many("10.1.2.3").len(), 9, "a proxy carries many clients");
        assert_eq!(many("127.0.0.1").len() + many("::1").len(), 18);
        assert_eq!(connections.counts().len(), 2, "clients without connections are forgotten");
    }
}
