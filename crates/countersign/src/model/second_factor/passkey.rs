//! Passkeys: keys on somebody's devices that answer a challenge (WebAuthn Level 3). One can be the second factor, or, where the device
//! has checked who is in front of it, both factors at once.

use serde::{Deserialize, Serialize};

use crate::base::clock::Timestamp;
use crate::base::id::FactorId;
use crate::model::proof::AuthMethod;

/// What is kept of a passkey beside its sealed key (WebAuthn §4, "credential record").
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "internal-testing"), non_exhaustive)]
pub struct Passkey {
    /// The ID that its authenticator gave it; 1 to 1023 bytes. No two accounts have one of the same ID.
    pub credential_id: Vec<u8>,
    /// How authenticators know the account; 1 to 64 bytes.
    pub user_handle: Vec<u8>,
    /// The signature counter of its last use; 0 where the authenticator has none, as synchronised passkeys.
    pub sign_count: u32,
    /// Whether it can be synchronised to other devices. Never changes.
    pub backup_eligible: bool,
    /// Whether it was synchronised when it was last used.
    pub backed_up: bool,
    /// Whether it may be shown in place of a password: not if it was made for the second step, nor if somebody else may have made it.
    pub signs_in: bool,
    /// How its authenticator can be reached (`internal`, `hybrid`, `usb`, …), as the browser said.
    pub transports: Vec<String>,
    /// The model of its authenticator, proved by nothing; zeros where none was said.
    pub aaguid: [u8; 16],
}

/// What a store keeps in one document, because it never changes.
#[derive(Serialize, Deserialize)]
struct Fixed {
    user_handle: Vec<u8>,
    backup_eligible: bool,
    transports: Vec<String>,
    aaguid: [u8; 16],
}

/// A passkey cannot be read from a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record of a passkey cannot be read")]
pub(crate) struct UnreadablePasskey;

impl Passkey {
    /// From the columns of a store; nothing of an authenticator that is no passkey.
    pub(crate) fn from_stored(
        credential_id: Option<Vec<u8>>,
        fixed: Option<&str>,
        sign_count: Option<i64>,
        (backed_up, signs_in): (Option<bool>, Option<bool>),
    ) -> Result<Option<Box<Self>>, UnreadablePasskey> {
        let Some(credential_id) = credential_id else { return Ok(None) };
        let fixed: Fixed = fixed.and_then(|text| serde_json::from_str(text).ok()).ok_or(UnreadablePasskey)?;
        let sign_count = sign_count.and_then(|count| u32::try_from(count).ok()).ok_or(UnreadablePasskey)?;
        let Fixed { user_handle, backup_eligible, transports, aaguid } = fixed;
        let (backed_up, signs_in) = (backed_up.unwrap_or_default(), signs_in.unwrap_or_default());
        Ok(Some(Box::new(Self {
            credential_id,
            user_handle,
            sign_count,
            backup_eligible,
            backed_up,
            signs_in,
            transports,
            aaguid,
        })))
    }

    /// The document that a store keeps.
    pub(crate) fn to_stored(&self) -> String {
        let Self { user_handle, backup_eligible, transports, aaguid, .. } = self.clone();
        // A struct of plain values always has a JSON form.
        serde_json::to_string(&Fixed { user_handle, backup_eligible, transports, aaguid }).unwrap_or_default()
    }

    /// Whether an answer with this counter may be the next one: a counter that does not rise is a sign that the key was copied. One
    /// that has always been zero says nothing (WebAuthn §7.2, step 22).
    pub(crate) const fn takes(&self, sign_count: u32) -> bool {
        (self.sign_count == 0 && sign_count == 0) || sign_count > self.sign_count
    }

    /// RFC 8176: a key that never leaves its device, or one that is synchronised.
    pub(crate) const fn method(&self) -> AuthMethod {
        if self.backup_eligible { AuthMethod::SoftwareKey } else { AuthMethod::HardwareKey }
    }
}

/// The answer of a passkey to a challenge, found to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownPasskey {
    /// The passkey.
    pub factor: FactorId,
    /// The challenge.
    pub challenge: AnsweredChallenge,
    /// What the signature counter is from now on.
    pub sign_count: u32,
    /// Whether it is synchronised now.
    pub backed_up: bool,
    /// Whether its authenticator has checked who is in front of it.
    pub is_verified: bool,
}

/// A challenge that was answered. It is remembered until it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredChallenge {
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// When it is over.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passkey(sign_count: u32) -> Passkey {
        Passkey {
            credential_id: vec![7; 20],
            user_handle: vec![5; 32],
            sign_count,
            backup_eligible: true,
            backed_up: false,
            signs_in: true,
            transports: vec!["internal".to_owned()],
            aaguid: [3; 16],
        }
    }

    /// MF-4: synchronised passkeys report zero, and are no false alarm.
    #[test]
    fn a_counter_has_to_rise_unless_there_is_none() {
        for (stored, new, takes) in
            [(0, 0, true), (0, 1, true), (5, 6, true), (5, 5, false), (5, 4, false), (5, 0, false)]
        {
            assert_eq!(passkey(stored).takes(new), takes, "{stored} {new}");
        }
    }

    #[test]
    fn a_store_gives_back_what_it_was_given() {
        let kept = passkey(9);
        let read = |id: Option<Vec<u8>>, text: &str| {
            Passkey::from_stored(id, Some(text), Some(9), (Some(false), Some(true)))
                .map(|found| found.map(|found| *found))
        };
        let id = kept.credential_id.clone();
        assert_eq!(read(Some(id.clone()), &kept.to_stored()), Ok(Some(kept.clone())));
        assert_eq!(read(Some(id), "{}"), Err(UnreadablePasskey));
        assert_eq!(read(None, ""), Ok(None), "no passkey");
        let device_bound = Passkey { backup_eligible: false, ..kept.clone() };
        assert_eq!(
            (kept.method(), device_bound.method()),
            (AuthMethod::SoftwareKey, AuthMethod::HardwareKey)
        );
    }
}
