//! Authentication (WebAuthn §7.2): a response, what was expected and a stored credential → a verified assertion.

use countersign_jwt::sha256;
use serde::Deserialize;
use serde_json::Value;

use crate::authenticator_data::AuthenticatorData;
use crate::base64url;
use crate::ceremony::{self, Expected};
use crate::client_data::{self, CeremonyType};
use crate::error::CeremonyError;
use crate::public_key::PublicKey;
use crate::values::{CredentialId, UserHandle};

/// What a browser answers to `navigator.credentials.get()`. Nothing of it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationResponse {
    id: CredentialId,
    client_data_json: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<UserHandle>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponseJson {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    /// Libraries from before `toJSON()` write `null`.
    #[serde(default)]
    user_handle: Option<String>,
}

impl AuthenticationResponse {
    /// Reads an `AuthenticationResponseJSON` (§5.1): what `PublicKeyCredential.toJSON()` gives.
    ///
    /// # Errors
    /// - [`TooLong`](CeremonyError::TooLong), [`Json`](CeremonyError::Json), [`Encoding`](CeremonyError::Encoding): not
    ///   such JSON.
    /// - [`CredentialType`](CeremonyError::CredentialType), [`IdMismatch`](CeremonyError::IdMismatch),
    ///   [`CredentialIdLength`](CeremonyError::CredentialIdLength): about `type`, `id` and `rawId`.
    /// - [`UserHandleLength`](CeremonyError::UserHandleLength): a user handle that cannot be one.
    pub fn parse(json: &str) -> Result<Self, CeremonyError> {
        ceremony::parse(json).and_then(Self::new)
    }

    /// As [`parse`](Self::parse), of a part of a document that has been read already. Its size is for the caller to limit.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), without [`TooLong`](CeremonyError::TooLong).
    pub fn from_value(json: Value) -> Result<Self, CeremonyError> {
        ceremony::from_value(json).and_then(Self::new)
    }

    fn new((id, response): (CredentialId, AssertionResponseJson)) -> Result<Self, CeremonyError> {
        let user_handle = response
            .user_handle
            .map(|handle| base64url::decode(&handle, "userHandle").and_then(UserHandle::from_bytes));
        Ok(Self {
            id,
            client_data_json: base64url::decode(&response.client_data_json, "clientDataJSON")?,
            authenticator_data: base64url::decode(&response.authenticator_data, "authenticatorData")?,
            signature: base64url::decode(&response.signature, "signature")?,
            user_handle: user_handle.transpose()?,
        })
    }

    /// The ID of the credential, to look it up by.
    #[must_use]
    pub fn credential_id(&self) -> &CredentialId {
        &self.id
    }

