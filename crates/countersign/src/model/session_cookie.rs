//! The session cookie, by which a browser is known to a reverse proxy that asks about its requests for pages.
//!
//! ```text
//! css_ base64url( version(1) | master key number(1) | session ID(16) | tag(16) )
//! ```
//!
//! The envelope is that of `base/mac_token.rs`. The cookie names a session and says nothing of
//! it, so it is worth what the session is worth at that moment: nothing, once it has ended.

use std::fmt;

use zeroize::Zeroizing;

use crate::base::id::SessionId;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};

/// The value of a session cookie. Secret.
pub struct SessionCookie(Zeroizing<String>);

impl SessionCookie {
    /// The cookie's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCookie([redacted])")
    }
}

/// Makes and reads session cookies.
#[derive(Clone, Debug)]
pub(crate) struct SessionCookies(MacTokens<16>);

impl SessionCookies {
    pub(crate) fn new(master_keys: &MasterKeys) -> Self {
        Self(MacTokens::new(master_keys, Purpose::SessionCookie))
    }

    pub(crate) fn issue(&self, session: SessionId) -> SessionCookie {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + MacTokens::<16>::TEXT_LEN));
        text.push_str(PREFIX);
        self.0.seal_into(&mut text, session.as_bytes(), b"");
        SessionCookie(text)
    }

    /// The session that a cookie of ours names.
    pub(crate) fn parse(&self, text: &str) -> Option<SessionId> {
        let body = self.0.open(text.strip_prefix(PREFIX)?, b"")?;
        Some(SessionId::from_bytes(*body))
    }
}

/// Lets secret scanners find a leaked cookie.
const PREFIX: &str = "css_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn only_a_cookie_of_ours_names_a_session() {
        let cookies = |seed| SessionCookies::new(&MasterKeys::generate(&Random::insecure_seeded(seed)));
        let id = SessionId::random(&Random::insecure_seeded(9));
        let cookie = cookies(1).issue(id);
        assert_eq!((cookies(1).parse(cookie.as_str()), cookie.as_str().len()), (Some(id), 50));
        assert_eq!(cookies(2).parse(cookie.as_str()), None, "another master key");
        for at in 0..cookie.as_str().len() {
            let mut bytes = cookie.as_str().as_bytes().to_vec();
            bytes[at] ^= 1;
            assert_eq!(cookies(1).parse(std::str::from_utf8(&bytes).unwrap()), None, "{at}");
        }
        assert_eq!(format!("{cookie:?}"), "SessionCookie([redacted])");
    }
}
