//! The refresh token: opaque to everybody else, and refused here before any store is asked unless we made it.
//!
//! ```text
//! csr_ base64url( version(1) | master key number(1) | session ID(16) | generation(4, big endian) | session secret(16) | tag(16) )
//! ```
//!
//! The envelope is that of `base/mac_token.rs`. The store keeps SHA-256(session secret) and
//! the newest generation, nothing else of it. So a forged token costs no look-up, a stolen database has
//! nothing to replay, the master key alone makes no token either, and the successor can be made again from
//! the token presented (RF-3, RF-11, RF-13).

use std::fmt;

use countersign_jwt::JwkThumbprint;
use zeroize::Zeroizing;

use crate::base::digest::sha256;
use crate::base::id::SessionId;
use crate::base::mac_token::MacTokens;
use crate::base::master_key::{MasterKeys, Purpose};
use crate::base::random::Random;

/// A refresh token whose tag is proved: we made it. Whether its session still honours it is for
/// [`decide`](crate::model::session::decide) to say.
#[derive(Clone)]
pub struct RefreshToken {
    session_id: SessionId,
    generation: u32,
    secret: Zeroizing<[u8; 16]>,
}

impl RefreshToken {
    /// The first token of a new session.
    #[must_use]
    pub fn first(session_id: SessionId, random: &Random) -> Self {
        Self { session_id, generation: 0, secret: Zeroizing::new(random.bytes()) }
    }

    /// The token of another generation of the same session.
    #[must_use]
    pub fn with_generation(&self, generation: u32) -> Self {
        Self { generation, ..self.clone() }
    }

    /// Whose session it belongs to, and what a store compares it with.
    #[must_use]
    pub fn presented(&self) -> PresentedToken {
        PresentedToken {
            session_id: self.session_id,
            generation: self.generation,
            secret_hash: sha256(self.secret.as_slice()),
            proven_key: None,
        }
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, generation {}, [redacted])", self.session_id, self.generation)
    }
}

/// What a store needs to know of a refresh token that was presented. The hash is of 128 random bits, so it
/// needs neither salt nor stretching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PresentedToken {
    /// The session it names.
    pub session_id: SessionId,
    /// The generation it names.
    pub generation: u32,
    /// SHA-256 of its session secret.
    pub secret_hash: [u8; 32],
    /// The key that whoever presents it has just proved to hold.
    pub proven_key: Option<JwkThumbprint>,
}

impl PresentedToken {
    /// Along with a proof of this key, if any.
    #[must_use]
    pub fn with_proof_of(self, key: Option<JwkThumbprint>) -> Self {
        Self { proven_key: key, ..self }
    }
}

/// Makes and reads refresh tokens.
#[derive(Clone, Debug)]
pub struct RefreshTokenCodec(MacTokens<BODY_LEN>);

impl RefreshTokenCodec {
    /// Derives the tag keys from the master keys.
    #[must_use]
    pub fn new(master_keys: &MasterKeys) -> Self {
        Self(MacTokens::new(master_keys, Purpose::RefreshToken))
    }

    /// For the tokens of applications: one is never taken for that of a sign-in, nor the other way round (RF-9, TK-5).
    pub(crate) fn of_apps(master_keys: &MasterKeys) -> Self {
        Self(MacTokens::new(master_keys, Purpose::AppRefreshToken))
    }

    /// The text that goes into the cookie. Secret.
    #[must_use]
    pub fn encode(&self, token: &RefreshToken) -> Zeroizing<String> {
        let mut body = Zeroizing::new([0; BODY_LEN]);
        body[..16].copy_from_slice(token.session_id.as_bytes());
        body[16..20].copy_from_slice(&token.generation.to_be_bytes());
        body[20..].copy_from_slice(token.secret.as_slice());
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + MacTokens::<BODY_LEN>::TEXT_LEN));
        text.push_str(PREFIX);
        self.0.seal_into(&mut text, &body, b"");
        text
    }

    /// Reads a token and proves its tag, in constant time and without asking a store.
    ///
    /// # Errors
    /// [`InvalidRefreshToken`], one answer for every kind of wrong: prefix, length, alphabet, version,
    /// unknown master key, tag (RF-11).
    pub fn parse(&self, text: &str) -> Result<RefreshToken, InvalidRefreshToken> {
        let text = text.strip_prefix(PREFIX).ok_or(InvalidRefreshToken)?;
        let body = self.0.open(text, b"").ok_or(InvalidRefreshToken)?;
        let (session_id, rest) = body.split_first_chunk().ok_or(InvalidRefreshToken)?;
        let (generation, rest) = rest.split_first_chunk().ok_or(InvalidRefreshToken)?;
        let secret = rest.first_chunk().ok_or(InvalidRefreshToken)?;
        Ok(RefreshToken {
            session_id: SessionId::from_bytes(*session_id),
            generation: u32::from_be_bytes(*generation),
            secret: Zeroizing::new(*secret),
        })
    }
}

/// Lets secret scanners find a leaked token.
const PREFIX: &str = "csr_";
/// Session ID, generation, secret.
const BODY_LEN: usize = 16 + 4 + 16;

/// The text is not a refresh token that we made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token of this server")]
pub struct InvalidRefreshToken;

#[cfg(test)]
mod tests {
    use super::*;

    fn codec(seed: u64) -> RefreshTokenCodec {
        RefreshTokenCodec::new(&MasterKeys::generate(&Random::insecure_seeded(seed)))
    }

    fn token() -> RefreshToken {
        let random = Random::insecure_seeded(9);
        RefreshToken::first(SessionId::random(&random), &random).with_generation(258)
    }

    #[test]
    fn a_token_reads_back_and_is_76_characters() {
        let text = codec(1).encode(&token());
        assert_eq!(text.len(), 76);
        assert_eq!(codec(1).parse(&text).unwrap().presented(), token().presented());
    }

    /// The form never changes: tokens live for a month, over every update.
    #[test]
    fn the_text_of_a_token_is_fixed() {
        let fixed = "csr_AQEb3ZVmdkZEApd2yNIjuCkHAAABApgVBT_m7tpxtECswZ6D3p-YoL-pEvKi657eE8WPXzeL";
        assert_eq!(*codec(1).encode(&token()), fixed);
        assert_eq!(codec(1).parse(fixed).unwrap().presented(), token().presented());
    }

    /// RF-11: any single changed bit, any cut, another server's key: refused, all alike.
    #[test]
    fn any_changed_bit_is_refused() {
        let text = codec(1).encode(&token());
        assert!(codec(2).parse(&text).is_err(), "another master key");
        for at in 0..text.len() {
            assert!(codec(1).parse(&text[..at]).is_err(), "cut at {at}");
            for bit in 0..7 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(codec(1).parse(&changed).is_err(), "bit {bit} of {at}");
            }
        }
        assert!(codec(1).parse(&format!("{}=", text.as_str())).is_err());
    }

    /// The successor can be made again from the token presented, so a replay needs no stored response.
    #[test]
    fn the_successor_is_the_same_every_time() {
        let one = codec(1).encode(&token().with_generation(259));
        let two = codec(1).encode(&codec(1).parse(&codec(1).encode(&token())).unwrap().with_generation(259));
        assert_eq!(*one, *two);
    }

    /// LG-1: neither secret nor text in Debug output.
    #[test]
    fn debug_output_has_no_secret() {
        let text = codec(1).encode(&token());
        let debug = format!("{:?} {:?}", token(), codec(1));
        assert!(!debug.contains(&text[30..60]));
        assert!(debug.contains("[redacted]"));
    }
}
