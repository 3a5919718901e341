//! §7.1.

use countersign_webauthn::{
    Aaguid, Algorithm, Attestation, AuthenticatorDataError, CborError, CeremonyError, UserVerification,
};
use serde_json::{Value, json};

use crate::authenticator::{AT, BE, BS, Ceremony, ED, ID, Key, UP, UV, array, bytes, int, map, text};

/// A sound ceremony, changed in one place, must fail with this error.
fn fails(error: CeremonyError, change: impl FnOnce(&mut Ceremony)) {
    let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
    change(&mut ceremony);
    assert_eq!(ceremony.register(), Err(error));
}

fn passes(change: impl FnOnce(&mut Ceremony)) -> countersign_webauthn::RegisteredCredential {
    let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
    change(&mut ceremony);
    ceremony.register().unwrap()
}

#[test]
fn a_sound_registration_gives_what_is_to_be_stored() {
    for algorithm in Algorithm::ALL {
        let mut ceremony = Ceremony::registration(algorithm);
        ceremony.sign_count = 0x0102_0304;
        ceremony.flags = UP | UV | BE | BS | AT;
        let credential = ceremony.register().unwrap();
        assert_eq!(credential.id.as_bytes(), ID);
        assert_eq!(credential.public_key.algorithm(), algorithm);
        assert_eq!(credential.public_key.as_cose(), ceremony.key.cose());
        assert_eq!(credential.sign_count, 0x0102_0304);
        assert_eq!(credential.aaguid, Aaguid::from_bytes([3; 16]));
        assert_eq!(credential.transports, ["hybrid", "internal"]);
        assert!(credential.backup_eligible && credential.backed_up && credential.user_verified);
        assert_eq!(credential.attestation, Attestation::None);
    }
    let plain = passes(|ceremony| {
        ceremony.flags = UP | AT;
        ceremony.user_verification = UserVerification::Preferred;
    });
    assert!(!plain.backup_eligible && !plain.backed_up && !plain.user_verified);
}

#[test]
fn the_client_data_must_be_of_this_ceremony() {
    fails(CeremonyError::CeremonyType, |ceremony| ceremony.client_data["type"] = json!("webauthn.get"));
    fails(CeremonyError::CeremonyType, |ceremony| ceremony.client_data["type"] = json!("webauthn.Create"));
    for challenge in [
        "",
        "AAAA",
        "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=",
        "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQl",
    ] {
        fails(CeremonyError::Challenge, |ceremony| ceremony.client_data["challenge"] = json!(challenge));
    }
    fails(CeremonyError::CrossOrigin, |ceremony| ceremony.client_data["crossOrigin"] = json!(true));
    fails(CeremonyError::TopOrigin, |ceremony| {
        ceremony.client_data["topOrigin"] = json!("https://login.example.org");
    });
}

/// MF-4.
#[test]
fn an_origin_is_exactly_one_of_those_allowed() {
    for origin in [
        "https://example.org",
        "https://login.example.org/",
        "https://LOGIN.example.org",
        "http://login.example.org",
        "https://login.example.org:443",
        "https://login.example.org.evil.example",
        "https://evil.example",
        "null",
        "",
    ] {
        fails(CeremonyError::Origin { origin: origin.to_owned() }, |ceremony| {
            ceremony.client_data["origin"] = json!(origin);
        });
    }
    fails(CeremonyError::Origin { origin: "x".repeat(64) }, |ceremony| {
        ceremony.client_data["origin"] = json!("x".repeat(10_000));
    });
}

#[test]
fn the_client_data_must_be_json_of_their_form() {
    let is_json_error = |text: &str| {
        let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
        ceremony.client_data_text = text.to_owned();
        assert!(matches!(ceremony.register(), Err(CeremonyError::ClientDataJson(_))), "{text}");
    };
    let good = Ceremony::registration(Algorithm::EdDsa).client_data.to_string();
    for text in
        ["{", "[]", "null", "\"x\"", "{}", &good[1..], &format!("{good}x"), &good.replace("false", "null")]
    {
        is_json_error(text);
    }
    is_json_error(&good.replace('}', ",\"topOrigin\":null}"));
    is_json_error(&good.replace('}', ",\"type\":\"webauthn.create\"}"));
    is_json_error(&good.replace('}', ",\"origin\":\"https://evil.example\"}"));
    for name in ["type", "challenge", "origin"] {
        let mut without: Value = serde_json::from_str(&good).unwrap();
        without.as_object_mut().unwrap().remove(name);
        is_json_error(&without.to_string());
        without[name] = json!(1);
        is_json_error(&without.to_string());
    }
    // Not UTF-8, in a member that nobody looks at.
    let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
    let bytes = [&good.as_bytes()[..good.len() - 1], b",\"more\":\"\xff\"}"].concat();
    ceremony.response = json!({"clientDataJSON": encode(&bytes)});
    assert!(matches!(ceremony.register(), Err(CeremonyError::ClientDataJson(_))));
}

