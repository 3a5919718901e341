//! Device Bound Session Credentials: what a registration and a refresh must be, and the header they come in.

use countersign_jwt::{
    DbscError, DbscProof, KeyError, SeenError, SeenProofs, VerifyError, dbsc_proof_of_header,
    verify_dbsc_refresh, verify_dbsc_registration,
};
use serde_json::{Value, json};

use crate::fixture::{Device, b64, remove};

const CHALLENGE: &str = "c1";

/// As Chromium writes it: the challenge and nothing else.
fn payload() -> String {
    json!({"jti": CHALLENGE}).to_string()
}

fn registration(device: &Device, change: impl FnOnce(&mut Value)) -> String {
    device.sign(device.header("dbsc+jwt", change), payload())
}

fn refresh(device: &Device, change: impl FnOnce(&mut Value)) -> String {
    registration(device, |header| {
        remove(header, "jwk");
        change(header);
    })
}

fn register(text: &str) -> Result<DbscProof, DbscError> {
    verify_dbsc_registration(text, |challenge| challenge == CHALLENGE)
}

fn renew(text: &str, device: &Device) -> Result<DbscProof, DbscError> {
    verify_dbsc_refresh(text, &device.key(), |challenge| challenge == CHALLENGE)
}

#[test]
fn a_registration_brings_its_key_and_a_refresh_none() {
    let (device, thief) = (Device::new(), Device::new());
    let proof = register(&registration(&device, |_| {})).unwrap();
    assert_eq!((proof.thumbprint(), proof.challenge()), (device.thumbprint(), CHALLENGE));
    assert_eq!(proof.key().jwk_thumbprint(), Some(device.thumbprint()));
    let proof = renew(&refresh(&device, |_| {}), &device).unwrap();
    assert_eq!((proof.thumbprint(), proof.challenge()), (device.thumbprint(), CHALLENGE));

    assert_eq!(register(&refresh(&device, |_| {})).err(), Some(DbscError::MissingKey));
    for text in [registration(&device, |_| {}), registration(&thief, |_| {})] {
        assert_eq!(renew(&text, &device).err(), Some(DbscError::UnexpectedKey));
    }
    let null = refresh(&device, |header| header["jwk"] = Value::Null);
    assert_eq!(renew(&null, &device).err(), Some(DbscError::UnexpectedKey));
    let bad = Some(DbscError::Jws(VerifyError::BadSignature));
    assert_eq!(renew(&refresh(&thief, |_| {}), &device).err(), bad);
    let swapped = thief.sign(device.header("dbsc+jwt", |_| {}), payload());
    assert_eq!(register(&swapped).err(), bad);
}

#[test]
fn type_and_algorithm_are_those_of_such_a_proof() {
    let (device, ed25519) = (Device::new(), Device::ed25519());
    for typ in ["dpop+jwt", "JWT", "at+jwt", ""] {
        let error = Some(DbscError::WrongType);
        assert_eq!(register(&registration(&device, |header| header["typ"] = typ.into())).err(), error);
        assert_eq!(renew(&refresh(&device, |header| header["typ"] = typ.into()), &device).err(), error);
    }
    assert_eq!(register(&registration(&ed25519, |_| {})).err(), Some(DbscError::Algorithm));
    assert_eq!(renew(&refresh(&ed25519, |_| {}), &ed25519).err(), Some(DbscError::Algorithm));
    for algorithm in ["RS256", "HS256", "ES384"] {
        let text = registration(&device, |header| header["alg"] = algorithm.into());
        assert_eq!(register(&text).err(), Some(DbscError::Algorithm));
    }
    // The draft has it for browsers without a key store.
    let none = registration(&device, |header| header["alg"] = "none".into());
    assert_eq!(register(&none).err(), Some(DbscError::Jws(VerifyError::AlgorithmNone)));
}

