//! What a browser gets that binds a session to a key of its own (Device Bound Session Credentials): a name for the session and its key, which it
//! sends back for ever; challenges to sign; and for a right signature a cookie, short-lived, so that a copy of it is soon worth nothing.
//!
//! ```text
//! cookie     = csb_ base64url( version(1) | master key number(1) | session ID(16) | thumbprint(32) | end(8) | tag(16) )
//! challenge  =      base64url( version(1) | master key number(1) | session ID(16) | made at(8) | random(8) | tag(16) )
//! identifier =      base64url( version(1) | master key number(1) | session ID(16) | x(32) | y(32) | tag(16) )
//! ```
//!
//! The envelope is that of `base/mac_token.rs`; times are Unix milliseconds. What a challenge is for is in its tag. None of them is stored. The
//! identifier is no secret: it says which key has answered the challenge of a sign-in, so that the session can be bound to that and to no other.

use std::fmt;
use std::time::Duration;

use countersign_jwt::JwkThumbprint;
use zeroize::Zeroizing;

use crate::base::clock::Timestamp;
use crate::base::id::SessionId;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::random::Random;
use crate::model::session::BoundKey;

/// The value of a bound cookie. Secret.
pub(crate) struct BoundCookie(Zeroizing<String>);

impl BoundCookie {
    /// How long one is good. A copied cookie jar is worth nothing after that. Browsers renew a few times in as many minutes, and no more.
    pub(crate) const MAX_AGE: Duration = Duration::from_mins(10);

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BoundCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundCookie([redacted])")
    }
}

/// What a browser signs a challenge for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChallengeFor {
    /// To register a key for a session that has just begun.
    Registration,
    /// To get a cookie.
    Renewal,
}

impl ChallengeFor {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Registration => b"registration",
            Self::Renewal => b"renewal",
        }
    }
}

/// Makes and reads all three.
#[derive(Clone, Debug)]
pub(crate) struct BrowserTokens {
    cookies: MacTokens<COOKIE>,
    challenges: MacTokens<CHALLENGE>,
    identifiers: MacTokens<IDENTIFIER>,
}

impl BrowserTokens {
    /// How long a browser has to answer a challenge.
    pub(crate) const CHALLENGE_IS_GOOD_FOR: Duration = Duration::from_mins(5);

    pub(crate) fn new(master_keys: &MasterKeys) -> Self {
        Self {
            cookies: MacTokens::new(master_keys, Purpose::BoundCookie),
            challenges: MacTokens::new(master_keys, Purpose::DeviceChallenge),
            identifiers: MacTokens::new(master_keys, Purpose::DeviceIdentifier),
        }
    }

    pub(crate) fn cookie(&self, session: SessionId, key: &JwkThumbprint, now: Timestamp) -> BoundCookie {
        let mut body = [0; COOKIE];
        body[..16].copy_from_slice(session.as_bytes());
        body[16..48].copy_from_slice(key.as_bytes());
        body[48..].copy_from_slice(&now.plus(BoundCookie::MAX_AGE).as_unix_millis().to_be_bytes());
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + MacTokens::<COOKIE>::TEXT_LEN));
        text.push_str(PREFIX);
        self.cookies.seal_into(&mut text, &body, b"");
        BoundCookie(text)
    }

    /// The session of a cookie of ours that is still good, and the key that was proved for it.
    pub(crate) fn open_cookie(&self, text: &str, now: Timestamp) -> Option<(SessionId, JwkThumbprint)> {
        let body = self.cookies.open(text.strip_prefix(PREFIX)?, b"")?;
        let (session, rest) = body.split_first_chunk()?;
        let (key, end) = rest.split_first_chunk()?;
        let end = Timestamp::from_unix_millis(i64::from_be_bytes(*end.first_chunk()?));
        (now < end).then(|| (SessionId::from_bytes(*session), JwkThumbprint::from_bytes(*key)))
    }

    /// Each is another one, also at the same instant: it is answered once.
    pub(crate) fn challenge(
        &self,
        (session, wanted): (SessionId, ChallengeFor),
        now: Timestamp,
        random: &Random,
    ) -> String {
        let mut body = [0; CHALLENGE];
        body[..16].copy_from_slice(session.as_bytes());
        body[16..24].copy_from_slice(&now.as_unix_millis().to_be_bytes());
        body[24..].copy_from_slice(&random.bytes::<8>());
        let mut text = String::with_capacity(MacTokens::<CHALLENGE>::TEXT_LEN);
        self.challenges.seal_into(&mut text, &body, wanted.label());
        text
    }

    /// Until when a challenge is good that was made for this session and for this; `None` if it is not.
    pub(crate) fn good_until(
        &self,
        challenge: &str,
        (session, wanted): (SessionId, ChallengeFor),
        now: Timestamp,
    ) -> Option<Timestamp> {
        let body = self.challenges.open(challenge, wanted.label())?;
        let (id, made_at) = body.split_first_chunk()?;
        let made_at = Timestamp::from_unix_millis(i64::from_be_bytes(*made_at.first_chunk()?));
        let until = made_at.plus(Self::CHALLENGE_IS_GOOD_FOR);
        (SessionId::from_bytes(*id) == session && now < until).then_some(until)
    }

    /// `None` for a key that is no P-256 key: browsers register no others here.
    pub(crate) fn identifier(&self, session: SessionId, key: &BoundKey) -> Option<String> {
        let (x, y) = key.p256_coordinates()?;
        let mut body = [0; IDENTIFIER];
        body[..16].copy_from_slice(session.as_bytes());
        body[16..48].copy_from_slice(&x);
        body[48..].copy_from_slice(&y);
        let mut text = String::with_capacity(MacTokens::<IDENTIFIER>::TEXT_LEN);
        self.identifiers.seal_into(&mut text, &body, b"");
        Some(text)
    }

    /// The session and the key that an identifier of ours is for.
    pub(crate) fn open_identifier(&self, text: &str) -> Option<(SessionId, BoundKey)> {
        let body = self.identifiers.open(text, b"")?;
        let (session, rest) = body.split_first_chunk()?;
        let (x, y) = rest.split_first_chunk()?;
        Some((SessionId::from_bytes(*session), BoundKey::of_p256(x, y.first_chunk()?)))
    }
}

