//! The Wycheproof vectors for JWS and JWK, each with the class of its outcome and not only "valid" or
//! "invalid".
//!
//! The vectors sign the text `foo`, not claims, so they go as far as
//! [`VerifiedJws`](countersign_jwt::VerifiedJws).

#![expect(clippy::print_stdout, reason = "how many vectors ran is part of the result")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::collections::BTreeMap;

use countersign_jwt::{JwkSet, KeySetError, UnverifiedJws, VerifyingKey};
use serde_json::Value;
use wycheproof_ng_kdf_jose::json_web::{TestName, TestSet};

/// Vectors of the file `json_web_signature` that contradict themselves, with the reason.
const DEFECTIVE: [(usize, &str); 8] = [
    (346, "valid, yet the token says PS384 and the JWK's alg is PS256"),
    (347, "valid, yet the JWK's alg is ES521, which does not exist"),
    (350, "valid, yet the token says PS384 and the JWK's alg is PS256"),
    (351, "valid, yet the JWK's alg is ES521, which does not exist"),
    (367, "invalid, yet byte for byte the valid vector 357"),
    (370, "invalid, yet byte for byte the valid vector 357"),
    (372, "valid, yet the token contains '?', which is not base64url"),
    (373, "valid, yet the token contains '?', which is not base64url"),
];

/// What happens to a token under the key of its group: `"valid"`, or the error.
fn outcome(key: &Value, token: &str) -> String {
    let verified = if key.get("keys").is_some() {
        match JwkSet::parse(&key.to_string()) {
            Err(KeySetError::Key { error, .. }) => return format!("key: {error:?}"),
            Err(error) => return format!("set: {error:?}"),
            Ok(keys) => UnverifiedJws::parse(token).and_then(|jws| jws.verify_with_set(&keys)),
        }
    } else {
        match VerifyingKey::from_jwk(&key.to_string()) {
            Err(error) => return format!("key: {error:?}"),
            Ok(key) => UnverifiedJws::parse(token).and_then(|jws| jws.verify(&key)),
        }
    };
    verified.map_or_else(|error| format!("{error:?}"), |_| "valid".into())
}

/// Runs a file, and returns how many vectors had which outcome.
fn run(name: TestName, defective: &[(usize, &str)]) -> BTreeMap<String, usize> {
    let set = TestSet::load(name).unwrap();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut deviations = Vec::new();
    for group in &set.test_groups {
        let key = group.public_key.as_ref().or(group.private_key.as_ref()).unwrap();
        for test in &group.tests {
            let outcome = match &test.jws {
                None => "encryption: not a signature".into(),
                Some(_) if defective.iter().any(|(id, _)| *id == test.tc_id) => "defective".into(),
                Some(Value::String(token)) => outcome(key, token),
                Some(_) => "not a compact JWS".into(),
            };
            if !["defective", "encryption: not a signature"].contains(&outcome.as_str())
                && (outcome == "valid") == test.result.must_fail()
            {
                deviations.push(format!("tcId {}: {:?}, but {outcome}", test.tc_id, test.result));
            }
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    println!("{name:?}: {} vectors: {outcomes:#?}", outcomes.values().sum::<usize>());
    assert!(deviations.is_empty(), "{deviations:#?}");
    outcomes
}

fn table<const N: usize>(rows: [(&str, usize); N]) -> BTreeMap<String, usize> {
    rows.map(|(outcome, count)| (outcome.to_owned(), count)).into()
}

#[test]
fn signatures() {
    let outcomes = run(TestName::JsonWebSignature, &DEFECTIVE);
    assert_eq!(
        outcomes,
        table([
            ("AlgorithmMismatch", 6),
            ("AlgorithmNone", 5),
            ("BadSignature", 303),
            ("HeaderEncoding", 2),
            ("HeaderJson(NotAnObject)", 6),
            ("PartCount", 18),
            ("PayloadEncoding", 4),
            ("SignatureEncoding", 5),
            ("defective", 8),
            ("key: Purpose", 4),
            ("valid", 40),
        ])
    );
}

#[test]
fn keys() {
    // tcId 4 means two keys of one ID; the second key's `k` is not canonical base64url, so it is refused for
    // that.
    let outcomes = run(TestName::JsonWebKey, &[]);
    assert_eq!(
        outcomes,
        table([
            ("BadSignature", 1),
            ("key: AlgorithmMismatch", 2),
            ("key: InvalidPoint", 1),
            (r#"key: MemberFormat { name: "k" }"#, 1),
            ("key: Purpose", 2),
            ("key: RsaExponent", 1),
            ("key: RsaModulus { bits: 1024 }", 1),
            ("key: RsaRoca", 1),
            ("key: SecretTooShort { bytes: 0, needed: 32 }", 1),
            ("key: SecretTooShort { bytes: 0, needed: 48 }", 1),
            ("key: SecretTooShort { bytes: 0, needed: 64 }", 1),
            ("key: SecretTooShort { bytes: 31, needed: 32 }", 1),
            ("key: SecretTooShort { bytes: 47, needed: 48 }", 1),
            ("key: SecretTooShort { bytes: 63, needed: 64 }", 1),
            ("key: Unsupported", 4),
            ("set: MixedSymmetry", 1),
            ("valid", 5),
        ])
    );
}

#[test]
fn crypto() {
    let outcomes = run(TestName::JsonWebCrypto, &[]);
    assert_eq!(
        outcomes,
        table([
            ("AlgorithmMismatch", 1),
            ("AlgorithmNone", 1),
            ("BadSignature", 17),
            ("HeaderJson(NotAnObject)", 6),
            ("PartCount", 17),
            ("encryption: not a signature", 34),
            ("key: RsaRoca", 1),
            ("not a compact JWS", 1),
            ("set: MixedSymmetry", 1),
            ("valid", 4),
        ])
    );
}
