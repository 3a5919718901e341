//! The same tokens to every library: valid ones, mutated ones, and signed ones that break one rule each.
//!
//! Every kind of token on which a library differs from us stands in [`DIFFERENCES`] with the reason; a difference that
//! is not there fails the test, and so does one that is there and no longer seen. `oracle/README.md` shows the table.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::{Algorithm, SigningKey, sign};
use countersign_oracle::Verdict::{Accepts, Panics, Refuses};
use countersign_oracle::{AUDIENCE, ISSUER, Key, Verdict, countersign, now, others};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

/// A kind of token, which libraries say what where we say something else, and why we do.
type Difference = (&'static str, &'static [(&'static str, Verdict)], &'static str);

const DIFFERENCES: &[Difference] = &[
    (
        "crit names an unknown extension",
        &[("jsonwebtoken", Accepts)],
        "RFC 7515 §4.1.11: a critical extension that is not understood makes the token invalid.",
    ),
    (
        "crit is malformed",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "RFC 7515 §4.1.11 forbids an empty list, null and registered names; we support no extension and refuse any `crit`.",
    ),
    (
        "b64 is false",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "RFC 7797 §6: without support for it the token must be refused; reading the payload as base64url changes what was signed.",
    ),
    (
        "a known header parameter twice",
        &[("josekit", Accepts)],
        "RFC 7515 §4: names must be unique, or two readers see two headers.",
    ),
    (
        "another header parameter twice",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "RFC 7515 §4: names must be unique, whether this reader uses them or not.",
    ),
    (
        "kid is null",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts)],
        "RFC 7515 §4.1.4: a string; null is not \"absent\".",
    ),
    (
        "jwk in the header, not used",
        &[("jwt-simple", Refuses)],
        "RFC 7515 §4.1.3: an object is what the parameter holds (proofs of possession have it); we accept and ignore it.",
    ),
    (
        "typ is JWT or absent",
        &[("jsonwebtoken", Accepts), ("josekit", Accepts)],
        "RFC 9068 §4: an access token is `at+jwt`; these libraries have no option to demand it.",
    ),
    (
        "typ is application/at+jwt",
        &[("jwt-simple", Refuses)],
        "RFC 7515 §4.1.9 and RFC 9068 §4: the prefix may be there, so we accept it.",
    ),
    (
        "a registered claim twice",
        &[("josekit", Accepts)],
        "RFC 7519 §4: refused; the last one would win over what another reader saw first.",
    ),
    (
        "another claim twice",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "RFC 7519 §4 allows refusing or taking the last; only refusing leaves no two readings.",
    ),
    (
        "nested to 33",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "Depth 32 is our limit: nothing honest nests deeper.",
    ),
    (
        "a payload of more than 8 KiB",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "8 KiB is our limit by default: proxies cut longer headers anyway.",
    ),
    (
        "exp is missing",
        &[("jwt-simple", Accepts), ("josekit", Accepts)],
        "A token that never expires cannot be accepted by accident.",
    ),
    (
        "exp is after 9999",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "Mostly milliseconds by mistake: a token good for 50 000 years.",
    ),
    (
        "exp is 2^64 - 1",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Panics)],
        "As above. A library that panics on signed input can be stopped by one partner's token.",
    ),
    (
        "iat is in the future",
        &[("jsonwebtoken", Accepts)],
        "The clocks disagree or the token is made up (VF-10).",
    ),
    (
        "iat is not a number",
        &[("jsonwebtoken", Accepts)],
        "RFC 7519 §4.1.6: a number; a wrong type is not \"absent\".",
    ),
    (
        "iat is missing",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "RFC 9068 §2.2 requires it, and revocation by time needs it.",
    ),
    (
        "jti is missing",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "RFC 9068 §2.2 requires it of an `at+jwt`.",
    ),
    (
        "jti is not a string",
        &[("jsonwebtoken", Accepts)],
        "RFC 7519 §4.1.7: a string; a wrong type is not \"absent\".",
    ),
    ("aud is missing", &[("josekit", Accepts)], "An audience was demanded, so its absence is a failure."),
    (
        "iss is an array",
        &[("jsonwebtoken", Accepts)],
        "RFC 7519 §4.1.1: one string; \"any of these\" lets an issuer speak for another (CVE-2025-30144).",
    ),
    ("sub is missing", &[("jwt-simple", Accepts), ("josekit", Accepts)], "RFC 9068 §2.2 requires it."),
    (
        "sub is empty",
        &[("jsonwebtoken", Accepts), ("jwt-simple", Accepts), ("josekit", Accepts)],
        "Nobody is not a subject.",
    ),
];

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs two encoded parts, whatever they are, with the secret.
fn sign_encoded(header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), input.as_bytes());
    format!("{input}.{}", b64(tag))
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "jti": "1", "iat": now() - 5, "exp": now() + 900, "nbf": now() - 5 })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// Kinds of signed tokens, each a list of (header, payload) as text.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn kinds() -> Vec<(&'static str, Vec<(String, String)>)> {
    let header = r#"{"alg":"HS256","typ":"at+jwt"}"#;
    let headers = |members: &[&str]| {
        members
            .iter()
            .map(|member| (format!(r#"{{"alg":"HS256","typ":"at+jwt",{member}}}"#), claims().to_string()))
            .collect()
    };
    let payloads =
        |claims: &[Value]| claims.iter().map(|claims| (header.to_owned(), claims.to_string())).collect();
    let texts = |texts: &[String]| texts.iter().map(|text| (header.to_owned(), text.clone())).collect();
    let inner = claims().to_string();
    let members = &inner[1..inner.len() - 1];
    let nested = |depth: usize| format!("{{\"x\":{}{},{members}}}", "[".repeat(depth), "]".repeat(depth));
    vec![
        (
            "valid",
            payloads(&[claims(), with("aud", json!(["x", AUDIENCE])), with("custom", json!({"a": [1]}))]),
        ),
        ("crit names an unknown extension", headers(&[r#""crit":["x"],"x":1"#, r#""crit":["exp"],"exp":1"#])),
        ("crit is malformed", headers(&[r#""crit":[]"#, r#""crit":null"#, r#""crit":["alg"]"#])),
        ("b64 is false", headers(&[r#""crit":["b64"],"b64":false"#, r#""b64":false"#])),
        ("a known header parameter twice", headers(&[r#""alg":"HS256""#, r#""typ":"JWT""#])),
        ("another header parameter twice", headers(&[r#""x":1,"x":2"#])),
        ("kid is not a string", headers(&[r#""kid":5"#, r#""kid":["a"]"#])),
        ("kid is null", headers(&[r#""kid":null"#])),
        ("jwk in the header, not used", headers(&[r#""jwk":{"kty":"oct","k":"AA"}"#])),
        (
            "typ is JWT or absent",
            vec![
                (r#"{"alg":"HS256","typ":"JWT"}"#.into(), claims().to_string()),
                (r#"{"alg":"HS256"}"#.into(), claims().to_string()),
            ],
        ),
        (
            "typ is application/at+jwt",
            vec![(r#"{"alg":"HS256","typ":"application/at+jwt"}"#.into(), claims().to_string())],
        ),
        ("the header is an array", vec![(r#"["HS256"]"#.into(), claims().to_string())]),
        (
            "a registered claim twice",
            texts(&[format!("{{{members},\"exp\":9999999999}}"), format!("{{{members},\"sub\":\"bob\"}}")]),
        ),
        (
            "another claim twice",
            texts(&[
                format!("{{{members},\"x\":1,\"x\":2}}"),
                format!("{{{members},\"o\":{{\"x\":1,\"x\":2}}}}"),
            ]),
        ),
        ("nested to 33", texts(&[nested(32)])),
        ("a payload of more than 8 KiB", payloads(&[with("x", json!("x".repeat(9000)))])),
        ("exp is missing", payloads(&[without("exp")])),
        ("exp is now or past", payloads(&[with("exp", json!(now() - 1)), with("exp", json!(0))])),
        (
            "exp is not a number",
            payloads(&[with("exp", json!("9999999999")), with("exp", json!([9_999_999_999_u64]))]),
        ),
        ("exp is null", payloads(&[with("exp", Value::Null)])),
        (
            "exp is after 9999",
            payloads(&[with("exp", json!(253_402_300_800_u64)), with("exp", json!(1_800_000_000_000_u64))]),
        ),
        ("exp is 2^64 - 1", payloads(&[with("exp", json!(u64::MAX))])),
        ("exp has a fraction", payloads(&[with("exp", json!(4_000_000_000.5))])),
        ("nbf is in the future", payloads(&[with("nbf", json!(now() + 300))])),
        ("nbf is not a number", payloads(&[with("nbf", json!("0")), with("nbf", json!({}))])),
        ("iat is in the future", payloads(&[with("iat", json!(now() + 300))])),
        ("iat is not a number", payloads(&[with("iat", json!("0"))])),
        ("iat is missing", payloads(&[without("iat")])),
        ("jti is missing", payloads(&[without("jti")])),
        ("jti is not a string", payloads(&[with("jti", json!(5))])),
        ("aud is missing", payloads(&[without("aud")])),
        (
            "aud is another",
            payloads(&[with("aud", json!("other")), with("aud", json!(["a", "b"])), with("aud", json!([]))]),
        ),
        (
            "aud is not a string",
            payloads(&[with("aud", json!(5)), with("aud", json!({})), with("aud", Value::Null)]),
        ),
        (
            "aud has an element of another type",
            payloads(&[with("aud", json!([AUDIENCE, 5])), with("aud", json!([[AUDIENCE]]))]),
        ),
        ("iss is missing", payloads(&[without("iss")])),
        ("iss is another", payloads(&[with("iss", json!("https://evil.example"))])),
        ("iss is an array", payloads(&[with("iss", json!(["https://evil.example", ISSUER]))])),
        ("sub is missing", payloads(&[without("sub")])),
        ("sub is not a string", payloads(&[with("sub", json!(5)), with("sub", json!(["alice"]))])),
        ("sub is empty", payloads(&[with("sub", json!(""))])),
        ("not an object", texts(&["[]".into(), "5".into(), "\"x\"".into(), "null".into(), String::new()])),
        ("text after the payload", texts(&[format!("{inner}x"), format!("{inner}{inner}")])),
    ]
}

#[test]
fn every_difference_on_signed_tokens_is_explained() {
    let ours = countersign(Key::Secret(&SECRET)).unwrap();
    let others = others(Key::Secret(&SECRET)).unwrap();
    std::panic::set_hook(Box::new(|_| {})); // one library panics on signed input, and says so at length
    let (mut seen, mut unexplained, mut count) = (BTreeSet::new(), Vec::new(), 0);
    for (kind, tokens) in kinds() {
        for (header, payload) in tokens {
            let token = sign_encoded(&b64(&header), &b64(&payload));
            let our_verdict = ours.verdict(&token);
            for other in &others {
                count += 1;
                let verdict = other.verdict(&token);
                if verdict == our_verdict {
                    continue;
                }
                seen.insert((kind, other.name, format!("{verdict:?}")));
                let explained = DIFFERENCES
                    .iter()
                    .any(|(name, libraries, _)| *name == kind && libraries.contains(&(other.name, verdict)));
                if !explained {
                    unexplained.push(format!("(\"{kind}\", \"{}\", {verdict:?}, \"\"), // we: {our_verdict:?}: {header} {payload:.150}", other.name));
                }
            }
        }
    }
    drop(std::panic::take_hook());
    println!("{count} verdicts compared, {} kinds of difference", seen.len());
    assert!(unexplained.is_empty(), "unexplained:\n{}", unexplained.join("\n"));
    for (kind, libraries, _) in DIFFERENCES {
        for (name, verdict) in *libraries {
            assert!(seen.contains(&(*kind, *name, format!("{verdict:?}"))), "no longer seen: {kind}, {name}");
        }
    }
}

/// Random valid tokens and random damage: here there is nothing to explain. Our signature is theirs, and nobody accepts
/// a token that we refuse. `COUNTERSIGN_TOKENS` is how many of each algorithm, other ones each time.
#[test]
fn on_random_tokens_and_random_damage_all_agree() {
    let asked = std::env::var_os("COUNTERSIGN_TOKENS").map(|text| text.to_str().unwrap().parse().unwrap());
    let mut runner = if asked.is_some() { TestRunner::default() } else { TestRunner::deterministic() };
    let tokens = asked.unwrap_or(250);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for algorithm in [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = signing_key(algorithm);
        let pem = key.verifying_key().to_pem();
        let oracle_key = pem.as_deref().map_or(Key::Secret(&SECRET), |pem| Key::Pem(algorithm, pem));
        let (ours, others) = (countersign(oracle_key).unwrap(), others(oracle_key).unwrap());
        for _ in 0..tokens {
            let custom = prop::collection::btree_map("[a-z]{4,8}", any::<(i32, String)>(), 0..4);
            let custom = custom.new_tree(&mut runner).unwrap().current();
            let mut claims = claims();
            claims
                .as_object_mut()
                .unwrap()
                .extend(custom.into_iter().map(|(name, value)| (name, json!(value))));
            let token = sign(&claims, &key, "at+jwt").unwrap();
            let damage = any::<(prop::sample::Index, u8)>().new_tree(&mut runner).unwrap().current();
            let position = damage.0.index(token.len());
            let byte = char::from(damage.1 & 0x7f).to_string();
            let damaged = |from, to| [&token[..from], &byte, &token[to..]].concat();
            let shortened = [&token[..position], &token[position + 1..]].concat();
            for token in [&token, &damaged(position, position + 1), &damaged(position, position), &shortened]
            {
                let verdict = ours.verdict(token);
                *counts.entry(format!("{algorithm} {verdict:?}")).or_default() += 1;
                for other in &others {
                    assert_eq!(other.verdict(token), verdict, "{} on {token}", other.name);
                }
            }
        }
    }
    println!("{counts:#?}");
    assert_eq!(counts.values().sum::<usize>(), 16 * tokens);
}

fn signing_key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::Hs256 => SigningKey::hmac(algorithm, &SECRET).unwrap(),
        Algorithm::Rs256 => {
            let der = include_bytes!("../../crates/countersign-jwt/tests/data/rsa2048_test_key.der");
            let der = base64::engine::general_purpose::STANDARD.encode(der);
            let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{der}\n-----END RSA PRIVATE KEY-----\n");
            SigningKey::from_pem(&pem, algorithm).unwrap()
        }
        algorithm => SigningKey::generate(algorithm).unwrap(),
    }
}

/// The table in `README.md` is the one that the test goes by, row by row.
#[test]
fn the_readme_shows_every_difference_and_no_other() {
    let row = |(kind, libraries, reason): &Difference| {
        let said: Vec<String> = libraries
            .iter()
            .map(|(name, verdict)| format!("{name} {}", format!("{verdict:?}").to_lowercase()))
            .collect();
        format!("| {kind} | {} | {reason} |", said.join(", "))
    };
    let rows: Vec<String> = DIFFERENCES.iter().map(row).collect();
    let shown: Vec<&str> =
        include_str!("../README.md").lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(shown, rows, "oracle/README.md must have:\n{}", rows.join("\n"));
}
