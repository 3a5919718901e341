//! What both ceremonies share: what is expected, and the JSON around the response (WebAuthn §5.1).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base64url;
use crate::error::CeremonyError;
use crate::relying_party::RelyingParty;
use crate::values::{Challenge, CredentialId};

/// What a response must answer to. Verifying takes it, with the challenge in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The RP ID and the allowed origins.
    pub relying_party: &'a RelyingParty,
    /// The challenge of the options. Take it out of its store first, so that no second response finds it.
    pub challenge: Challenge,
    /// What the options asked for. Only [`Required`](UserVerification::Required) is demanded of the response.
    pub user_verification: UserVerification,
}

/// Whether the authenticator is to check who is in front of it: a PIN, a finger, a face (WebAuthn §5.8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// Demanded: a passkey is then two factors. For signing in with a passkey alone.
    Required,
    /// Wanted where the authenticator can. For a second step after a password.
    Preferred,
    /// Not wanted.
    Discouraged,
}

/// The JSON of `PublicKeyCredential.toJSON()`. Other members are conveniences that this crate does not believe
/// (`authenticatorData` and `publicKey` of a registration say what the attestation object says), and are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialJson<R> {
    id: String,
    raw_id: String,
    r#type: String,
    pub(crate) response: R,
}

/// Reads the JSON, and the ID of the credential in it.
pub(crate) fn parse<R: for<'de> Deserialize<'de>>(json: &str) -> Result<(CredentialId, R), CeremonyError> {
    if json.len() > MAX_JSON_BYTES {
        return Err(CeremonyError::TooLong);
    }
    check_envelope(serde_json::from_str(json))
}

/// As [`parse`], of a part of a document that has been read already.
pub(crate) fn from_value<R: for<'de> Deserialize<'de>>(
    value: Value,
) -> Result<(CredentialId, R), CeremonyError> {
    check_envelope(serde_json::from_value(value))
}

fn check_envelope<R>(
    credential: Result<CredentialJson<R>, serde_json::Error>,
) -> Result<(CredentialId, R), CeremonyError> {
    let credential = credential.map_err(|error| CeremonyError::Json(error.to_string()))?;
    if credential.r#type != "public-key" {
        return Err(CeremonyError::CredentialType);
    }
    if credential.id != credential.raw_id {
        return Err(CeremonyError::IdMismatch);
    }
    let id = CredentialId::from_bytes(base64url::decode(&credential.raw_id, "rawId")?)?;
    Ok((id, credential.response))
}

/// An attestation object with a TPM's certificates has eight; the rest is room.
const MAX_JSON_BYTES: usize = 64 * 1024;
