//! DPoP: each check of RFC 9449 §4.3 by proofs that break it and nothing else.

use std::time::Duration;

use countersign_jwt::{
    DpopError, DpopNonces, DpopPolicy, DpopProof, DpopRequest, JsonError, KeyError, NonceCheck, SeenError,
    SeenProofs, TargetUri, VerifyError, verify_dpop_proof,
};
use serde_json::{Value, json};

use crate::fixture::{Device, NOW, b64, remove};

const TARGET: &str = "https://api.example/books";
const TOKEN: &str = "an.access.token";
/// Base64url of its SHA-256.
const ATH: &str = "UkM2b42E54u4hWzuKV_B3zyulUA6vtNYjJUv_ru2Qck";

fn payload(change: impl FnOnce(&mut Value)) -> String {
    let mut payload = json!({"jti": "j1", "htm": "GET", "htu": TARGET, "iat": NOW});
    change(&mut payload);
    payload.to_string()
}

fn proof(device: &Device, change: impl FnOnce(&mut Value)) -> String {
    device.sign(device.header("dpop+jwt", |_| {}), payload(change))
}

fn verify(text: &str) -> Result<DpopProof, DpopError> {
    let target = TargetUri::parse(TARGET).unwrap();
    verify_dpop_proof(text, &DpopRequest::new("GET", &target), &DpopPolicy::default(), NOW)
}

#[track_caller]
fn refused(text: &str, error: DpopError) {
    assert_eq!(verify(text).map(|proof| proof.id().to_owned()), Err(error), "{text}");
    assert_eq!(
        error.code(),
        if error == DpopError::UseNonce { "use_dpop_nonce" } else { "invalid_dpop_proof" }
    );
}

#[test]
fn a_good_proof_says_whose_it_is() {
    for device in [Device::new(), Device::ed25519()] {
        let proof = verify(&proof(&device, |_| {})).unwrap();
        assert_eq!((proof.thumbprint(), proof.id()), (device.thumbprint(), "j1"));
        assert_eq!((proof.issued_at(), proof.good_until()), (NOW, NOW + 60));
        assert_eq!(proof.key().jwk_thumbprint(), Some(device.thumbprint()));
    }
}

