//! §7.2.

use countersign_webauthn::{
    Algorithm, AuthenticatorDataError, CborError, CeremonyError, User, UserHandle, UserVerification,
    VerifiedAssertion,
};
use serde_json::json;

use crate::authenticator::{AT, BE, BS, Ceremony, ED, HANDLE, Key, UP, UV, bytes, cose, map, text};

fn fails(error: CeremonyError, change: impl FnOnce(&mut Ceremony)) {
    let mut ceremony = Ceremony::authentication(Algorithm::EdDsa);
    change(&mut ceremony);
    assert_eq!(ceremony.authenticate(), Err(error));
}

fn passes(change: impl FnOnce(&mut Ceremony)) -> VerifiedAssertion {
    let mut ceremony = Ceremony::authentication(Algorithm::EdDsa);
    change(&mut ceremony);
    ceremony.authenticate().unwrap()
}

#[test]
fn a_sound_assertion_says_who_and_what_to_remember() {
    for algorithm in Algorithm::ALL {
        let mut ceremony = Ceremony::authentication(algorithm);
        ceremony.flags = UP | UV | BE | BS;
        ceremony.stored_backup_eligible = true;
        (ceremony.stored_count, ceremony.sign_count) = (6, 7);
        let assertion = ceremony.authenticate().unwrap();
        assert_eq!(assertion.user_handle, UserHandle::from_random(HANDLE));
        assert_eq!(assertion.sign_count, 7);
        assert!(assertion.backed_up && assertion.user_verified && !assertion.counter_fell);
    }
    let plain = passes(|ceremony| {
        ceremony.flags = UP;
        ceremony.user_verification = UserVerification::Discouraged;
    });
    assert!(!plain.backed_up && !plain.user_verified);
}

#[test]
fn the_client_data_must_be_of_this_ceremony() {
    fails(CeremonyError::CeremonyType, |ceremony| ceremony.client_data["type"] = json!("webauthn.create"));
    fails(CeremonyError::Challenge, |ceremony| ceremony.client_data["challenge"] = json!("AAAA"));
    fails(CeremonyError::Origin { origin: "https://evil.example".to_owned() }, |ceremony| {
        ceremony.client_data["origin"] = json!("https://evil.example");
    });
    fails(CeremonyError::CrossOrigin, |ceremony| ceremony.client_data["crossOrigin"] = json!(true));
    fails(CeremonyError::TopOrigin, |ceremony| {
        ceremony.client_data["topOrigin"] = json!("https://evil.example");
    });
}

#[test]
fn the_authenticator_must_be_sound_about_rp_id_and_flags() {
    fails(CeremonyError::RpId, |ceremony| ceremony.rp_id = "evil.example");
    fails(CeremonyError::UserNotPresent, |ceremony| ceremony.flags = UV);
    fails(CeremonyError::UserNotVerified, |ceremony| ceremony.flags = UP);
    fails(CeremonyError::BackupFlags, |ceremony| ceremony.flags = UP | UV | BS);
    fails(CeremonyError::BackupEligibilityChanged, |ceremony| ceremony.flags = UP | UV | BE);
    fails(CeremonyError::BackupEligibilityChanged, |ceremony| ceremony.stored_backup_eligible = true);
    fails(CeremonyError::AuthenticatorData(AuthenticatorDataError::TrailingBytes), |ceremony| {
        ceremony.tail = vec![0];
    });
    fails(CeremonyError::AuthenticatorData(AuthenticatorDataError::Truncated), |ceremony| {
        ceremony.response = json!({"authenticatorData": "AAAA"});
    });
    fails(
        CeremonyError::AuthenticatorData(AuthenticatorDataError::Extensions(CborError::Truncated)),
        |ceremony| ceremony.flags |= ED,
    );
    // §7.2 does not forbid a credential in an assertion; it is read and has no meaning.
    passes(|ceremony| ceremony.flags |= AT);
    passes(|ceremony| {
        ceremony.flags |= ED;
        ceremony.extensions = map(&[(text("hmac-secret"), bytes(&[1; 32]))]);
    });
}

