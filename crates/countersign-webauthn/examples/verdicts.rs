//! Reads ceremonies of `tests/webauthn/cases.py` from standard input, and says of each what this crate decides.
//!
//! `scripts/test-webauthn` compares that with other libraries.

#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::io::{BufRead as _, stdin};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_webauthn::{
    AuthenticationResponse, CeremonyError, Challenge, CredentialId, Expected, Origin, PublicKey,
    RegistrationResponse, RelyingParty, RpId, StoredCredential, User, UserHandle, UserVerification,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    #[serde(rename = "case")]
    number: u64,
    ceremony: String,
    response: String,
    challenge: String,
    origin: String,
    rp_id: String,
    require_user_verification: bool,
    identified: bool,
    stored: Stored,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    id: String,
    public_key: String,
    count: u32,
    backup_eligible: bool,
    user_handle: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let site = RelyingParty::new(RpId::parse(&case.rp_id)?, Origin::parse(&case.origin)?);
        let challenge: [u8; 32] =
            decode(&case.challenge)?.try_into().map_err(|_| "a challenge has 32 bytes")?;
        let user_verification = if case.require_user_verification {
            UserVerification::Required
        } else {
            UserVerification::Preferred
        };
        let challenge = Challenge::from_random(challenge);
        let expected = Expected { relying_party: &site, challenge, user_verification };
        let outcome = if case.ceremony == "create" {
            register(&case.response, expected)
        } else {
            let user = if case.identified { User::IdentifiedBefore } else { User::NamedByCredential };
            authenticate(&case.response, expected, user, &case.stored.read()?)
        };
        let verdict = match outcome {
            Ok((found, counter_fell)) => {
                json!({"case": case.number, "accepts": true, "found": found, "counterFell": counter_fell})
            }
            Err(error) => json!({"case": case.number, "accepts": false, "why": name_of(&error)}),
        };
        println!("{verdict}");
    }
    Ok(())
}

fn register(response: &str, expected: Expected<'_>) -> Result<(Value, bool), CeremonyError> {
    let credential = RegistrationResponse::parse(response)?.verify(expected)?;
    let (id, key) = (hex(credential.id.as_bytes()), hex(credential.public_key.as_cose()));
    Ok((json!({"id": id, "key": key, "count": credential.sign_count}), false))
}

fn authenticate(
    response: &str,
    expected: Expected<'_>,
    user: User,
    stored: &StoredCredential,
) -> Result<(Value, bool), CeremonyError> {
    let assertion = AuthenticationResponse::parse(response)?.verify(expected, user, stored)?;
    Ok((json!({"count": assertion.sign_count}), assertion.counter_fell))
}

impl Stored {
    fn read(&self) -> Result<StoredCredential, Box<dyn Error>> {
        // Longer IDs than may be are among the cases: those are refused for that before they are compared.
        let id = CredentialId::from_bytes(decode(&self.id)?).or_else(|_| CredentialId::from_bytes([0]))?;
        Ok(StoredCredential {
            id,
            public_key: PublicKey::from_cose(&decode(&self.public_key)?)?,
            sign_count: self.count,
            backup_eligible: self.backup_eligible,
            user_handle: UserHandle::from_bytes(decode(&self.user_handle)?)?,
        })
    }
}

/// The variant, without the texts in it.
fn name_of(error: &CeremonyError) -> String {
    match error {
        CeremonyError::Json(_) => "Json".to_owned(),
        CeremonyError::ClientDataJson(_) => "ClientDataJson".to_owned(),
        CeremonyError::Origin { .. } => "Origin".to_owned(),
        other => format!("{other:?}").replace('"', ""),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
