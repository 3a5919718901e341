//! The bytes that ceremonies hand around, each of its own type: challenge, credential ID, user handle, AAGUID.

use std::fmt;

use crate::base64url;
use crate::error::CeremonyError;

/// What a ceremony is bound to: 32 random bytes, used once (WebAuthn §13.4.3).
///
/// It cannot be cloned, and verifying takes it. Whoever keeps challenges in between makes them with
/// [`from_random`](Self::from_random) again, and must take each out of its store when it is used.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// A challenge of bytes from a cryptographic random number generator.
    #[must_use]
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for whoever keeps them until the response comes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As it stands in options and in client data: base64url without padding.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        base64url::encode(&self.0)
    }
}

/// The ID of a credential: 1 to 1023 bytes that the authenticator chose (WebAuthn §4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// An ID of these bytes.
    ///
    /// # Errors
    /// [`CredentialIdLength`](CeremonyError::CredentialIdLength): none, or more than 1023.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, CeremonyError> {
        let bytes = bytes.into();
        if (1..=1023).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(CeremonyError::CredentialIdLength)
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it stands in options and responses: base64url without padding.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        base64url::encode(&self.0)
    }
}

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({})", self.to_base64url())
    }
}

/// How authenticators know a user: 1 to 64 bytes without any personal data in them (WebAuthn §14.6.1).
///
/// Make it of 32 random bytes for each account, never of a name, an address or the account's ID.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UserHandle(Vec<u8>);

impl UserHandle {
    /// A handle of bytes from a cryptographic random number generator.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// A handle that is known already, also one that another system has made.
    ///
    /// # Errors
    /// [`UserHandleLength`](CeremonyError::UserHandleLength): no bytes, or more than 64.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, CeremonyError> {
        let bytes = bytes.into();
        if (1..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(CeremonyError::UserHandleLength) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it stands in options and responses: base64url without padding.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        base64url::encode(&self.0)
    }
}

impl fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserHandle({})", self.to_base64url())
    }
}

/// The model of the authenticator (WebAuthn §6.5.2): a hint for a name and an icon, proved by nothing.
///
/// Shown as a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Aaguid([u8; 16]);

impl Aaguid {
    /// The AAGUID of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether the authenticator names no model: all zeros, as clients make it where no attestation is wanted.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }
}

impl fmt::Display for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aaguid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_1023_bytes_and_a_handle_1_to_64() {
        for (length, is_id, is_handle) in [
            (0, false, false),
            (1, true, true),
            (64, true, true),
            (65, true, false),
            (1023, true, false),
            (1024, false, false),
        ] {
            let id = CredentialId::from_bytes(vec![1; length]);
            assert_eq!(id.err(), (!is_id).then_some(CeremonyError::CredentialIdLength), "{length}");
            let handle = UserHandle::from_bytes(vec![1; length]);
            assert_eq!(handle.err(), (!is_handle).then_some(CeremonyError::UserHandleLength), "{length}");
        }
    }

    #[test]
    fn an_aaguid_is_shown_as_a_uuid() {
        let bytes = std::array::from_fn(|index| u8::try_from(index * 17).unwrap());
        assert_eq!(Aaguid::from_bytes(bytes).to_string(), "00112233-4455-6677-8899-aabbccddeeff");
        assert!(Aaguid::from_bytes([0; 16]).is_zero());
        assert!(!Aaguid::from_bytes(bytes).is_zero());
    }
}