#[test]
fn the_key_is_a_public_one() {
    let device = Device::new();
    let error = |change: fn(&mut Value)| register(&registration(&device, change)).err();
    assert_eq!(error(|header| header["jwk"] = json!("x")), Some(DbscError::MissingKey));
    let private: fn(&mut Value) = |header| header["jwk"]["d"] = b64([7; 32]).into();
    assert_eq!(error(private), Some(DbscError::Key(KeyError::PrivateKey)));
    let off_curve: fn(&mut Value) = |header| header["jwk"]["y"] = b64([0; 32]).into();
    assert_eq!(error(off_curve), Some(DbscError::Key(KeyError::InvalidPoint)));
}

/// Asked once, with what was signed, and not before.
#[test]
fn the_challenge_is_one_that_was_given() {
    let device = Device::new();
    let header = device.header("dbsc+jwt", |_| {});
    for (payload, error) in [
        (json!({"jti": "c2"}), DbscError::Challenge),
        (json!({"jti": ""}), DbscError::Challenge),
        (json!({}), DbscError::Jws(VerifyError::MissingClaim { claim: "jti" })),
        (json!({"jti": 5}), DbscError::Jws(VerifyError::ClaimType { claim: "jti" })),
        (json!({"challenge": CHALLENGE}), DbscError::Jws(VerifyError::MissingClaim { claim: "jti" })),
    ] {
        assert_eq!(register(&device.sign(&header, payload.to_string())).err(), Some(error), "{payload}");
    }
    // Members of earlier drafts say nothing.
    let old =
        json!({"jti": CHALLENGE, "aud": "https://evil", "iat": "1", "sub": "x", "key": Device::new().jwk()});
    let proof = register(&device.sign(&header, old.to_string())).unwrap();
    assert_eq!(proof.thumbprint(), device.thumbprint());

    let mut asked = 0;
    let forged = Device::new().sign(&header, payload());
    assert!(
        verify_dbsc_registration(&forged, |_| {
            asked += 1;
            true
        })
        .is_err()
    );
    assert_eq!(asked, 0, "a forged proof uses no challenge up");
}

/// One key answers a challenge once, until the challenge is not good any more.
#[test]
fn a_challenge_is_answered_once() {
    let (device, other) = (Device::new(), Device::new());
    let mut seen = SeenProofs::default();
    let now = 1_800_000_000;
    let answer = renew(&refresh(&device, |_| {}), &device).unwrap();
    assert_eq!(seen.record_answer(&answer, now + 300, now), Ok(()));
    assert_eq!(seen.record_answer(&answer, now + 300, now + 330), Err(SeenError::Replayed));
    let of_other = renew(&refresh(&other, |_| {}), &other).unwrap();
    assert_eq!(seen.record_answer(&of_other, now + 300, now), Ok(()));
    assert_eq!(seen.record_answer(&answer, now + 900, now + 331), Ok(()));
}

/// With its quotes, as the specification has it, or without, as Chromium 156 sends it.
#[test]
fn the_header_is_one_structured_string() {
    for (value, expected) in [
        (r#""a.b.c""#, Some("a.b.c")),
        (r#"  "a.b.c" "#, Some("a.b.c")),
        (r#""a.b.c";x=1"#, Some("a.b.c")),
        (r#""a.b.c" ; x"#, Some("a.b.c")),
        ("a.b.c", Some("a.b.c")),
        (" a.b.c ", Some("a.b.c")),
        ("a.b.c;x=1", Some("a.b.c")),
        ("a.b.c ;x", Some("a.b.c")),
        ("a.b.c, d.e.f", None),
        ("a.b.c;x, d.e.f", None),
        ("a.b.c d.e.f", None),
        ("a.b\u{e9}.c", None),
        (";x", None),
        ("", None),
        (r#""""#, None),
        (r#""a.b.c"#, None),
        (r#"a.b.c""#, None),
        (r#""a.b.c", "d.e.f""#, None),
        (r#""a.b.c";x, "d.e.f""#, None),
        (r#""a.b.c"x"#, None),
        (r#""a\"b""#, None),
        (r#""a b""#, None),
        (r#"("a.b.c")"#, None),
        ("'a.b.c'", None),
    ] {
        assert_eq!(dbsc_proof_of_header(value).ok(), expected, "{value}");
    }
}
