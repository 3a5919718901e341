//! What people are told about a token: each rule by its name, what it wants and what it found.

#![cfg(feature = "aws-lc-rs")]
#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::inspect::{Inspection, Keys, Outcome, inspect};
use countersign_jwt::{
    Algorithm, ClaimsPolicy, JsonError, JwkSet, SigningKey, TokenType, VerifyError, VerifyingKey, sign,
};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const RULES: [&str; 13] = [
    "form",
    "key",
    "signature",
    "payload",
    "type",
    "issuer",
    "audience",
    "expiry",
    "not_before",
    "issued_at",
    "subject",
    "token_id",
    "other_claims",
];

fn key(secret: [u8; 64]) -> SigningKey {
    SigningKey::hmac(Algorithm::Hs256, &secret).unwrap().with_key_id("k1")
}

fn token() -> String {
    let claims =
        json!({"iss": "i", "aud": ["x", "api"], "sub": "s", "jti": "j", "iat": NOW, "exp": NOW + 60});
    sign(&claims, &key([7; 64]), "at+jwt").unwrap()
}

fn policy(token_type: TokenType) -> ClaimsPolicy {
    ClaimsPolicy::new("i", "api", token_type, Duration::from_secs(5))
}

fn outcomes(inspection: &Inspection) -> Vec<Outcome> {
    inspection.checks.iter().map(|check| check.outcome).collect()
}

