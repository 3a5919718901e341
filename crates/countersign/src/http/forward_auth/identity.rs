//! The `X-Auth-*` headers: who the caller is, for the service behind the proxy.
//!
//! `X-Auth-Token` is an assertion of the same, signed. A service that checks it need not trust that the proxy
//! removed what the client wrote, under this spelling or another (`X_Auth_User`).

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use countersign_guard::AccessClaims;

use crate::base::clock::Timestamp;
use crate::model::api_key::KeyGrant;
use crate::model::session::Grant;

pub(super) struct Identity([String; COUNT]);

impl Identity {
    pub(super) fn of_claims(claims: &AccessClaims, assertion: &str) -> Self {
        let texts = [
            claims.subject(),
            claims.username().unwrap_or_default(),
            claims.role().unwrap_or_default(),
            claims.session_id().unwrap_or_default(),
            claims.audience().next().unwrap_or_default(),
        ];
        Self::new(texts, claims.expires_at(), assertion)
    }

    pub(super) fn of_session(
        grant: &Grant,
        [role, audience]: [&str; 2],
        expires_at: Timestamp,
        assertion: &str,
    ) -> Self {
        let (account, session) = (grant.account(), grant.session());
        let (id, session) = (account.id.to_string(), session.id.to_string());
        let texts = [&*id, account.username.as_str(), role, &*session, audience];
        Self::new(texts, expires_at.as_unix_seconds(), assertion)
    }

    pub(super) fn of_key(
        grant: &KeyGrant,
        [role, audience]: [&str; 2],
        expires_at: Timestamp,
        assertion: &str,
    ) -> Self {
        let (account, key) = (grant.account(), grant.key());
        let (id, session) = (account.id.to_string(), key.session_id.to_string());
        let texts = [&*id, account.username.as_str(), role, &*session, audience];
        Self::new(texts, expires_at.as_unix_seconds(), assertion)
    }

    fn new(texts: [&str; 5], expires_at: i64, assertion: &str) -> Self {
        let [id, username, role, session, audience] = texts.map(header_text);
        Self([id, username, role, session, audience, expires_at.to_string(), assertion.to_owned()])
    }

    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, text) in NAMES.iter().zip(&self.0) {
            #[expect(clippy::expect_used, reason = "encoded text, a number and a JWT are visible ASCII")]
            let mut value = HeaderValue::try_from(text.as_str()).expect("visible ASCII");
            value.set_sensitive(*name == TOKEN);
            headers.insert(name, value);
        }
    }
}

/// Says of each header that there is nothing to say.
pub(super) fn add_empty(headers: &mut HeaderMap) {
    for name in &NAMES {
        headers.insert(name, HeaderValue::from_static(""));
    }
}

/// Visible ASCII is written as it is. Every other byte of the UTF-8, and `%` itself, is percent-encoded (RFC 3986
/// §2.1), so `decodeURIComponent` and its like read it back, and no name can break a header.
fn header_text(text: &str) -> String {
    percent_encoded(text, |byte| byte.is_ascii_graphic() && byte != b'%')
}

pub(super) fn percent_encoded(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            #[expect(clippy::expect_used, reason = "writing to a String never fails")]
            write!(encoded, "%{byte:02X}").expect("a String takes it");
        }
    }
    encoded
}

const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

const COUNT: usize = 7;

const NAMES: [HeaderName; COUNT] = [
    HeaderName::from_static("x-auth-user-id"),
    HeaderName::from_static("x-auth-username"),
    HeaderName::from_static("x-auth-role"),
    HeaderName::from_static("x-auth-session"),
    HeaderName::from_static("x-auth-audience"),
    HeaderName::from_static("x-auth-expires"),
    TOKEN,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_safe_in_a_header_and_reads_back() {
        for (text, expected) in [
            ("", ""),
            ("ada@example.com", "ada@example.com"),
            ("Ada Lovelace", "Ada%20Lovelace"),
            ("Zoë", "Zo%C3%AB"),
            ("100%", "100%25"),
            ("a\r\nX-Auth-Role: admin", "a%0D%0AX-Auth-Role:%20admin"),
        ] {
            assert_eq!(header_text(text), expected);
        }
    }
}
