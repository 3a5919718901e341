//! The device cookie: a proof that this browser has signed in to this account before, and nothing else. It
//! gives its bearer a few guesses of his own when everybody else is stopped (TH-2); it is no credential
//! (CK-6).
//!
//! ```text
//! csd_<device>.<device>…      up to five, the newest first: several people may share a browser
//! device = base64url( version(1) | master key number(1) | device id(16) | minute of issue(4, big endian) | tag(16) )
//! tag    = HMAC-SHA256(device key, everything before it | canonical account name)[..16]
//! ```
//! The envelope is that of `base/mac_token.rs`, bound to the name: so one account's device
//! is nobody for another.

use std::fmt;
use std::time::Duration;

use crate::base::clock::Timestamp;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::random::Random;

/// A device that has signed in before: random, known to its owner's browser and to our counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId([u8; 16]);

impl DeviceId {
    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Makes and reads device cookies.
#[derive(Clone, Debug)]
pub struct DeviceCookies(MacTokens<BODY_LEN>);

/// The value of a device cookie: sent by a browser, and proving nothing yet, or to be set after a good login.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceCookie(String);

impl DeviceCookie {
    /// How long a browser should keep it; after that we do not believe it any more.
    pub const MAX_AGE: Duration = Duration::from_hours(400 * 24);

    /// Takes what a browser sent; `None` for what cannot be a device cookie.
    #[must_use]
    pub fn from_browser(value: &str) -> Option<Self> {
        devices(value).next().map(|_| Self(value.to_owned()))
    }

    /// The cookie's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCookie([redacted])")
    }
}

impl DeviceCookies {
    /// Derives the tag keys from the master keys.
    #[must_use]
    pub fn new(master_keys: &MasterKeys) -> Self {
        Self(MacTokens::new(master_keys, Purpose::DeviceCookie))
    }

    /// The device that this cookie proves for the account with this canonical name, if any.
    #[must_use]
    pub fn find(&self, cookie: &DeviceCookie, canonical_name: &str, now: Timestamp) -> Option<DeviceId> {
        devices(&cookie.0).find_map(|device| self.check(device, canonical_name, now))
    }

    /// The cookie to set when somebody has signed in to the account with this canonical name: the device that
    /// `cookie` proves, afresh, or a new one; and what the cookie has for other accounts.
    #[must_use]
    pub fn remember(
        &self,
        cookie: Option<&DeviceCookie>,
        canonical_name: &str,
        now: Timestamp,
        random: &Random,
    ) -> DeviceCookie {
        let found = cookie.and_then(|cookie| self.find(cookie, canonical_name, now));
        let id = found.unwrap_or_else(|| DeviceId(random.bytes()));
        self.with(id, cookie, canonical_name, now)
    }

    /// The same with a device that nobody knows yet, whatever `cookie` proves: for what a stolen cookie must not bring along.
    #[must_use]
    pub fn renew(
        &self,
        cookie: Option<&DeviceCookie>,
        canonical_name: &str,
        now: Timestamp,
        random: &Random,
    ) -> (DeviceId, DeviceCookie) {
        let id = DeviceId(random.bytes());
        (id, self.with(id, cookie, canonical_name, now))
    }

    fn with(
        &self,
        id: DeviceId,
        cookie: Option<&DeviceCookie>,
        canonical_name: &str,
        now: Timestamp,
    ) -> DeviceCookie {
        let others = cookie
            .into_iter()
            .flat_map(|cookie| devices(&cookie.0))
            .filter(|device| self.check(device, canonical_name, now).is_none());
        let mut value = PREFIX.to_owned();
        self.encode_into(&mut value, id, canonical_name, now);
        for other in others.take(MOST - 1) {
            value.push('.');
            value.push_str(other);
        }
        DeviceCookie(value)
    }

    fn encode_into(&self, value: &mut String, id: DeviceId, canonical_name: &str, now: Timestamp) {
        let mut body = [0; BODY_LEN];
        body[..16].copy_from_slice(&id.0);
        body[16..].copy_from_slice(&minute(now).to_be_bytes());
        self.0.seal_into(value, &body, canonical_name.as_bytes());
    }

    fn check(&self, device: &str, canonical_name: &str, now: Timestamp) -> Option<DeviceId> {
        let body = self.0.open(device, canonical_name.as_bytes())?;
        let (id, issued) = body.split_first_chunk()?;
        let age = minute(now).saturating_sub(u32::from_be_bytes(*issued.first_chunk()?));
        (Duration::from_mins(age.into()) < DeviceCookie::MAX_AGE).then_some(DeviceId(*id))
    }
}