#[test]
fn the_credential_must_be_the_users() {
    fails(CeremonyError::OtherCredential, |ceremony| ceremony.stored_id[0] ^= 1);
    fails(CeremonyError::OtherUser, |ceremony| ceremony.response = json!({"userHandle": "AAAA"}));
    fails(CeremonyError::OtherUser, |ceremony| {
        ceremony.user = User::IdentifiedBefore;
        ceremony.response = json!({"userHandle": "AAAA"});
    });
    for handle in [json!(null), json!("(absent)")] {
        fails(CeremonyError::NoUserHandle, |ceremony| ceremony.response = json!({"userHandle": handle}));
        passes(|ceremony| {
            ceremony.user = User::IdentifiedBefore;
            ceremony.response = json!({"userHandle": handle});
        });
    }
    passes(|ceremony| ceremony.user = User::IdentifiedBefore);
}

#[test]
fn a_signature_of_another_key_or_form_does_not_match() {
    for algorithm in Algorithm::ALL {
        let mut ceremony = Ceremony::authentication(algorithm);
        let signed = ceremony.signed();
        let signatures: Vec<Vec<u8>> = Algorithm::ALL.map(|other| Key::new(other).sign(&signed)).to_vec();
        for signature in signatures.iter().chain([&Vec::new(), &vec![0; 64], &vec![0; 256]]) {
            ceremony.response = json!({"signature": encode(signature)});
            assert_eq!(ceremony.authenticate(), Err(CeremonyError::Signature));
        }
        let good = ceremony.key.sign(&signed);
        ceremony.response = json!({"signature": encode(&good)});
        assert!(ceremony.authenticate().is_ok());
        ceremony.response = json!({"signature": encode(&[good.as_slice(), &[0]].concat())});
        assert_eq!(ceremony.authenticate(), Err(CeremonyError::Signature));
    }
    // The two numbers side by side, as in JOSE: WebAuthn §6.5.5 wants DER.
    let mut ceremony = Ceremony::authentication(Algorithm::Es256);
    let der = ceremony.key.sign(&ceremony.signed());
    let number = |at: usize| {
        let length = usize::from(der[at + 1]);
        let value = &der[at + 2..at + 2 + length];
        let value = &value[value.len().saturating_sub(32)..];
        [vec![0; 32 - value.len()], value.to_vec()].concat()
    };
    let fixed = [number(2), number(4 + usize::from(der[3]))].concat();
    ceremony.response = json!({"signature": encode(&fixed)});
    assert_eq!(ceremony.authenticate(), Err(CeremonyError::Signature));
}

/// §7.2 step 22: a value and no error; no alarm for those that report zero.
#[test]
fn a_counter_that_falls_is_told() {
    for (stored, new, fell) in
        [(0, 0, false), (0, 5, false), (5, 6, false), (5, 5, true), (5, 4, true), (5, 0, true)]
    {
        let assertion = passes(|ceremony| (ceremony.stored_count, ceremony.sign_count) = (stored, new));
        assert_eq!((assertion.counter_fell, assertion.sign_count), (fell, new), "{stored} {new}");
    }
}

/// What is shown at a registration is of no use at an authentication, and the other way round.
#[test]
fn one_ceremony_is_not_the_other() {
    let registration = Ceremony::registration(Algorithm::EdDsa);
    let mut shown = Ceremony::authentication(Algorithm::EdDsa);
    shown.flags = registration.flags;
    shown.client_data = registration.client_data.clone();
    assert_eq!(shown.authenticate(), Err(CeremonyError::CeremonyType));
    let mut shown = Ceremony::registration(Algorithm::EdDsa);
    shown.client_data = Ceremony::authentication(Algorithm::EdDsa).client_data;
    assert_eq!(shown.register(), Err(CeremonyError::CeremonyType));
    let _ = cose(&[]);
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
