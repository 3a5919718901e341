//! Registration (WebAuthn §7.1): a response and what was expected → a credential to store.

use countersign_jwt::sha256;
use serde::Deserialize;
use serde_json::Value;

use crate::attestation::{Attestation, AttestationObject};
use crate::authenticator_data::AuthenticatorData;
use crate::base64url;
use crate::ceremony::{self, Expected};
use crate::client_data::{self, CeremonyType};
use crate::error::CeremonyError;
use crate::public_key::PublicKey;
use crate::values::{Aaguid, CredentialId};

/// What a browser answers to `navigator.credentials.create()`. Nothing of it has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationResponse {
    id: CredentialId,
    client_data_json: Vec<u8>,
    attestation_object: Vec<u8>,
    transports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponseJson {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    attestation_object: String,
    #[serde(default)]
    transports: Option<Vec<String>>,
}

impl RegistrationResponse {
    /// Reads a `RegistrationResponseJSON` (§5.1): what `PublicKeyCredential.toJSON()` gives.
    ///
    /// # Errors
    /// - [`TooLong`](CeremonyError::TooLong), [`Json`](CeremonyError::Json), [`Encoding`](CeremonyError::Encoding): not
    ///   such JSON.
    /// - [`CredentialType`](CeremonyError::CredentialType), [`IdMismatch`](CeremonyError::IdMismatch),
    ///   [`CredentialIdLength`](CeremonyError::CredentialIdLength): about `type`, `id` and `rawId`.
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

    fn new((id, response): (CredentialId, AttestationResponseJson)) -> Result<Self, CeremonyError> {
        Ok(Self {
            id,
            client_data_json: base64url::decode(&response.client_data_json, "clientDataJSON")?,
            attestation_object: base64url::decode(&response.attestation_object, "attestationObject")?,
            transports: plausible_transports(response.transports.unwrap_or_default()),
        })
    }

    /// Verifies that this answers to `expected`, and gives the credential to store.
    ///
    /// Two steps of §7.1 are left to the caller, who has the store: that no user has a credential of this ID yet, whoever
    /// it is (step 26), and to store it for the user of the options. User presence is always demanded, so a conditional
    /// creation without a gesture is refused.
    ///
    /// # Errors
    /// The first step that fails, in the order of §7.1:
    /// - [`ClientDataJson`](CeremonyError::ClientDataJson), [`CeremonyType`](CeremonyError::CeremonyType),
    ///   [`Challenge`](CeremonyError::Challenge), [`Origin`](CeremonyError::Origin),
    ///   [`CrossOrigin`](CeremonyError::CrossOrigin), [`TopOrigin`](CeremonyError::TopOrigin): what the client says.
    /// - [`AttestationObjectCbor`](CeremonyError::AttestationObjectCbor),
    ///   [`AttestationObjectShape`](CeremonyError::AttestationObjectShape),
    ///   [`AuthenticatorData`](CeremonyError::AuthenticatorData): malformed.
    /// - [`RpId`](CeremonyError::RpId), [`UserNotPresent`](CeremonyError::UserNotPresent),
    ///   [`UserNotVerified`](CeremonyError::UserNotVerified), [`BackupFlags`](CeremonyError::BackupFlags),
    ///   [`NoCredential`](CeremonyError::NoCredential): what the authenticator says.
    /// - [`PublicKey`](CeremonyError::PublicKey): the new key is weak, malformed or of an algorithm that was not offered.
    /// - [`AttestationStatement`](CeremonyError::AttestationStatement),
    ///   [`AttestationSignature`](CeremonyError::AttestationSignature): see [`Attestation`].
    /// - [`CredentialIdLength`](CeremonyError::CredentialIdLength), [`AttestedId`](CeremonyError::AttestedId): the
    ///   authenticator's ID of the credential.
    #[expect(clippy::needless_pass_by_value, reason = "a challenge is good for one response")]
    pub fn verify(&self, expected: Expected<'_>) -> Result<RegisteredCredential, CeremonyError> {
        client_data::check(&self.client_data_json, CeremonyType::Create, &expected)?;
        let object = AttestationObject::parse(&self.attestation_object)?;
        let data =
            AuthenticatorData::parse(object.authenticator_data).map_err(CeremonyError::AuthenticatorData)?;
        data.check(&expected)?;
        let credential = data.credential.as_ref().ok_or(CeremonyError::NoCredential)?;
        let public_key = PublicKey::from_cose(credential.public_key).map_err(CeremonyError::PublicKey)?;
        let signed = [object.authenticator_data, &sha256(&self.client_data_json)].concat();
        let attestation = object.evaluate(&public_key, &signed)?;
        if credential.id()? != self.id {
            return Err(CeremonyError::AttestedId);
        }
        Ok(RegisteredCredential {
            id: self.id.clone(),
            public_key,
            sign_count: data.sign_count,
            aaguid: credential.aaguid,
            transports: self.transports.clone(),
            backup_eligible: data.backup_eligible(),
            backed_up: data.backed_up(),
            user_verified: data.user_verified(),
            attestation,
        })
    }
}

/// A verified registration: what to store of a new credential (§4, "credential record").
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisteredCredential {
    /// Its ID. No two users may have one of the same ID.
    pub id: CredentialId,
    /// Its public key; [`PublicKey::as_cose`] is the form to store.
    pub public_key: PublicKey,
    /// The signature counter; 0 where the authenticator has none.
    pub sign_count: u32,
    /// The model, not proved by anything. All zeros is usual.
    pub aaguid: Aaguid,
    /// How the authenticator can be reached (`internal`, `hybrid`, `usb`, …): a hint for later options, said by the client.
    /// At most eight, each of at most 32 bytes; unknown ones are kept, as §5.8.4 asks.
    pub transports: Vec<String>,
    /// Whether it can be synced to other devices (BE). Never changes.
    pub backup_eligible: bool,
    /// Whether it is synced now (BS). May change with every use.
    pub backed_up: bool,
    /// Whether the authenticator checked who was in front of it (UV).
    pub user_verified: bool,
    /// What the attestation statement proves.
    pub attestation: Attestation,
}

/// Transports are not signed and only ever handed back to browsers, so what cannot be one is left out, not refused.
fn plausible_transports(transports: Vec<String>) -> Vec<String> {
    let is_plausible = |transport: &String| {
        (1..=32).contains(&transport.len())
            && transport.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let mut kept: Vec<String> = transports.into_iter().filter(is_plausible).take(8).collect();
    kept.sort_unstable();
    kept.dedup();
    kept
}