#[test]
fn each_rule_says_what_it_wants_and_what_it_found() {
    let (key, policy) = (key([7; 64]).verifying_key(), policy(TokenType::AccessToken));
    let inspection = inspect(&token(), Keys::One(&key), Some(&policy), NOW);
    assert!(inspection.is_verified() && inspection.is_accepted(), "{inspection:?}");
    assert_eq!(inspection.key_id.as_deref(), Some("k1"));
    let told = inspection.checks.iter().map(|check| (check.rule, &*check.expected, &*check.found));
    let form = "header.payload.signature in base64url, a supported `alg`, no `crit`";
    let expected = [
        ("form", form, r#""HS256""#),
        ("key", "a token for HS256", "HS256 k1"),
        ("signature", "a signature of this key over header and payload", "32 bytes"),
        ("payload", "one JSON object without duplicate names", "111 bytes"),
        ("type", "at+jwt", r#""at+jwt""#),
        ("issuer", "i", r#""i""#),
        ("audience", "api", r#"["x","api"]"#),
        ("expiry", "after 1800000000, with a leeway of 5 s", "1800000060"),
        ("not_before", "absent, or not after 1800000000, with a leeway of 5 s", ""),
        ("issued_at", "not after 1800000000, with a leeway of 5 s", "1800000000"),
        ("subject", "a string that is not empty", r#""s""#),
        ("token_id", "a string", r#""j""#),
        (
            "other_claims",
            "`auth_time` a time; `sid`, `client_id`, `scope`, `acr` strings; `amr` an array of strings; `cnf` an object; or absent",
            "",
        ),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn another_type_of_token_needs_no_id() {
    let key = key([7; 64]).verifying_key();
    for (token_type, typ) in
        [(TokenType::JwtOrAbsent, "JWT, or none"), (TokenType::Exactly("logout+jwt".into()), "logout+jwt")]
    {
        let inspection = inspect(&token(), Keys::One(&key), Some(&policy(token_type)), NOW);
        let expected = |rule| {
            inspection.checks.iter().find(|check| check.rule == rule).map(|check| check.expected.as_str())
        };
        assert_eq!(expected("type"), Some(typ));
        assert_eq!(expected("token_id"), Some("absent, or a string"));
    }
}

/// What a policy demands beyond the rules for every token is explained like those.
#[test]
fn what_a_policy_demands_beyond_the_rules_is_told_too() {
    let policy = policy(TokenType::JwtOrAbsent)
        .or_issuer("j")
        .or_audience("web")
        .dangerous_accept_missing_audience()
        .dangerous_accept_missing_issued_at()
        .require_claim("token_use", ["access"])
        .require_claim("client_id", ["a", "b"])
        .require_scope("read")
        .require_scope("write")
        .require_role("admin");
    let told = |claims: &Value| {
        let token = sign(claims, &key([7; 64]), "JWT").unwrap();
        let checks = inspect(&token, Keys::One(&key([7; 64]).verifying_key()), Some(&policy), NOW).checks;
        let told = checks.into_iter().map(|check| (check.rule, check.outcome, check.expected, check.found));
        told.skip(5).collect::<Vec<_>>()
    };
    let good = json!({
        "iss": "j", "sub": "s", "exp": NOW + 60, "token_use": "access", "client_id": "b", "scp": ["read", "write"],
        "roles": ["admin"],
    });
    let rows = told(&good);
    assert!(rows.iter().all(|(_, outcome, ..)| *outcome == Outcome::Passed), "{rows:?}");
    let texts = rows.iter().map(|(rule, _, expected, found)| (*rule, &**expected, &**found));
    let dated = "absent, or not after 1800000000, with a leeway of 5 s";
    assert_eq!(
        texts
            .filter(|(rule, ..)| !["expiry", "subject", "token_id", "other_claims"].contains(rule))
            .collect::<Vec<_>>(),
        [
            ("issuer", "one of i, j", r#""j""#),
            ("audience", "one of api, web, or none", ""),
            ("not_before", dated, ""),
            ("issued_at", dated, ""),
            (
                "required_claims",
                "`token_use`: access; `client_id`: one of a, b",
                r#"{"client_id":"b","token_use":"access"}"#
            ),
            ("scopes", "read and write", r#"["read","write"]"#),
            ("roles", "admin", r#"["admin"]"#),
        ]
    );
    let bad = told(&json!({"iss": "j", "sub": "s", "exp": NOW + 60, "scope": "read", "role": "user"}));
    let failures: Vec<_> = bad.iter().filter(|(_, outcome, ..)| *outcome != Outcome::Passed).collect();
    let [claims, scopes, roles] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!(claims.1, Outcome::Failed(VerifyError::MissingClaim { claim: "token_use" }));
    assert_eq!((scopes.1, &*scopes.3), (Outcome::Failed(VerifyError::MissingScope), r#""read""#));
    assert_eq!((roles.1, &*roles.3), (Outcome::Failed(VerifyError::MissingRole), r#""user""#));
    assert_eq!(claims.3, "");
}

#[test]
fn a_signature_that_was_not_checked_or_does_not_match_verifies_nothing() {
    let policy = policy(TokenType::AccessToken);
    let with = |keys| inspect(&token(), keys, Some(&policy), NOW);

    let none = with(Keys::None);
    assert!(!none.is_verified() && !none.is_accepted());
    assert_eq!(outcomes(&none)[1..4], [Outcome::NotChecked, Outcome::NotChecked, Outcome::Passed]);
    assert_eq!(none.first_failure(), None);
    assert_eq!(none.key_id, None);

    let another = key([8; 64]).verifying_key();
    let another = with(Keys::One(&another));
    assert!(!another.is_verified() && !another.is_accepted());
    assert_eq!(outcomes(&another)[1..3], [Outcome::Passed, Outcome::Failed(VerifyError::BadSignature)]);
    assert_eq!(outcomes(&another)[3..], [Outcome::Passed; 10], "all the rest is told all the same");

    let unfit = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
    let unfit = with(Keys::One(&unfit));
    assert!(!unfit.is_verified() && !unfit.is_accepted());
    let mismatch = Outcome::Failed(VerifyError::AlgorithmMismatch);
    assert_eq!(outcomes(&unfit)[1..3], [mismatch, Outcome::NotChecked]);

    let set: Vec<VerifyingKey> = ["k2", "k3"]
        .map(|id| SigningKey::generate(Algorithm::Es256).unwrap().with_key_id(id).verifying_key())
        .into();
    let strange = with(Keys::Set(&JwkSet::new(set).unwrap()));
    assert_eq!(outcomes(&strange)[1..3], [Outcome::Failed(VerifyError::UnknownKeyId), Outcome::NotChecked]);
    assert_eq!(strange.checks[1].expected, "one of ES256 k2, ES256 k3");
}

/// A person with a token of an unknown key wants to know which keys there are.
#[test]
fn the_keys_of_a_set_are_named() {
    let told = |keys: Vec<VerifyingKey>| {
        let claims = json!({});
        let token = sign(&claims, &SigningKey::hmac(Algorithm::Hs256, &[7; 64]).unwrap(), "JWT").unwrap();
        let check = inspect(&token, Keys::Set(&JwkSet::new(keys).unwrap()), None, NOW).checks.remove(1);
        (check.expected, check.found)
    };
    let secret =
        |id: usize| VerifyingKey::hmac(Algorithm::Hs512, &[7; 64]).unwrap().with_key_id(id.to_string());
    let found = "HS256 without `kid`".to_owned();
    assert_eq!(told(vec![]), ("a key, but the set has none".into(), found.clone()));
    assert_eq!(told(vec![secret(1), secret(2).with_key_id("")]).0, "one of HS512 1, HS512 without `kid`");
    let eight = (1..9).map(|id| format!("HS512 {id}")).collect::<Vec<_>>().join(", ");
    assert_eq!(told((1..9).map(secret).collect()).0, format!("one of {eight}"));
    assert_eq!(told((1..12).map(secret).collect()), (format!("one of {eight} or 3 more"), found));
}

#[test]
fn without_a_policy_no_claim_is_judged() {
    let inspection = inspect(&token(), Keys::One(&key([7; 64]).verifying_key()), None, NOW);
    assert!(inspection.is_verified() && !inspection.is_accepted());
    assert_eq!(outcomes(&inspection)[..4], [Outcome::Passed; 4]);
    assert_eq!(outcomes(&inspection)[4..], [Outcome::NotChecked; 9]);
    assert!(inspection.checks[4..].iter().all(|check| check.expected.is_empty()));
    assert_eq!(inspection.checks[5].found, r#""i""#);
}

#[test]
fn what_is_no_token_has_its_rules_listed_too() {
    let policy = policy(TokenType::AccessToken);
    for (text, error, found) in [
        ("", VerifyError::PartCount, ["0 bytes", ""]),
        ("eyJhbGciOiJub25lIn0.e30.", VerifyError::AlgorithmNone, [r#""none""#, "3 bytes"]),
        ("e30.e30.", VerifyError::MissingAlgorithm, ["8 bytes", "3 bytes"]),
    ] {
        let inspection = inspect(text, Keys::None, Some(&policy), NOW);
        assert_eq!(inspection.checks.iter().map(|check| check.rule).collect::<Vec<_>>(), RULES);
        assert_eq!(
            inspection.first_failure().map(|(check, error)| (check.rule, error)),
            Some(("form", error))
        );
        assert_eq!(inspection.checks[1].found, "");
        assert_eq!([&*inspection.checks[0].found, &inspection.checks[3].found], found);
    }
    let unsupported = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256K"}"#));
    let inspection = inspect(&unsupported, Keys::None, None, NOW);
    assert_eq!(inspection.checks[0].found, r#""ES256K""#, "the header is shown when it can be read");
}

/// Programs tell failures by their code, people by the sentence: none is empty, none is given twice.
#[test]
fn every_failure_has_a_code_and_a_remedy_of_its_own() {
    let json = JsonError::TooDeep;
    let all = [
        (VerifyError::TokenTooLong, "token_too_long"),
        (VerifyError::PartCount, "part_count"),
        (VerifyError::HeaderTooLong, "header_too_long"),
        (VerifyError::HeaderEncoding, "header_encoding"),
        (VerifyError::HeaderJson(json), "header_json"),
        (VerifyError::HeaderParameterType { name: "kid" }, "header_parameter_type"),
        (VerifyError::CriticalHeader, "critical_header"),
        (VerifyError::UnencodedPayload, "unencoded_payload"),
        (VerifyError::MissingAlgorithm, "missing_algorithm"),
        (VerifyError::AlgorithmNone, "algorithm_none"),
        (VerifyError::UnsupportedAlgorithm, "unsupported_algorithm"),
        (VerifyError::KeyIdTooLong, "key_id_too_long"),
        (VerifyError::SignatureEncoding, "signature_encoding"),
        (VerifyError::UnknownKeyId, "unknown_key_id"),
        (VerifyError::KeyIdMissing, "key_id_missing"),
        (VerifyError::AlgorithmMismatch, "algorithm_mismatch"),
        (VerifyError::BadSignature, "bad_signature"),
        (VerifyError::PayloadEncoding, "payload_encoding"),
        (VerifyError::PayloadJson(json), "payload_json"),
        (VerifyError::WrongType, "wrong_type"),
        (VerifyError::MissingClaim { claim: "sub" }, "missing_claim"),
        (VerifyError::ClaimType { claim: "sub" }, "claim_type"),
        (VerifyError::TimeOutOfRange { claim: "exp" }, "time_out_of_range"),
        (VerifyError::WrongIssuer, "wrong_issuer"),
        (VerifyError::WrongAudience, "wrong_audience"),
        (VerifyError::Expired, "expired"),
        (VerifyError::NotYetValid, "not_yet_valid"),
        (VerifyError::IssuedInTheFuture, "issued_in_the_future"),
        (VerifyError::WrongClaimValue { claim: "tenant" }, "wrong_claim_value"),
        (VerifyError::MissingScope, "missing_scope"),
        (VerifyError::MissingRole, "missing_role"),
    ];
    let remedies: BTreeSet<&str> = all.iter().map(|(error, _)| error.remedy()).collect();
    assert_eq!(remedies.len(), all.len());
    for (error, code) in all {
        assert_eq!(error.code(), code);
        assert!(error.remedy().ends_with('.'), "{code}: {}", error.remedy());
    }
}