/// The devices of a cookie, unchecked, of the right form and no more than a cookie of ours has.
fn devices(cookie: &str) -> impl Iterator<Item = &str> {
    let body = cookie.strip_prefix(PREFIX).filter(|body| body.len() < MOST * (TEXT_LEN + 1));
    let fine = |device: &&str| {
        device.len() == TEXT_LEN
            && device.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    body.into_iter().flat_map(|body| body.split('.')).filter(fine)
}

fn minute(now: Timestamp) -> u32 {
    u32::try_from(now.as_unix_seconds() / 60).unwrap_or_default()
}

const PREFIX: &str = "csd_";
/// Device ID, minute of issue.
const BODY_LEN: usize = 16 + 4;
const TEXT_LEN: usize = MacTokens::<BODY_LEN>::TEXT_LEN;
const MOST: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

    fn cookies(seed: u64) -> DeviceCookies {
        DeviceCookies::new(&MasterKeys::generate(&Random::insecure_seeded(seed)))
    }

    fn remember(cookie: Option<&str>, name: &str) -> String {
        let cookie = cookie.and_then(DeviceCookie::from_browser);
        cookies(1).remember(cookie.as_ref(), name, NOW, &Random::insecure_seeded(7)).as_str().to_owned()
    }

    fn find(seed: u64, cookie: &str, name: &str, now: Timestamp) -> Option<DeviceId> {
        cookies(seed).find(&DeviceCookie::from_browser(cookie)?, name, now)
    }

    /// CK-6, TH-2: a device is proved for the account it signed in to, and for no other.
    #[test]
    fn a_cookie_proves_one_account_of_one_server() {
        let cookie = remember(None, "bob");
        assert!(find(1, &cookie, "bob", NOW).is_some());
        assert_eq!(find(1, &cookie, "alice", NOW), None);
        assert_eq!(find(1, &cookie, "bo", NOW), None);
        assert_eq!(find(2, &cookie, "bob", NOW), None, "another server's");
    }

    /// CK-6: it lives on in the same browser, next to those of other accounts, and has an end.
    #[test]
    fn several_accounts_share_a_browser() {
        let bob = remember(None, "bob");
        let id = find(1, &bob, "bob", NOW);
        let both = remember(Some(&bob), "alice");
        let again = remember(Some(&both), "bob");
        assert_eq!(find(1, &again, "bob", NOW), id);
        assert!(find(1, &again, "alice", NOW).is_some());
        assert_eq!(again.matches('.').count(), 1, "no device twice");
        let mut full = bob.clone();
        for name in ["c", "d", "e", "f", "g", "h"] {
            full = remember(Some(&full), name);
        }
        assert_eq!(full.matches('.').count(), 4);
        assert!(full.len() < 300 && find(1, &full, "bob", NOW).is_none());
        let end = NOW.plus(DeviceCookie::MAX_AGE);
        assert!(find(1, &bob, "bob", end.minus(Duration::from_mins(1))).is_some());
        assert_eq!(find(1, &bob, "bob", end), None);
    }

    /// The form never changes: cookies live for 400 days, over every update.
    #[test]
    fn the_text_of_a_cookie_is_fixed() {
        let fixed = "csd_AQEZRUont1L5BZCVB9YWDdyIAcnDgLBox0-sUnlc0m4HX5HbURk";
        assert_eq!(remember(None, "bob"), fixed);
        assert!(find(1, fixed, "bob", NOW).is_some());
    }

    /// TK-5: any changed character, and what is no cookie of ours, proves nothing and is not passed on.
    #[test]
    fn forged_cookies_prove_nothing() {
        let cookie = remember(None, "bob");
        for at in 0..cookie.len() {
            let with = if cookie.as_bytes()[at] == b'A' { "B" } else { "A" };
            let forged = format!("{}{with}{}", &cookie[..at], &cookie[at + 1..]);
            assert_eq!(find(1, &forged, "bob", NOW), None, "{at}");
            assert_eq!(find(1, &cookie[..at], "bob", NOW), None, "{at}");
        }
        for junk in ["", "csd_", "csr_x", "csd_..", &format!("csd_{}", "A.".repeat(10_000)), "csd_a;b"] {
            assert_eq!(find(1, junk, "bob", NOW), None);
            assert_eq!(remember(Some(junk), "bob").len(), PREFIX.len() + TEXT_LEN);
        }
    }
}
