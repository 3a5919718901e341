//! The JSON around a response.

use countersign_webauthn::{Algorithm, AuthenticationResponse, CeremonyError, RegistrationResponse};
use serde_json::{Value, json};

use crate::authenticator::Ceremony;

#[test]
fn what_is_not_such_json_is_refused() {
    for text in ["", "{", "[]", "null", "{}", "{\"id\":\"\"}"] {
        assert!(matches!(RegistrationResponse::parse(text), Err(CeremonyError::Json(_))), "{text}");
        assert!(matches!(AuthenticationResponse::parse(text), Err(CeremonyError::Json(_))), "{text}");
    }
    let good = Ceremony::registration(Algorithm::EdDsa).registration_json();
    for (member, inner) in [
        ("id", ""),
        ("rawId", ""),
        ("type", ""),
        ("response", "clientDataJSON"),
        ("response", "attestationObject"),
    ] {
        for value in [json!("(absent)"), json!(1), json!(null)] {
            let mut json: Value = serde_json::from_str(&good).unwrap();
            let (object, name) =
                if inner.is_empty() { (&mut json, member) } else { (&mut json[member], inner) };
            if value == "(absent)" {
                object.as_object_mut().unwrap().remove(name);
            } else {
                object[name] = value;
            }
            assert!(
                matches!(RegistrationResponse::from_value(json), Err(CeremonyError::Json(_))),
                "{member} {inner}"
            );
        }
    }
    let twice = good.replacen('{', "{\"type\":\"public-key\",", 1);
    assert!(matches!(RegistrationResponse::parse(&twice), Err(CeremonyError::Json(_))));
    let long = format!("{}{good}", " ".repeat(64 * 1024));
    assert_eq!(RegistrationResponse::parse(&long), Err(CeremonyError::TooLong));
    assert_eq!(AuthenticationResponse::parse(&long), Err(CeremonyError::TooLong));
}

#[test]
fn id_and_type_are_looked_at() {
    let fails = |error: CeremonyError, outer: Value| {
        let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
        ceremony.outer = outer.clone();
        assert_eq!(RegistrationResponse::parse(&ceremony.registration_json()), Err(error.clone()));
        let mut ceremony = Ceremony::authentication(Algorithm::EdDsa);
        ceremony.outer = outer;
        assert_eq!(AuthenticationResponse::parse(&ceremony.authentication_json()), Err(error));
    };
    let both = |id: &str| json!({"id": id, "rawId": id});
    fails(CeremonyError::CredentialType, json!({"type": "password"}));
    fails(CeremonyError::IdMismatch, json!({"id": "AAAA"}));
    fails(CeremonyError::IdMismatch, json!({"id": "BwcHBwcHBwcHBwcHBwcHBwcHBwc="}));
    fails(CeremonyError::CredentialIdLength, both(""));
    fails(CeremonyError::CredentialIdLength, both(&"A".repeat(1366)));
    for text in ["AAA=", "A", "A/AA", "AA\n", "AB", "é"] {
        fails(CeremonyError::Encoding { member: "rawId" }, both(text));
    }
}

#[test]
fn bytes_are_canonical_base64url() {
    for member in ["clientDataJSON", "attestationObject"] {
        let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
        ceremony.response = json!({member: "AB"});
        let error = RegistrationResponse::parse(&ceremony.registration_json());
        assert_eq!(error, Err(CeremonyError::Encoding { member }));
    }
    for member in ["clientDataJSON", "authenticatorData", "signature", "userHandle"] {
        let mut ceremony = Ceremony::authentication(Algorithm::EdDsa);
        ceremony.response = json!({member: "AA=="});
        let error = AuthenticationResponse::parse(&ceremony.authentication_json());
        assert_eq!(error, Err(CeremonyError::Encoding { member }));
    }
    for handle in [String::new(), "A".repeat(87)] {
        let mut ceremony = Ceremony::authentication(Algorithm::EdDsa);
        ceremony.response = json!({"userHandle": handle});
        let error = AuthenticationResponse::parse(&ceremony.authentication_json());
        assert_eq!(error, Err(CeremonyError::UserHandleLength));
    }
}

/// Said by the client, signed by nobody, and handed back to clients only.
#[test]
fn transports_that_cannot_be_are_left_out() {
    let with = |transports: Value| {
        let mut ceremony = Ceremony::registration(Algorithm::EdDsa);
        ceremony.response = json!({"transports": transports});
        ceremony.register().unwrap().transports
    };
    assert_eq!(with(json!(["usb", "nfc", "usb", "smart-card"])), ["nfc", "smart-card", "usb"]);
    assert_eq!(with(json!(["carrier-pigeon", "", "a b", "<script>", "x".repeat(33)])), ["carrier-pigeon"]);
    let many: Vec<String> = (0..100).map(|number| format!("t{number}")).collect();
    assert_eq!(with(json!(many)).len(), 8);
    assert!(with(json!(null)).is_empty());
    assert!(with(json!("(absent)")).is_empty());
}
