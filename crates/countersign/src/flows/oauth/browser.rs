//! A browser in which an application's request goes on.

use subtle::ConstantTimeEq as _;

/// A browser: what it keeps for requests, as a hash, and its refresh token, if somebody is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Browser<'a> {
    /// SHA-256 of what it keeps in a cookie.
    pub hash: Option<[u8; 32]>,
    /// The refresh token. Secret. It is only looked at.
    pub refresh_token: Option<&'a str>,
}

/// Whether a request came in this browser.
pub(super) fn is_of(browser: Browser<'_>, browser_hash: &[u8; 32]) -> bool {
    browser.hash.is_some_and(|hash| hash.ct_eq(browser_hash).into())
}
