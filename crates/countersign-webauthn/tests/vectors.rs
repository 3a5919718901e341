//! The test vectors of the specification (WebAuthn Level 3 §16), each with what this crate must make of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_webauthn::{
    Algorithm, Attestation, AuthenticationResponse, CeremonyError, Challenge, Expected, Origin,
    PublicKeyError, RegisteredCredential, RegistrationResponse, RelyingParty, RpId, StoredCredential, User,
    UserHandle, UserVerification, VerifiedAssertion,
};
use serde_json::{Value, json};

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("data/webauthn-l3-section-16.json")).unwrap()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn base64url(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(hex(value))
}

fn relying_party() -> RelyingParty {
    RelyingParty::new(RpId::parse("example.org").unwrap(), Origin::parse("https://example.org").unwrap())
}

/// The one vector with a longer challenge is of an algorithm that is refused.
fn expected<'a>(relying_party: &'a RelyingParty, ceremony: &Value) -> Expected<'a> {
    let challenge = hex(&ceremony["challenge"]).try_into().unwrap_or([0; 32]);
    let challenge = Challenge::from_random(challenge);
    Expected { relying_party, challenge, user_verification: UserVerification::Preferred }
}

fn register(vector: &Value) -> Result<RegisteredCredential, CeremonyError> {
    let registration = &vector["registration"];
    let id = base64url(&registration["credentialId"]);
    let response = json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": base64url(&registration["clientDataJSON"]),
            "attestationObject": base64url(&registration["attestationObject"]),
        },
    });
    RegistrationResponse::from_value(response)?.verify(expected(&relying_party(), registration))
}

fn authenticate(
    vector: &Value,
    credential: &RegisteredCredential,
) -> Result<VerifiedAssertion, CeremonyError> {
    let authentication = &vector["authentication"];
    let id = credential.id.to_base64url();
    let response = json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": base64url(&authentication["clientDataJSON"]),
            "authenticatorData": base64url(&authentication["authenticatorData"]),
            "signature": base64url(&authentication["signature"]),
        },
    });
    let stored = StoredCredential {
        id: credential.id.clone(),
        public_key: credential.public_key.clone(),
        sign_count: credential.sign_count,
        backup_eligible: credential.backup_eligible,
        user_handle: UserHandle::from_random([1; 32]),
    };
    let relying_party = relying_party();
    let expected = expected(&relying_party, authentication);
    AuthenticationResponse::from_value(response)?.verify(expected, User::IdentifiedBefore, &stored)
}

/// What the vector of this name is for, and why it is refused where it is.
fn outcome_of(info: &str) -> Result<(Algorithm, Attestation), CeremonyError> {
    let not_evaluated = |format: &str| Attestation::NotEvaluated { format: format.to_owned() };
    match info {
        "none.ES256" | "none.ES256.long-credential-id" => Ok((Algorithm::Es256, Attestation::None)),
        "packed-self.ES256" => Ok((Algorithm::Es256, Attestation::SelfSigned)),
        // MF-4: this crate accepts no frames of other origins.
        "none.ES256.crossOrigin" | "none.ES256.topOrigin" => Err(CeremonyError::CrossOrigin),
        "packed.ES256" => Ok((Algorithm::Es256, not_evaluated("packed"))),
        "packed.RS256" => Ok((Algorithm::Rs256, not_evaluated("packed"))),
        "packed.EdDSA" => Ok((Algorithm::EdDsa, not_evaluated("packed"))),
        "packed.ES384" | "packed.Ed448" => Err(CeremonyError::PublicKey(PublicKeyError::Algorithm)),
        "packed.ES512" => Err(CeremonyError::Challenge),
        "tpm.ES256" => Ok((Algorithm::Es256, not_evaluated("tpm"))),
        "android-key.ES256" => Ok((Algorithm::Es256, not_evaluated("android-key"))),
        "apple.ES256" => Ok((Algorithm::Es256, not_evaluated("apple"))),
        "fido-u2f.ES256" => Ok((Algorithm::Es256, not_evaluated("fido-u2f"))),
        other => panic!("a vector without an expectation: {other}"),
    }
}

#[test]
fn every_vector_has_the_outcome_that_it_must_have() {
    let mut seen = 0;
    for vector in vectors() {
        let info = vector["info"].as_str().unwrap();
        let registered = register(&vector);
        match (outcome_of(info), registered) {
            (Ok((algorithm, attestation)), Ok(credential)) => {
                assert_eq!(credential.public_key.algorithm(), algorithm, "{info}");
                assert_eq!(credential.attestation, attestation, "{info}");
                assert_eq!(credential.id.as_bytes(), hex(&vector["registration"]["credentialId"]), "{info}");
                assert_eq!(
                    credential.aaguid.as_bytes().as_slice(),
                    hex(&vector["registration"]["aaguid"]),
                    "{info}"
                );
                let assertion = authenticate(&vector, &credential).unwrap();
                assert_eq!((assertion.sign_count, assertion.counter_fell), (0, false), "{info}");
            }
            (Err(error), Err(found)) => assert_eq!(found, error, "{info}"),
            (wanted, found) => panic!("{info}: {wanted:?}, {found:?}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 15);
}

#[test]
fn no_vector_survives_a_changed_bit_of_what_is_signed() {
    for mut vector in vectors() {
        let Ok(credential) = register(&vector) else { continue };
        for member in ["clientDataJSON", "authenticatorData", "signature"] {
            let good = vector["authentication"][member].clone();
            let text = good.as_str().unwrap().to_owned();
            for at in (0..text.len()).step_by(7) {
                let digit = u8::from_str_radix(&text[at..=at], 16).unwrap() ^ 1;
                let changed = format!("{}{digit:x}{}", &text[..at], &text[at + 1..]);
                vector["authentication"][member] = Value::from(changed);
                assert!(authenticate(&vector, &credential).is_err(), "{member} {at}");
            }
            vector["authentication"][member] = good;
        }
        assert!(authenticate(&vector, &credential).is_ok());
    }
}