/// Check 2.
#[test]
fn a_proof_is_one_well_formed_jwt() {
    let device = Device::new();
    let good = proof(&device, |_| {});
    let header = || device.header("dpop+jwt", |_| {});
    for (text, error) in [
        (String::new(), VerifyError::PartCount),
        (format!("{good}.x"), VerifyError::PartCount),
        (format!("{good},{good}"), VerifyError::PartCount),
        (format!(" {good}"), VerifyError::HeaderEncoding),
        (format!("{good}="), VerifyError::SignatureEncoding),
        ("x".repeat(9000), VerifyError::TokenTooLong),
        (device.sign(header().replace('}', ""), payload(|_| {})), VerifyError::HeaderJson(JsonError::Syntax)),
        (device.sign(header(), "5"), VerifyError::PayloadJson(JsonError::NotAnObject)),
        (
            device.sign(header(), payload(|_| {}).replacen('{', r#"{"htm":"POST","#, 1)),
            VerifyError::PayloadJson(JsonError::DuplicateName),
        ),
        (
            device.sign(header().replacen('{', r#"{"typ":"x","#, 1), payload(|_| {})),
            VerifyError::HeaderJson(JsonError::DuplicateName),
        ),
        (
            device.sign(device.header("dpop+jwt", |header| header["crit"] = json!(["b64"])), payload(|_| {})),
            VerifyError::CriticalHeader,
        ),
    ] {
        refused(&text, DpopError::Jws(error));
    }
}

/// Check 3.
#[test]
fn every_claim_is_there_and_of_its_type() {
    let device = Device::new();
    for claim in ["jti", "htm", "htu", "iat"] {
        let missing = DpopError::Jws(VerifyError::MissingClaim { claim });
        refused(&proof(&device, |payload| remove(payload, claim)), missing);
        for value in [json!(null), json!(true), json!([]), json!({})] {
            let text = proof(&device, |payload| payload[claim] = value);
            refused(&text, DpopError::Jws(VerifyError::ClaimType { claim }));
        }
    }
    for (claim, value) in
        [("jti", json!(5)), ("htm", json!(["GET"])), ("iat", json!("1800000000")), ("nonce", json!(5))]
    {
        let text = proof(&device, |payload| payload[claim] = value);
        refused(&text, DpopError::Jws(VerifyError::ClaimType { claim }));
    }
    for value in [json!(-1), json!(1_800_000_000_000_i64), json!(1e300)] {
        let text = proof(&device, |payload| payload["iat"] = value);
        refused(&text, DpopError::Jws(VerifyError::TimeOutOfRange { claim: "iat" }));
    }
    for (length, is_good) in [(0, false), (1, true), (256, true), (257, false)] {
        let text = proof(&device, |payload| payload["jti"] = "j".repeat(length).into());
        assert_eq!(verify(&text).err(), (!is_good).then_some(DpopError::IdLength), "{length}");
    }
}

/// Check 4; TK-5: no other kind of token passes as a proof.
#[test]
fn the_type_is_that_of_a_proof() {
    let device = Device::new();
    for (typ, is_good) in [
        (json!("dpop+jwt"), true),
        (json!("DPoP+JWT"), true),
        (json!("application/dpop+jwt"), true),
        (json!("JWT"), false),
        (json!("at+jwt"), false),
        (json!("dbsc+jwt"), false),
        (json!(""), false),
    ] {
        let text = device.sign(device.header("", |header| header["typ"] = typ.clone()), payload(|_| {}));
        assert_eq!(verify(&text).err(), (!is_good).then_some(DpopError::WrongType), "{typ}");
    }
    refused(
        &device.sign(device.header("", |header| remove(header, "typ")), payload(|_| {})),
        DpopError::WrongType,
    );
}

/// Check 5: symmetric, unsigned and other algorithms.
#[test]
fn the_algorithm_is_one_of_two() {
    let device = Device::new();
    let with = |algorithm: &str| {
        device.sign(device.header("dpop+jwt", |header| header["alg"] = algorithm.into()), payload(|_| {}))
    };
    for algorithm in ["HS256", "RS256", "PS256", "ES384", "ES512"] {
        refused(&with(algorithm), DpopError::Algorithm);
    }
    refused(&with("none"), DpopError::Jws(VerifyError::AlgorithmNone));
    refused(&with("ES256K"), DpopError::Jws(VerifyError::UnsupportedAlgorithm));
    let secret = |header: &mut Value| {
        header["alg"] = "HS256".into();
        header["jwk"] = json!({"kty": "oct", "alg": "HS256", "k": b64([7; 32])});
    };
    refused(&device.sign(device.header("dpop+jwt", secret), payload(|_| {})), DpopError::Algorithm);
}

/// Checks 6 and 7.
#[test]
fn the_key_is_in_the_header_and_public() {
    let (device, other) = (Device::new(), Device::ed25519());
    let with = |change: &dyn Fn(&mut Value)| device.sign(device.header("dpop+jwt", change), payload(|_| {}));
    for value in [json!(null), json!("x"), json!([device.jwk()]), json!(5)] {
        refused(&with(&|header| header["jwk"] = value.clone()), DpopError::MissingKey);
    }
    // No other place for keys counts.
    for name in ["kid", "jku", "x5u", "x5t"] {
        let text = with(&|header| {
            remove(header, "jwk");
            header[name] = "https://api.example/key".into();
        });
        refused(&text, DpopError::MissingKey);
    }
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"] {
        let text = with(&|header| header["jwk"][name] = b64([7; 32]).into());
        refused(&text, DpopError::Key(KeyError::PrivateKey));
    }
    let replaced = |name: &'static str, value: Value| with(&|header| header["jwk"][name] = value.clone());
    for (text, error) in [
        (with(&|header| header["jwk"] = json!({})), KeyError::MissingMember { name: "kty" }),
        (with(&|header| header["jwk"] = other.jwk()), KeyError::AlgorithmMismatch),
        (
            with(&|header| header["jwk"] = json!({"kty": "oct", "k": b64([7; 32])})),
            KeyError::AlgorithmMismatch,
        ),
        (replaced("alg", json!("ES384")), KeyError::AlgorithmMismatch),
        (replaced("crv", json!("P-384")), KeyError::AlgorithmMismatch),
        (replaced("x", json!(b64([7; 31]))), KeyError::MemberFormat { name: "x" }),
        (replaced("y", json!(b64([0; 32]))), KeyError::InvalidPoint),
        (replaced("use", json!("enc")), KeyError::Purpose),
        (replaced("key_ops", json!(["sign"])), KeyError::Purpose),
    ] {
        refused(&text, DpopError::Key(error));
    }
    // As WebCrypto exports it.
    let exported = with(&|header| {
        header["jwk"]["key_ops"] = json!(["verify"]);
        header["jwk"]["ext"] = json!(true);
    });
    assert!(verify(&exported).is_ok());
    // Names of keys are ignored beside the key.
    assert!(verify(&with(&|header| header["kid"] = "another".into())).is_ok());
    let small_order = other
        .sign(other.header("dpop+jwt", |header| header["jwk"]["x"] = b64([0; 32]).into()), payload(|_| {}));
    refused(&small_order, DpopError::Key(KeyError::InvalidPoint));
}

#[test]
fn the_signature_is_of_that_key() {
    let (device, thief) = (Device::new(), Device::new());
    let bad = DpopError::Jws(VerifyError::BadSignature);
    refused(&thief.sign(device.header("dpop+jwt", |_| {}), payload(|_| {})), bad);
    let good = proof(&device, |_| {});
    let (header, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let changed = b64(payload(|payload| payload["htm"] = "GET ".into()));
    refused(&format!("{header}.{changed}.{signature}"), bad);
    refused(&format!("{header}.{}.", rest.split_once('.').unwrap().0), bad);
}

/// Checks 8 and 9.
#[test]
fn it_is_for_this_method_and_this_uri() {
    let device = Device::new();
    for method in ["POST", "get", "GET ", "", "HEAD"] {
        refused(&proof(&device, |payload| payload["htm"] = method.into()), DpopError::WrongMethod);
    }
    for target in [
        "HTTPS://API.example:443/books",
        "https://api.example/books?page=2",
        "https://api.example/books#top",
        "https://api.example/a/../%62ooks",
    ] {
        assert!(verify(&proof(&device, |payload| payload["htu"] = target.into())).is_ok(), "{target}");
    }
    for target in [
        "http://api.example/books",
        "https://api.example:8443/books",
        "https://api.example/books/",
        "https://api.example/Books",
        "https://api.example/",
        "https://api.example",
        "https://api.example.evil/books",
        "https://evil@api.example/books",
        "https://api.example//books",
        "https://api.example/books%2F",
        "/books",
        "",
    ] {
        refused(&proof(&device, |payload| payload["htu"] = target.into()), DpopError::WrongTarget);
    }
}

/// Check 11 without nonces: `|now - iat| <= window`, and a fraction counts against the proof.
#[test]
fn it_was_made_just_now() {
    let device = Device::new();
    for (offset, error) in [
        (-61, Some(DpopError::TooOld)),
        (-60, None),
        (0, None),
        (60, None),
        (61, Some(DpopError::InTheFuture)),
    ] {
        let text = proof(&device, |payload| payload["iat"] = (NOW + offset).into());
        assert_eq!(verify(&text).err(), error, "{offset}");
        let target = TargetUri::parse(TARGET).unwrap();
        let wide = DpopPolicy::new(Duration::from_hours(1));
        assert!(
            verify_dpop_proof(&text, &DpopRequest::new("GET", &target), &wide, NOW + 239).is_ok(),
            "five minutes"
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    for (iat, error) in [
        ((NOW - 60) as f64 - 0.5, Some(DpopError::TooOld)),
        ((NOW + 60) as f64 + 0.5, Some(DpopError::InTheFuture)),
        (NOW as f64 + 0.5, None),
    ] {
        assert_eq!(verify(&proof(&device, |payload| payload["iat"] = iat.into())).err(), error, "{iat}");
    }
}

/// Checks 10 and 11 with nonces: asked for only if the clock is off.
#[test]
fn a_nonce_stands_in_for_a_clock_that_is_off() {
    let device = Device::new();
    let nonces = DpopNonces::new(&[7; 32]).unwrap();
    let target = TargetUri::parse(TARGET).unwrap();
    let verdict = |offset: i64, nonce: Option<&str>, check: NonceCheck<'_>, now: i64| {
        let text = proof(&device, |payload| {
            payload["iat"] = (NOW + offset).into();
            if let Some(nonce) = nonce {
                payload["nonce"] = nonce.into();
            }
        });
        let request = DpopRequest::new("GET", &target).with_nonce(check);
        verify_dpop_proof(&text, &request, &DpopPolicy::default(), now).map(|proof| proof.good_until())
    };
    let made = nonces.nonce(NOW).unwrap();
    let other = DpopNonces::new(&[8; 32]).unwrap().nonce(NOW).unwrap();
    let mine = NonceCheck::MadeBy(&nonces);
    let one = NonceCheck::Exactly { nonce: "n1", until: NOW + 10 };
    let asked = Err(DpopError::UseNonce);
    for (offset, nonce, check, now, expected) in [
        (0, None, mine, NOW, Ok(NOW + 60)),
        (-61, None, mine, NOW, asked),
        (61, None, mine, NOW, asked),
        (-3600, Some(made.as_str()), mine, NOW, Ok(NOW + 300)),
        (3600, Some(made.as_str()), mine, NOW, Ok(NOW + 300)),
        // A nonce that is none is asked for again, whatever the clock says.
        (0, Some(other.as_str()), mine, NOW, asked),
        (0, Some(""), mine, NOW, asked),
        (-3600, Some(made.as_str()), mine, NOW + 299, Ok(NOW + 300)),
        (-3600, Some(made.as_str()), mine, NOW + 300, asked),
        // What was made for a time to come does not become good once more when it has come.
        (3600, Some(made.as_str()), mine, NOW + 3600, asked),
        (0, Some("n1"), one, NOW, Ok(NOW + 10)),
        (-3600, Some("n1"), one, NOW + 10, Ok(NOW + 10)),
        (-3600, Some("n1"), one, NOW + 11, asked),
        (0, Some("n2"), one, NOW, asked),
        (0, None, one, NOW, Ok(NOW + 60)),
        // Without nonces, one that somebody else has given is ignored.
        (0, Some("n1"), NonceCheck::Off, NOW, Ok(NOW + 60)),
        (-61, Some("n1"), NonceCheck::Off, NOW, Err(DpopError::TooOld)),
    ] {
        assert_eq!(
            verdict(offset, nonce, check, now),
            expected,
            "{offset} {nonce:?} {check:?} {}",
            now - NOW
        );
    }
}

/// Check 12.
#[test]
fn it_is_for_this_access_token_and_by_the_bound_key() {
    let (device, thief) = (Device::new(), Device::new());
    let target = TargetUri::parse(TARGET).unwrap();
    let request = DpopRequest::new("GET", &target);
    let with_token = request.with_access_token(TOKEN, device.thumbprint());
    let verdict = |device: &Device, ath: Option<Value>, request: &DpopRequest<'_>| {
        let text = proof(device, |payload| {
            if let Some(ath) = ath {
                payload["ath"] = ath;
            }
        });
        verify_dpop_proof(&text, request, &DpopPolicy::default(), NOW).err()
    };
    let missing = DpopError::Jws(VerifyError::MissingClaim { claim: "ath" });
    let wrong_type = DpopError::Jws(VerifyError::ClaimType { claim: "ath" });
    assert_eq!(verdict(&device, Some(ATH.into()), &with_token), None);
    assert_eq!(verdict(&device, None, &with_token), Some(missing));
    assert_eq!(verdict(&device, Some(json!(5)), &with_token), Some(wrong_type));
    for ath in [format!("{ATH}="), ATH.to_lowercase(), String::new(), TOKEN.to_owned()] {
        assert_eq!(verdict(&device, Some(ath.into()), &with_token), Some(DpopError::WrongAccessToken));
    }
    assert_eq!(verdict(&thief, Some(ATH.into()), &with_token), Some(DpopError::WrongKey));
    assert_eq!(verdict(&device, None, &request.with_key(device.thumbprint())), None);
    assert_eq!(verdict(&thief, None, &request.with_key(device.thumbprint())), Some(DpopError::WrongKey));
    assert_eq!(verdict(&device, Some(ATH.into()), &request), None, "for a refresh it says nothing");
}

/// RFC 9449 §11.1, through the whole: the same proof, and another one with its `jti`.
#[test]
fn a_proof_is_used_once() {
    let (device, other) = (Device::new(), Device::new());
    let mut seen = SeenProofs::default();
    let good = verify(&proof(&device, |_| {})).unwrap();
    let again = verify(&proof(&device, |payload| payload["iat"] = (NOW + 1).into())).unwrap();
    let others = verify(&proof(&other, |_| {})).unwrap();
    assert_eq!(seen.record(&good, NOW), Ok(()));
    assert_eq!(seen.record(&good, NOW), Err(SeenError::Replayed));
    assert_eq!(seen.record(&again, NOW + 1), Err(SeenError::Replayed));
    assert_eq!(seen.record(&others, NOW), Ok(()));
    assert_eq!(seen.record(&good, good.good_until() + SeenProofs::SKEW_SECONDS), Err(SeenError::Replayed));
}
