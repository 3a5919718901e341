//! Authenticator data (WebAuthn §6.1): what the authenticator says and signs.
//!
//! Reads the bytes, all of them, and checks what holds in both ceremonies. What the credential's key is like is decided
//! by `public_key.rs`.

use countersign_jwt::sha256;

use crate::cbor::{self, Item, KeyOrder};
use crate::ceremony::{Expected, UserVerification};
use crate::error::{AuthenticatorDataError, CborError, CeremonyError};
use crate::values::{Aaguid, CredentialId};

/// The data, read; nothing is checked but their form.
#[derive(Debug)]
pub(crate) struct AuthenticatorData<'a> {
    rp_id_hash: [u8; 32],
    flags: u8,
    pub(crate) sign_count: u32,
    pub(crate) credential: Option<AttestedCredential<'a>>,
}

/// A new credential (§6.5.2).
#[derive(Debug)]
pub(crate) struct AttestedCredential<'a> {
    pub(crate) aaguid: Aaguid,
    pub(crate) id: &'a [u8],
    /// COSE; only its length has been looked at, and that it is canonical CBOR.
    pub(crate) public_key: &'a [u8],
}

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

impl<'a> AuthenticatorData<'a> {
    /// Reads all of `bytes`. The reserved bits of the flags are ignored: they may mean something in future.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, AuthenticatorDataError> {
        let mut rest = Rest(bytes);
        let rp_id_hash = *rest.take_array()?;
        let [flags] = *rest.take_array()?;
        let sign_count = u32::from_be_bytes(*rest.take_array()?);
        let credential = match flags & HAS_CREDENTIAL {
            0 => None,
            _ => Some(rest.credential()?),
        };
        if flags & HAS_EXTENSIONS != 0 {
            rest.extensions()?;
        }
        if !rest.0.is_empty() {
            return Err(AuthenticatorDataError::TrailingBytes);
        }
        Ok(Self { rp_id_hash, flags, sign_count, credential })
    }

    /// Steps 14 to 17 of §7.1, 15 to 18 of §7.2: the relying party, presence, verification, and flags that fit together.
    pub(crate) fn check(&self, expected: &Expected<'_>) -> Result<(), CeremonyError> {
        if self.rp_id_hash != sha256(expected.relying_party.id().as_str().as_bytes()) {
            return Err(CeremonyError::RpId);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(CeremonyError::UserNotPresent);
        }
        if expected.user_verification == UserVerification::Required && !self.user_verified() {
            return Err(CeremonyError::UserNotVerified);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(CeremonyError::BackupFlags);
        }
        Ok(())
    }

    pub(crate) fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(crate) fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(crate) fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn credential(&mut self) -> Result<AttestedCredential<'a>, AuthenticatorDataError> {
        let aaguid = Aaguid::from_bytes(*self.take_array()?);
        let length = u16::from_be_bytes(*self.take_array()?);
        let id = self.take(length.into())?;
        let (key, length) =
            cbor::decode_first(self.0, KeyOrder::Canonical).map_err(AuthenticatorDataError::PublicKey)?;
        if !matches!(key, Item::Map(_)) {
            return Err(AuthenticatorDataError::PublicKey(CborError::NotAMap));
        }
        Ok(AttestedCredential { aaguid, id, public_key: self.take(length)? })
    }

    /// Outputs that nobody asked for are ignored, as §7.1 allows; but they must be a map.
    fn extensions(&mut self) -> Result<(), AuthenticatorDataError> {
        let (extensions, length) =
            cbor::decode_first(self.0, KeyOrder::Canonical).map_err(AuthenticatorDataError::Extensions)?;
        if !matches!(extensions, Item::Map(_)) {
            return Err(AuthenticatorDataError::Extensions(CborError::NotAMap));
        }
        self.take(length).map(|_| ())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], AuthenticatorDataError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(AuthenticatorDataError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], AuthenticatorDataError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(AuthenticatorDataError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

impl AttestedCredential<'_> {
    pub(crate) fn id(&self) -> Result<CredentialId, CeremonyError> {
        CredentialId::from_bytes(self.id)
    }
}