/// Lets secret scanners find a leaked cookie.
const PREFIX: &str = "csb_";
const COOKIE: usize = 16 + 32 + 8;
const CHALLENGE: usize = 16 + 8 + 8;
const IDENTIFIER: usize = 16 + 32 + 32;

#[cfg(test)]
mod tests {
    use countersign_jwt::{Algorithm, SigningKey};

    use super::*;

    const T: Timestamp = Timestamp::from_unix_millis(1_700_000_000_000);
    const MS: Duration = Duration::from_millis(1);

    fn tokens(seed: u64) -> BrowserTokens {
        BrowserTokens::new(&MasterKeys::generate(&Random::insecure_seeded(seed)))
    }

    fn key(algorithm: Algorithm) -> BoundKey {
        BoundKey::new(&SigningKey::generate(algorithm).unwrap().verifying_key()).unwrap()
    }

    /// RF-16: ten minutes, of this server, for one session and key.
    #[test]
    fn a_cookie_is_good_for_ten_minutes() {
        let ours = tokens(1);
        let (id, key) = (SessionId::from_bytes([1; 16]), JwkThumbprint::from_bytes([2; 32]));
        let text = ours.cookie(id, &key, T);
        assert!(!format!("{text:?}").contains("csb_"));
        let end = T.plus(BoundCookie::MAX_AGE);
        for (now, is_good) in [(T, true), (end.minus(MS), true), (end, false)] {
            assert_eq!(ours.open_cookie(text.as_str(), now), is_good.then_some((id, key)));
        }
        assert_eq!(tokens(2).open_cookie(text.as_str(), T), None);
        for other in ["", "csb_", &text.as_str()[4..], &format!("{}A", text.as_str())] {
            assert_eq!(ours.open_cookie(other, T), None, "{other}");
        }
    }

    /// RF-16: a challenge is for one session, one purpose and five minutes.
    #[test]
    fn a_challenge_is_good_for_what_it_was_made_for() {
        use ChallengeFor::{Registration, Renewal};
        let ours = tokens(1);
        let (id, other) = (SessionId::from_bytes([1; 16]), SessionId::from_bytes([2; 16]));
        let random = Random::insecure_seeded(3);
        let text = ours.challenge((id, Registration), T, &random);
        assert_ne!(text, ours.challenge((id, Registration), T, &random));
        let end = T.plus(BrowserTokens::CHALLENGE_IS_GOOD_FOR);
        for (session, wanted, now, is_good) in [
            (id, Registration, T, true),
            (id, Registration, end.minus(MS), true),
            (id, Registration, end, false),
            (id, Renewal, T, false),
            (other, Registration, T, false),
        ] {
            let until = ours.good_until(&text, (session, wanted), now);
            assert_eq!(until, is_good.then_some(end), "{wanted:?}");
        }
        assert_eq!(tokens(2).good_until(&text, (id, Registration), T), None);
    }

    /// RF-16, TK-5: an identifier brings back the session and the key, spelled as it is stored; nobody else makes one.
    #[test]
    fn an_identifier_is_for_one_session_and_one_key() {
        let (ours, id) = (tokens(1), SessionId::from_bytes([1; 16]));
        for _ in 0..20 {
            let key = key(Algorithm::Es256);
            let text = ours.identifier(id, &key).unwrap();
            assert_eq!(ours.open_identifier(&text), Some((id, key)));
            assert_eq!(tokens(2).open_identifier(&text), None);
            assert_eq!(ours.open_identifier(&text[1..]), None);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        }
        assert_eq!(ours.identifier(id, &key(Algorithm::EdDsa)), None);
    }
}