#[test]
fn what_the_client_may_write_is_accepted() {
    let good = Ceremony::registration(Algorithm::EdDsa).client_data.to_string();
    // §5.8.1.2: more members may come. Keys with escapes are the same keys.
    for text in [
        format!("\u{feff}{good}"),
        format!(" {good}\n"),
        good.replace('}', ",\"other_keys_can_be_added_here\":{\"a\":[1.5e3,null]}}"),
        good.replace(",\"crossOrigin\":false", "").replace("\"crossOrigin\":false,", ""),
        good.replace("\"type\"", "\"\\u0074ype\""),
    ] {
        passes(|ceremony| ceremony.client_data_text = text);
    }
}

#[test]
fn the_authenticator_must_be_sound_about_rp_id_and_flags() {
    fails(CeremonyError::RpId, |ceremony| ceremony.rp_id = "login.example.org");
    fails(CeremonyError::UserNotPresent, |ceremony| ceremony.flags = UV | AT);
    fails(CeremonyError::UserNotVerified, |ceremony| ceremony.flags = UP | AT);
    fails(CeremonyError::BackupFlags, |ceremony| ceremony.flags = UP | UV | BS | AT);
    fails(CeremonyError::NoCredential, |ceremony| ceremony.flags = UP | UV);
    fails(CeremonyError::AttestedId, |ceremony| ceremony.attested_id[0] ^= 1);
    fails(CeremonyError::CredentialIdLength, |ceremony| ceremony.attested_id = vec![1; 1024]);
    fails(CeremonyError::CredentialIdLength, |ceremony| ceremony.attested_id = Vec::new());
    // The reserved bits may mean something one day.
    passes(|ceremony| ceremony.flags |= 1 << 1 | 1 << 5);
}

