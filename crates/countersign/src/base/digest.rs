//! SHA-256, and HMAC-SHA256 cut to 16 bytes.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// SHA-256, for what a store may know of a secret.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// The first 16 bytes of the HMAC of these parts, one after the other (RFC 2104 §5 allows to cut a tag to
/// half its length). Parts are not told apart: all but the last must have a fixed length.
pub(crate) fn mac16(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; 16];
    tag.copy_from_slice(&context.sign().as_ref()[..16]);
    tag
}

/// The entity tag of a document that is published (RFC 9110 §8.8.3), with its quotes.
pub(crate) fn entity_tag(document: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&sha256(document)[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, and RFC 4231 §4.3 (test case 2, of which a cut tag is the beginning).
    #[test]
    fn published_vectors() {
        assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        let expected =
            [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7];
        assert_eq!(mac16(&key, &[b"what do ya want ", b"for nothing?"]), expected);
        assert_eq!(mac16(&key, &[b"what do ya want for nothing?"]), expected);
    }
}
