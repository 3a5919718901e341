//! Strict base64url (RFC 7515 §2): unpadded, canonical, no whitespace, no other alphabet.
//!
//! A value has one encoding only. A lax decoder gives every token many spellings, and each spelling
//! slips past whatever was keyed on the first one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes were not canonical unpadded base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotBase64Url;

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    // The engine's defaults are the strict ones: padding refused, non-zero trailing bits refused.
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64Url)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(feature = "aws-lc-rs")]
pub(crate) fn encode_onto(bytes: impl AsRef<[u8]>, out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_encoding_is_read() {
        assert_eq!(decode("-_8"), Ok(vec![0xfb, 0xff]));
        for text in ["-_8=", "+/8", "-_9", "-_8 ", " -_8", "-\n_8", "-", "-_8-_", "ä", "-_8\0"] {
            assert_eq!(decode(text), Err(NotBase64Url), "{text:?}");
        }
    }
}
