//! Any bytes as a response of a browser: nothing panics, and nothing verifies that the key has not signed.

#![no_main]

use std::sync::LazyLock;

use countersign_webauthn::{
    Attestation, AuthenticationResponse, Challenge, CredentialId, Expected, Origin, PublicKey, RegistrationResponse, RelyingParty, RpId,
    StoredCredential, User, UserHandle, UserVerification,
};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static SITE: LazyLock<RelyingParty> =
    LazyLock::new(|| RelyingParty::new(RpId::parse("example.org").unwrap(), Origin::parse("https://example.org").unwrap()));

/// Ed25519: the base point of the curve. Bytes that sign for it are not found by trying.
static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let point = [vec![0x58], vec![0x66; 31]].concat();
    PublicKey::from_cose(&[&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32], point.as_slice()].concat()).unwrap()
});

fn expected() -> Expected<'static> {
    Expected { relying_party: &SITE, challenge: Challenge::from_random([0; 32]), user_verification: UserVerification::Preferred }
}

fn client_data(kind: &str) -> String {
    let challenge = Challenge::from_random([0; 32]).to_base64url();
    json!({"type": kind, "challenge": challenge, "origin": "https://example.org"}).to_string()
}

fn encode(bytes: &[u8]) -> Value {
    // The only encoder of base64url in the public surface.
    Value::from(bytes.chunks(1023).map(|chunk| CredentialId::from_bytes(chunk).unwrap().to_base64url()).collect::<String>())
}

fuzz_target!(|input: (u8, &[u8])| {
    let (way, bytes) = input;
    let id = CredentialId::from_bytes([7; 16]).unwrap();
    let around = |response: Value| {
        let id = id.to_base64url();
        json!({"id": id, "rawId": id, "type": "public-key", "response": response}).to_string()
    };
    match way % 4 {
        0 => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let _ = AuthenticationResponse::parse(text);
            if let Ok(response) = RegistrationResponse::parse(text) {
                let _ = response.verify(expected());
            }
        }
        1 => {
            let response = json!({"clientDataJSON": encode(client_data("webauthn.create").as_bytes()), "attestationObject": encode(bytes)});
            let response = RegistrationResponse::parse(&around(response)).expect("bytes in base64url");
            if let Ok(credential) = response.verify(expected()) {
                assert_eq!(PublicKey::from_cose(credential.public_key.as_cose()).as_ref(), Ok(&credential.public_key));
                assert!(credential.attestation != Attestation::SelfSigned, "nobody has signed");
                assert!(credential.backup_eligible || !credential.backed_up);
            }
        }
        2 => {
            if let Ok(key) = PublicKey::from_cose(bytes) {
                assert_eq!(key.as_cose(), bytes);
            }
        }
        _ => {
            let (data, signature) = bytes.split_at(bytes.len() / 2);
            let response = json!({
                "clientDataJSON": encode(client_data("webauthn.get").as_bytes()), "authenticatorData": encode(data), "signature": encode(signature),
            });
            let response = AuthenticationResponse::parse(&around(response)).expect("bytes in base64url");
            let user_handle = UserHandle::from_random([1; 32]);
            let stored = StoredCredential { id, public_key: KEY.clone(), sign_count: 0, backup_eligible: false, user_handle };
            assert!(response.verify(expected(), User::IdentifiedBefore, &stored).is_err(), "nobody has signed");
        }
    }
});