#[test]
fn authenticator_data_are_read_to_the_end() {
    let broken = |error, change: fn(&mut Ceremony)| fails(CeremonyError::AuthenticatorData(error), change);
    broken(AuthenticatorDataError::TrailingBytes, |ceremony| ceremony.tail = vec![0]);
    broken(AuthenticatorDataError::Extensions(CborError::Truncated), |ceremony| ceremony.flags |= ED);
    broken(AuthenticatorDataError::Extensions(CborError::NotAMap), |ceremony| {
        ceremony.flags |= ED;
        ceremony.extensions = vec![0x80];
    });
    broken(AuthenticatorDataError::Extensions(CborError::KeyOrder), |ceremony| {
        ceremony.flags |= ED;
        ceremony.extensions = map(&[(text("b"), int(0)), (text("a"), int(0))]);
    });
    broken(AuthenticatorDataError::PublicKey(CborError::Truncated), |ceremony| {
        ceremony.cose.pop();
    });
    broken(AuthenticatorDataError::PublicKey(CborError::NotAMap), |ceremony| ceremony.cose = vec![0x80]);
    broken(AuthenticatorDataError::TrailingBytes, |ceremony| ceremony.cose.push(0));
    passes(|ceremony| {
        ceremony.flags |= ED;
        ceremony.extensions = map(&[(text("credProtect"), int(2)), (text("hmac-secret"), vec![0xf5])]);
    });
    // Cut anywhere, they are an error and never a panic.
    let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
    let whole = ceremony.authenticator_data();
    for length in 0..whole.len() {
        let object = map(&[
            (text("fmt"), text("none")),
            (text("attStmt"), vec![0xa0]),
            (text("authData"), bytes(&whole[..length])),
        ]);
        ceremony.response = json!({"attestationObject": encode(&object)});
        assert!(matches!(ceremony.register(), Err(CeremonyError::AuthenticatorData(_))), "{length}");
    }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn an_attestation_object_has_its_three_members() {
    let with = |error: CeremonyError, object: Vec<u8>| {
        fails(error, |ceremony| ceremony.response = json!({"attestationObject": encode(&object)}));
    };
    let sound = Ceremony::registration(Algorithm::EdDsa);
    let data = bytes(&sound.authenticator_data());
    let (fmt, statement) = ((text("fmt"), text("none")), (text("attStmt"), vec![0xa0]));
    let auth_data = (text("authData"), data.clone());
    with(CeremonyError::AttestationObjectShape, map(&[fmt.clone(), statement.clone()]));
    with(CeremonyError::AttestationObjectShape, map(&[fmt.clone(), auth_data.clone()]));
    with(CeremonyError::AttestationObjectShape, map(&[statement.clone(), auth_data.clone()]));
    with(
        CeremonyError::AttestationObjectShape,
        map(&[(text("fmt"), bytes(b"none")), statement.clone(), auth_data.clone()]),
    );
    with(
        CeremonyError::AttestationObjectShape,
        map(&[fmt.clone(), statement.clone(), (text("authData"), text("x"))]),
    );
    with(CeremonyError::AttestationObjectShape, data);
    with(CeremonyError::AttestationObjectCbor(CborError::Truncated), Vec::new());
    with(
        CeremonyError::AttestationObjectCbor(CborError::DuplicateKey),
        map(&[fmt.clone(), statement.clone(), fmt.clone(), auth_data.clone()]),
    );
    with(
        CeremonyError::AttestationObjectCbor(CborError::TrailingBytes),
        [map(&[fmt.clone(), statement.clone(), auth_data.clone()]), vec![0]].concat(),
    );
    // In any order, with more members.
    passes(|ceremony| {
        let auth_data = (text("authData"), bytes(&ceremony.authenticator_data()));
        let object = map(&[auth_data, statement, fmt, (text("epAtt"), vec![0xf4])]);
        ceremony.response = json!({"attestationObject": encode(&object)});
    });
}

#[test]
fn a_statement_has_the_form_of_its_format_and_self_attestation_verifies() {
    let statement = |format: &str, statement: Vec<u8>| (format.to_owned(), statement);
    fails(CeremonyError::AttestationStatement, |ceremony| {
        ceremony.statement = statement("none", map(&[(text("x"), int(1))]));
    });
    for (format, value) in [
        ("none", vec![0x80]),
        ("tpm", vec![0x80]),
        ("", vec![0xa0]),
        ("a b", vec![0xa0]),
        ("compound", int(1)),
    ] {
        fails(CeremonyError::AttestationStatement, |ceremony| ceremony.statement = statement(format, value));
    }
    fails(CeremonyError::AttestationStatement, |ceremony| {
        ceremony.statement = statement(&"x".repeat(33), vec![0xa0]);
    });
    fails(CeremonyError::AttestationStatement, |ceremony| {
        ceremony.statement = statement("packed", map(&[(text("alg"), int(-8))]));
    });
    fails(CeremonyError::AttestationStatement, |ceremony| {
        ceremony.statement = statement("packed", map(&[(text("sig"), bytes(&[1; 64]))]));
    });
    let signed_by = |ceremony: &mut Ceremony, algorithm: i64, key: &Key| {
        let signature = key.sign(&ceremony.signed());
        ceremony.statement =
            statement("packed", map(&[(text("alg"), int(algorithm)), (text("sig"), bytes(&signature))]));
    };
    fails(CeremonyError::AttestationSignature, |ceremony| {
        signed_by(ceremony, -8, &Key::new(Algorithm::EdDsa));
    });
    for (algorithm, number) in [(Algorithm::EdDsa, -8), (Algorithm::Es256, -7), (Algorithm::Rs256, -257)] {
        let mut ceremony = Ceremony::registration(algorithm);
        let signature = ceremony.key.sign(&ceremony.signed());
        let with_number = |number| {
            statement("packed", map(&[(text("alg"), int(number)), (text("sig"), bytes(&signature))]))
        };
        ceremony.statement = with_number(number);
        assert_eq!(ceremony.register().unwrap().attestation, Attestation::SelfSigned);
        ceremony.statement = with_number(-9);
        assert_eq!(ceremony.register(), Err(CeremonyError::AttestationSignature));
    }
    let with_certificates =
        map(&[(text("alg"), int(-7)), (text("sig"), bytes(&[1])), (text("x5c"), array(&[bytes(&[1])]))]);
    for (format, value) in
        [("packed", with_certificates), ("tpm", vec![0xa0]), ("apple", vec![0xa0]), ("compound", vec![0x80])]
    {
        let credential = passes(|ceremony| ceremony.statement = statement(format, value));
        assert_eq!(credential.attestation, Attestation::NotEvaluated { format: format.to_owned() });
    }
}
