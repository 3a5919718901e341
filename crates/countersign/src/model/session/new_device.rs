//! Whether somebody signs in on a device that was not known. Its browser has no device cookie of the account; whether it is told
//! is decided in the transaction of the sign-in, by the sessions that the store remembers.
//!
//! Programs that keep no cookies sign in again and again. What they have in common is a network and a name, so a sign-in like an
//! earlier one is no news, and of unlike ones there is a mail an hour at most. A thief in the owner's network with the owner's
//! browser is not told from the owner.

use std::net::IpAddr;
use std::time::Duration;

use super::Session;
use crate::base::clock::Timestamp;
use crate::base::requester::Network;
use crate::model::account::Account;

/// Where a session begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    /// The client's address.
    pub(crate) address: Option<IpAddr>,
    /// The `User-Agent`, cut to 256 bytes.
    pub(crate) user_agent: Option<String>,
}

/// Whether this is news for the owner of an account, whose remembered sessions come the oldest first.
pub(super) fn is_news(account: &Account, earlier: &[Session], device: &Device, now: Timestamp) -> bool {
    if earlier.is_empty() {
        // It is the first sign-in, or the first after a long time, which is when a stranger's is easily missed.
        return now >= account.created_at.plus(NEW_ACCOUNT);
    }
    // When there were mails is not kept: it follows from the sessions, as if each had been without a cookie.
    let mut told = None;
    for (index, session) in earlier.iter().enumerate() {
        let its = Device { address: session.address, user_agent: session.user_agent.clone() };
        let is_new = !earlier[..index].iter().any(|before| is_like(before, &its));
        if is_new && told.is_none_or(|told: Timestamp| session.created_at >= told.plus(BETWEEN)) {
            told = Some(session.created_at);
        }
    }
    let is_new = !earlier.iter().any(|session| is_like(session, device));
    is_new && told.is_none_or(|told| now >= told.plus(BETWEEN))
}

fn is_like(session: &Session, device: &Device) -> bool {
    let network = |address: Option<std::net::IpAddr>| address.map(Network::of);
    session.user_agent == device.user_agent && network(session.address) == network(device.address)
}

/// Whoever makes an account signs in to it soon.
const NEW_ACCOUNT: Duration = Duration::from_hours(7 * 24);
/// Between two mails.
const BETWEEN: Duration = Duration::from_hours(1);
/// So many of an account's sessions are looked at, the last ones.
pub(crate) const LOOKED_AT: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::session::testing::{T, account, session_of};

    fn device(network: &str, name: &str) -> Device {
        Device { address: Some(network.parse().unwrap()), user_agent: Some(name.to_owned()) }
    }

    fn session(seed: u64, device: &Device, minutes_ago: u64) -> Session {
        let created_at = T.minus(Duration::from_mins(minutes_ago));
        let (address, user_agent) = (device.address, device.user_agent.clone());
        Session { created_at, user_agent, address, ..session_of(&account(), seed) }
    }

    #[test]
    fn the_first_sign_in_of_a_new_account_is_no_news() {
        let made = |before: Duration| Account { created_at: T.minus(before), ..account() };
        let device = device("192.0.2.1", "Firefox");
        let ms = Duration::from_millis(1);
        for (account, expected) in [
            (made(Duration::ZERO), false),
            (made(NEW_ACCOUNT.saturating_sub(ms)), false),
            (made(NEW_ACCOUNT), true),
        ] {
            assert_eq!(is_news(&account, &[], &device, T), expected);
        }
    }

    #[test]
    fn a_network_and_a_browser_that_were_there_before_are_no_news() {
        let known = device("2001:db8::1", "Firefox");
        let earlier = [session(1, &known, 90 * 24 * 60), session(2, &known, 3)];
        for (address, name, expected) in [
            ("2001:db8::2", "Firefox", false),
            ("2001:db8:0:1::1", "Firefox", true),
            ("2001:db8::1", "Chrome", true),
        ] {
            assert_eq!(
                is_news(&account(), &earlier, &device(address, name), T),
                expected,
                "{address} {name}"
            );
        }
        let nothing = Device::default();
        assert!(is_news(&account(), &earlier, &nothing, T));
        let earlier = [session(1, &nothing, 90), session(2, &known, 80)];
        assert!(!is_news(&account(), &earlier, &nothing, T), "a program that says nothing of itself");
    }

    /// However many networks a program signs in from.
    #[test]
    fn of_unlike_sign_ins_there_is_a_mail_an_hour() {
        let from = |n: usize| device(&format!("192.0.2.{n}"), "curl");
        let mut earlier = vec![session(0, &from(0), 24 * 60)];
        let mut mails = Vec::new();
        for minute in 0..180 {
            let now = T.plus(Duration::from_mins(minute));
            let here = from(1 + usize::try_from(minute).unwrap());
            if is_news(&account(), &earlier, &here, now) {
                mails.push(minute);
            }
            earlier.push(Session { created_at: now, ..session(1 + minute, &here, 0) });
        }
        assert_eq!(mails, [0, 60, 120]);
    }
}
