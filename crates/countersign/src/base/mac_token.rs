//! The envelope of tokens that only this server makes and reads: a body that a key derived from the master
//! key vouches for.
//!
//! ```text
//! base64url( version(1) | master key number(1) | body | tag(16) )
//! tag = HMAC-SHA256(key for this purpose, everything before it | what the token is bound to)[..16]
//! ```
//!
//! The key is derived for one purpose alone, so no token is ever taken for one of another kind (TK-5).

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::base::digest::mac16;
use crate::base::master_key::{MasterKeys, Purpose};

/// Makes and reads tokens of one purpose, whose bodies have `BODY` bytes.
#[derive(Clone)]
pub(crate) struct MacTokens<const BODY: usize> {
    current: (u8, hmac::Key),
    /// The current key and those before it.
    all: Vec<(u8, hmac::Key)>,
}

impl<const BODY: usize> MacTokens<BODY> {
    /// How long the text of a token is.
    pub(crate) const TEXT_LEN: usize = (Self::LEN * 4).div_ceil(3);
    const TAGGED_LEN: usize = 2 + BODY;
    const LEN: usize = Self::TAGGED_LEN + TAG_LEN;

    /// Derives the keys for this purpose from the master keys.
    pub(crate) fn new(master_keys: &MasterKeys, purpose: Purpose) -> Self {
        const { assert!(Self::LEN <= MAX_LEN, "such a body has no room") };
        let current = (master_keys.current_id(), master_keys.current_mac_key(purpose));
        Self { current, all: master_keys.mac_keys(purpose) }
    }

    /// Appends the text of a token. `bound_to` is in its tag, and must be given again to open it.
    pub(crate) fn seal_into(&self, text: &mut String, body: &[u8; BODY], bound_to: &[u8]) {
        let (id, key) = &self.current;
        let mut bytes = Zeroizing::new([0; MAX_LEN]);
        bytes[..2].copy_from_slice(&[VERSION, *id]);
        bytes[2..Self::TAGGED_LEN].copy_from_slice(body);
        let tag = mac16(key, &[&bytes[..Self::TAGGED_LEN], bound_to]);
        bytes[Self::TAGGED_LEN..Self::LEN].copy_from_slice(&tag);
        URL_SAFE_NO_PAD.encode_string(&bytes[..Self::LEN], text);
    }

    /// The body of a token, if its tag is right. `None` is the one answer for every kind of wrong: length,
    /// alphabet, version, unknown master key, tag, another binding.
    pub(crate) fn open(&self, text: &str, bound_to: &[u8]) -> Option<Zeroizing<[u8; BODY]>> {
        if text.len() != Self::TEXT_LEN {
            return None;
        }
        let mut bytes = Zeroizing::new([0; MAX_LEN]);
        let len = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()).ok()?;
        let (tagged, tag) = bytes.get(..len)?.split_at_checked(Self::TAGGED_LEN)?;
        let [VERSION, id, body @ ..] = tagged else { return None };
        let (_, key) = self.all.iter().find(|(known, _)| known == id)?;
        constant_time::verify_slices_are_equal(&mac16(key, &[tagged, bound_to]), tag).ok()?;
        Some(Zeroizing::new(*body.first_chunk()?))
    }
}

impl<const BODY: usize> fmt::Debug for MacTokens<BODY> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacTokens([redacted])")
    }
}

const VERSION: u8 = 1;
const TAG_LEN: usize = 16;
/// Room for the largest token, with what the decoder of base64 wants beyond it.
const MAX_LEN: usize = 104;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    fn tokens(seed: u64, purpose: Purpose) -> MacTokens<20> {
        MacTokens::new(&MasterKeys::generate(&Random::insecure_seeded(seed)), purpose)
    }

    fn sealed(tokens: &MacTokens<20>, bound_to: &[u8]) -> String {
        let mut text = String::new();
        tokens.seal_into(&mut text, &[7; 20], bound_to);
        text
    }

    /// TK-5: another purpose, another server, another binding and any changed, missing or added character:
    /// all alike.
    #[test]
    fn only_what_was_sealed_opens() {
        let ours = tokens(1, Purpose::DeviceCookie);
        let text = sealed(&ours, b"bob");
        assert_eq!(text.len(), MacTokens::<20>::TEXT_LEN);
        assert_eq!(ours.open(&text, b"bob").as_deref(), Some(&[7; 20]));
        assert!(ours.open(&text, b"alice").is_none());
        assert!(ours.open(&text, b"bo").is_none());
        assert!(tokens(1, Purpose::RefreshToken).open(&text, b"bob").is_none());
        assert!(tokens(2, Purpose::DeviceCookie).open(&text, b"bob").is_none());
        for at in 0..text.len() {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert!(ours.open(&changed, b"bob").is_none(), "{at}");
            assert!(ours.open(&text[..at], b"bob").is_none(), "{at}");
        }
        assert!(ours.open(&format!("{text}A"), b"bob").is_none());
        assert!(!format!("{ours:?}").contains(&text[4..20]));
    }

    /// A token that was made before its key was replaced is still read.
    #[test]
    fn an_older_master_key_still_opens() {
        let old = MasterKeys::generate(&Random::insecure_seeded(1));
        let text = sealed(&MacTokens::new(&old, Purpose::DeviceCookie), b"");
        let hex = "ab".repeat(32);
        let both = MasterKeys::parse(&format!("2 {hex}\n{}", old.to_secret_text().as_str())).unwrap();
        let tokens = MacTokens::<20>::new(&both, Purpose::DeviceCookie);
        assert!(tokens.open(&text, b"").is_some());
        assert_ne!(sealed(&tokens, b""), text, "new ones are made with the current key");
    }
}
