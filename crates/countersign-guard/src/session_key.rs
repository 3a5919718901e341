//! [`SessionKey`]: the ID of a session in 16 bytes, however long its text is.

use std::hash::{BuildHasher, RandomState};

/// A session ID: the bytes of a UUID, or a digest of any other text. A digest has a variant that no UUID has (RFC 9562
/// §4.1), so they are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionKey([u8; 16]);

/// Makes keys; each set of sessions has its own.
///
/// The digest is of 126 bits under keys that are random in each process, so nobody can choose two IDs with the same
/// one, and by chance it happens never.
#[derive(Debug, Default)]
pub(crate) struct SessionKeys {
    low: RandomState,
    high: RandomState,
}

impl SessionKeys {
    pub(crate) fn key(&self, session_id: &str) -> SessionKey {
        SessionKey(uuid_bytes(session_id).unwrap_or_else(|| {
            let digest =
                u128::from(self.high.hash_one(session_id)) << 64 | u128::from(self.low.hash_one(session_id));
            let mut bytes = digest.to_le_bytes();
            bytes[VARIANT] |= 0xC0;
            bytes
        }))
    }
}

impl SessionKey {
    /// The bytes of the UUID, if it is one.
    pub(crate) fn uuid(self) -> Option<[u8; 16]> {
        is_uuid(&self.0).then_some(self.0)
    }
}

/// Where a UUID's variant stands.
const VARIANT: usize = 8;

const fn is_uuid(bytes: &[u8; 16]) -> bool {
    bytes[VARIANT] & 0xC0 == 0x80
}

/// The bytes of a UUID of RFC 9562 in its one canonical spelling, lower case with hyphens (RFC 9562 §4): another spelling is another
/// session ID.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let (mut bytes, mut digits) = ([0_u8; 16], 0);
    for (place, byte) in text.iter().enumerate() {
        let digit = match byte {
            b'-' if matches!(place, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        let both = bytes.get_mut(digits / 2)?; // 36 digits and no hyphen are too many
        *both = *both << 4 | digit;
        digits += 1;
    }
    is_uuid(&bytes).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_bytes() {
        let bytes = uuid_bytes("f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0");
        let expected = 0xf219_c4f5_5cfd_4a51_99f5_a02f_cb6f_beb0_u128;
        assert_eq!(bytes, Some(expected.to_be_bytes()));
        for other in [
            "F219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0",
            "f219c4f55cfd4a5199f5a02fcb6fbeb0",
            "f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb",
            "f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb00",
            "f219c4f55-cfd-4a51-99f5-a02fcb6fbeb0",
            "f219c4f505cfd04a51099f50a02fcb6fbeb0",
            "f219c4f5-5cfd-4a51-c9f5-a02fcb6fbeb0",
            "f219c4f5-5cfd-4a51-79f5-a02fcb6fbeb0",
            "g219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0",
            "",
        ] {
            assert_eq!(uuid_bytes(other), None, "{other}");
        }
    }

    #[test]
    fn different_texts_have_different_keys() {
        let keys = SessionKeys::default();
        let texts =
            ["", "a", "b", "f219c4f5-5cfd-4a51-99f5-a02fcb6fbeb0", "F219C4F5-5CFD-4A51-99F5-A02FCB6FBEB0"];
        for one in texts {
            for other in texts {
                assert_eq!(keys.key(one) == keys.key(other), one == other, "{one} {other}");
            }
        }
        assert!(texts.map(|text| keys.key(text).uuid().is_some()) == [false, false, false, true, false]);
        let SessionKey(bytes) = keys.key("a");
        assert_ne!(bytes[..8], bytes[8..], "the halves are independent");
    }
}