    /// Verifies that this answers to `expected` and was signed with `stored`.
    ///
    /// Look `stored` up by [`credential_id`](Self::credential_id): among those of the user who was identified before, or
    /// among all if `user` is [`NamedByCredential`](User::NamedByCredential). That the credential was among those that the
    /// options allowed (§7.2 step 5) follows, if the options allowed all of that user's.
    ///
    /// # Errors
    /// The first step that fails, in the order of §7.2:
    /// - [`OtherCredential`](CeremonyError::OtherCredential), [`NoUserHandle`](CeremonyError::NoUserHandle),
    ///   [`OtherUser`](CeremonyError::OtherUser): `stored` is not the credential, or not of the user, that is named.
    /// - [`ClientDataJson`](CeremonyError::ClientDataJson), [`CeremonyType`](CeremonyError::CeremonyType),
    ///   [`Challenge`](CeremonyError::Challenge), [`Origin`](CeremonyError::Origin),
    ///   [`CrossOrigin`](CeremonyError::CrossOrigin), [`TopOrigin`](CeremonyError::TopOrigin): what the client says.
    /// - [`AuthenticatorData`](CeremonyError::AuthenticatorData), [`RpId`](CeremonyError::RpId),
    ///   [`UserNotPresent`](CeremonyError::UserNotPresent), [`UserNotVerified`](CeremonyError::UserNotVerified),
    ///   [`BackupFlags`](CeremonyError::BackupFlags),
    ///   [`BackupEligibilityChanged`](CeremonyError::BackupEligibilityChanged): what the authenticator says.
    /// - [`Signature`](CeremonyError::Signature): not signed with the credential's key.
    #[expect(clippy::needless_pass_by_value, reason = "a challenge is good for one response")]
    pub fn verify(
        &self,
        expected: Expected<'_>,
        user: User,
        stored: &StoredCredential,
    ) -> Result<VerifiedAssertion, CeremonyError> {
        self.check_owner(user, stored)?;
        client_data::check(&self.client_data_json, CeremonyType::Get, &expected)?;
        let data =
            AuthenticatorData::parse(&self.authenticator_data).map_err(CeremonyError::AuthenticatorData)?;
        data.check(&expected)?;
        if data.backup_eligible() != stored.backup_eligible {
            return Err(CeremonyError::BackupEligibilityChanged);
        }
        let signed = [self.authenticator_data.as_slice(), &sha256(&self.client_data_json)].concat();
        stored.public_key.verify(&signed, &self.signature).map_err(|_| CeremonyError::Signature)?;
        Ok(VerifiedAssertion {
            user_handle: stored.user_handle.clone(),
            sign_count: data.sign_count,
            counter_fell: counter_fell(stored.sign_count, data.sign_count),
            backed_up: data.backed_up(),
            user_verified: data.user_verified(),
        })
    }

    /// Step 6.
    fn check_owner(&self, user: User, stored: &StoredCredential) -> Result<(), CeremonyError> {
        if self.id != stored.id {
            return Err(CeremonyError::OtherCredential);
        }
        match (&self.user_handle, user) {
            (None, User::IdentifiedBefore) => Ok(()),
            (None, User::NamedByCredential) => Err(CeremonyError::NoUserHandle),
            (Some(handle), _) if *handle == stored.user_handle => Ok(()),
            (Some(_), _) => Err(CeremonyError::OtherUser),
        }
    }
}

/// How it is known who signs in (§7.2 step 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum User {
    /// By a password, a cookie, a name that was typed: the response need not say it again.
    IdentifiedBefore,
    /// By the passkey alone: the response must have the user handle.
    NamedByCredential,
}

/// A credential as it was stored when it was registered, with what its last use has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCredential {
    /// Its ID.
    pub id: CredentialId,
    /// Its public key.
    pub public_key: PublicKey,
    /// The signature counter of its last use.
    pub sign_count: u32,
    /// Whether it could be backed up when it was registered.
    pub backup_eligible: bool,
    /// The handle of the user whose credential it is.
    pub user_handle: UserHandle,
}

/// A verified assertion: this user has signed in, and what to remember of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedAssertion {
    /// The user: the owner of the stored credential.
    pub user_handle: UserHandle,
    /// The signature counter, to be stored.
    pub sign_count: u32,
    /// Whether the counter did not rise although the authenticator has one (§6.1.1): a sign that the key was copied, not a
    /// proof. Never set for credentials that report zero and have always done so, as synced passkeys do.
    pub counter_fell: bool,
    /// Whether the credential is synced now (BS), to be stored.
    pub backed_up: bool,
    /// Whether the authenticator checked who was in front of it (UV). With it, a passkey is two factors.
    pub user_verified: bool,
}

/// §7.2 step 22: only if one of the two is not zero, and then unless the new one is greater.
fn counter_fell(stored: u32, new: u32) -> bool {
    (stored != 0 || new != 0) && new <= stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_of_zero_is_no_counter() {
        for (stored, new, fell) in [
            (0, 0, false),
            (0, 1, false),
            (1, 2, false),
            (1, 1, true),
            (2, 1, true),
            (1, 0, true),
            (u32::MAX, 0, true),
        ] {
            assert_eq!(counter_fell(stored, new), fell, "{stored} {new}");
        }
    }
}
