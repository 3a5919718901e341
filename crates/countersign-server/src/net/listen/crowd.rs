//! How many connections each client has: one client must not take all that there are (LM-4).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// Counts connections by client.
#[derive(Debug)]
pub(super) struct Crowd {
    most: usize,
    exempt: Vec<IpNet>,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<(Arc<Crowd>, IpAddr)>);

impl Crowd {
    /// At most `most` connections from each client. Those from `exempt` stand for many clients, and are not counted; nor
    /// are those from this machine.
    pub(super) fn new(most: usize, exempt: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { most, exempt, counts: Mutex::default() })
    }

    /// A place for a connection from this address, if its client has not too many.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if address.is_loopback() || self.exempt.iter().any(|net| net.contains(&address)) {
            return Some(Place(None));
        }
        let client = client(address);
        let mut counts = self.counts();
        let count = counts.entry(client).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place(Some((Arc::clone(self), client))))
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((crowd, client)) = &self.0 else { return };
        let mut counts = crowd.counts();
        if let Some(count) = counts.get_mut(client) {
            *count -= 1;
            if *count == 0 {
                // LM-11: no memory for clients that have gone.
                counts.remove(client);
            }
        }
    }
}

/// One IPv6 host has a whole /64 to choose addresses from.
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
        let crowd = Crowd::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let enter = |address: &str| crowd.enter(address.parse().unwrap());
        let first = enter("2001:db8::1").unwrap();
        let _second = enter("2001:db8::ffff:1").unwrap();
        assert!(enter("2001:db8::2").is_none(), "the same /64");
        let _other = enter("2001:db8:0:1::1").unwrap();
        drop(first);
        let _third = enter("2001:db8::2").unwrap();

        let many = |address: &'static str| (0..9).map_while(|_| enter(address)).collect::<Vec<_>>();
        assert_eq!(many("::ffff:192.0.2.1").len(), 2);
        assert_eq!(many("10.1.2.3").len(), 9, "a proxy stands for many");
        assert_eq!(many("127.0.0.1").len() + many("::1").len(), 18);
        assert_eq!(crowd.counts().len(), 2, "who has gone is forgotten");
    }
}
