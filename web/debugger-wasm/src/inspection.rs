//! JSON in, JSON out. Decides the shape of both, and nothing about tokens.
//!
//! In:
//! ```json
//! {
//!   "token": "eyJ…",
//!   "now": 1800000000,
//!   "key": { "kind": "any | secret_base64", "material": "…", "algorithm": "HS256" },
//!   "policy": { "issuer": "…", "audience": ["…", "…"], "token_type": "at+jwt", "leeway_seconds": 30,
//!               "audience_may_be_absent": false, "issued_at_may_be_absent": false, "scopes": [], "roles": [] }
//! }
//! ```
//! `issuer` and `audience` are one text, or at least one in an array. The last four members of `policy` may
//! be absent and then have the values shown. `key` and `policy` may be absent or null. A key of the kind `any` is read
//! as [`KeyText::read`] says, and a text that is no key as a secret. `algorithm` may be absent; the token's own is then
//! used for a key that names none, and a note says so. A `token_type` of `"JWT"` also accepts its absence.
//!
//! Out:
//! ```json
//! {
//!   "header": {}, "payload": {}, "verified": true, "accepted": false,
//!   "key": { "id": "…", "error": null, "notes": [ { "code": "algorithm_from_token", "message": "…" } ] },
//!   "checks": [ { "rule": "expiry", "outcome": "passed | failed | not_checked", "code": "expired", "message": "…",
//!                 "remedy": "…", "expected": "…", "found": "…" } ],
//!   "warnings": [ { "code": "no_expiry", "message": "…" } ]
//! }
//! ```
//! or `{"error": "…"}` if the input is not as described. `header` and `payload` are null where they cannot be
//! read.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_jwt::dangerous::decode_unverified;
use countersign_jwt::inspect::{Check, KeyNote, KeyText, KeyTextError, Keys, Outcome, Warning, inspect};
use countersign_jwt::{Algorithm, ClaimsPolicy, KeyError, TokenType};
use serde_json::{Value, json};

/// The response to `input`.
#[must_use]
pub fn answer(input: &[u8]) -> String {
    let answer = serde_json::from_slice(input).map_err(|error| format!("the input is not JSON: {error}"));
    answer.and_then(|input| inspection(&input)).unwrap_or_else(|error| json!({ "error": error })).to_string()
}

fn inspection(input: &Value) -> Result<Value, String> {
    let token = text(input, "token")?;
    let now = input.get("now").and_then(Value::as_i64).ok_or("`now` must be whole seconds since 1970")?;
    let policy = optional(input, "policy").map(policy).transpose()?;
    let key = optional(input, "key").map(|key| key_text(key, token)).transpose()?;
    let (keys, notes, error) = match &key {
        None => (Keys::None, &[][..], None),
        Some(Ok(key)) => (key.keys(), key.notes.as_slice(), None),
        Some(Err(error)) => (Keys::None, &[][..], Some(error)),
    };
    let inspection = inspect(token, keys, policy.as_ref(), now);
    Ok(json!({
        "verified": inspection.is_verified(),
        "accepted": inspection.is_accepted(),
        "key": { "id": inspection.key_id, "error": error, "notes": notes.iter().map(note).collect::<Vec<_>>() },
        "checks": inspection.checks.iter().map(check).collect::<Vec<_>>(),
        "warnings": inspection.warnings.iter().map(warning).collect::<Vec<_>>(),
        "header": inspection.header,
        "payload": inspection.payload,
    }))
}

fn check(check: &Check) -> Value {
    let (outcome, error) = match check.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(error) => ("failed", Some(error)),
        _ => ("not_checked", None),
    };
    json!({
        "rule": check.rule,
        "outcome": outcome,
        "code": error.map(countersign_jwt::VerifyError::code),
        "message": error.map(|error| error.to_string()),
        "remedy": error.map(countersign_jwt::VerifyError::remedy),
        "expected": check.expected,
        "found": check.found,
    })
}

fn note(note: &KeyNote) -> Value {
    json!({ "code": note.code(), "message": note.to_string() })
}

fn warning(warning: &Warning) -> Value {
    json!({ "code": warning.code(), "message": warning.to_string() })
}

/// The key, or the reason why it is refused.
fn key_text(key: &Value, token: &str) -> Result<Result<KeyText, String>, String> {
    let material = text(key, "material")?;
    let given = match optional(key, "algorithm").and_then(Value::as_str) {
        None | Some("") => None,
        Some(name) => Some(Algorithm::from_name(name).ok_or_else(|| format!("unknown algorithm {name}"))?),
    };
    let claimed = algorithm_of(token);
    Ok(match text(key, "kind")? {
        "any" if is_secret(material) => of_secret(material.as_bytes(), given, claimed),
        "any" => KeyText::read(material, given, claimed).map_err(|error| explain(material, &error)),
        "secret_base64" => base64_of(material)
            .ok_or_else(|| "the secret is not base64".to_owned())
            .and_then(|secret| of_secret(&secret, given, claimed)),
        _ => return Err("`key.kind` must be any or secret_base64".into()),
    })
}

fn is_secret(text: &str) -> bool {
    !text.starts_with('{') && !text.contains("-----BEGIN") && !KeyText::is_bare_key(text)
}

/// A secret has no algorithm of its own. One that is no HMAC algorithm is asked for, and refused by the key's own check.
fn of_secret(secret: &[u8], given: Option<Algorithm>, claimed: Option<Algorithm>) -> Result<KeyText, String> {
    let from_token = claimed.filter(|claimed| claimed.is_symmetric());
    let algorithm = given.or(from_token).unwrap_or(Algorithm::Hs256);
    let mut key = KeyText::of_secret(secret, algorithm).map_err(|error| error.to_string())?;
    if given.is_none() {
        key.notes.insert(0, KeyNote::AlgorithmFromToken { algorithm });
    }
    Ok(key)
}

/// Either alphabet, with or without padding.
fn base64_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().filter(|c| !c.is_ascii_whitespace() && *c != '=');
    let digits: String = digits
        .map(|c| {
            if c == '+' {
                '-'
            } else if c == '/' {
                '_'
            } else {
                c
            }
        })
        .collect();
    URL_SAFE_NO_PAD.decode(digits).ok()
}

/// The errors of a PEM block are of few words: a person may have pasted anything.
fn explain(text: &str, error: &KeyTextError) -> String {
    match error {
        KeyTextError::Key(KeyError::PemLabel) if text.contains("PRIVATE KEY") => {
            "this is a private key: paste its public half (openssl pkey -pubout -in FILE)".into()
        }
        KeyTextError::Key(KeyError::PemLabel) => {
            "the PEM block is neither a public key nor a certificate".into()
        }
        KeyTextError::Key(KeyError::Pem) => "this is not one whole PEM block and nothing else".into(),
        KeyTextError::Key(KeyError::AmbiguousAlgorithm) => {
            "neither the key nor a token says which algorithm it is for".into()
        }
        error => error.to_string(),
    }
}

/// The algorithm that the token itself names. For showing a token only: a verifier must know it beforehand.
fn algorithm_of(token: &str) -> Option<Algorithm> {
    decode_unverified(token).ok()?.header.get("alg")?.as_str().and_then(Algorithm::from_name)
}

fn policy(policy: &Value) -> Result<ClaimsPolicy, String> {
    let token_type = match text(policy, "token_type")? {
        "at+jwt" => TokenType::AccessToken,
        "JWT" => TokenType::JwtOrAbsent,
        other => TokenType::Exactly(other.to_owned().into()),
    };
    let leeway = policy
        .get("leeway_seconds")
        .and_then(Value::as_u64)
        .ok_or("`leeway_seconds` must be whole seconds")?;
    let (issuer, more_issuers) = one_or_more(policy, "issuer")?;
    let (audience, more_audiences) = one_or_more(policy, "audience")?;
    let mut rules = ClaimsPolicy::new(issuer, audience, token_type, Duration::from_secs(leeway));
    rules = more_issuers.into_iter().fold(rules, ClaimsPolicy::or_issuer);
    rules = more_audiences.into_iter().fold(rules, ClaimsPolicy::or_audience);
    rules = texts(policy, "scopes")?.into_iter().fold(rules, ClaimsPolicy::require_scope);
    rules = texts(policy, "roles")?.into_iter().fold(rules, ClaimsPolicy::require_role);
    if flag(policy, "audience_may_be_absent")? {
        rules = rules.dangerous_accept_missing_audience();
    }
    if flag(policy, "issued_at_may_be_absent")? {
        rules = rules.dangerous_accept_missing_issued_at();
    }
    Ok(rules)
}

/// An empty list is refused: it must not come to mean that every value is accepted.
fn one_or_more<'a>(object: &'a Value, name: &str) -> Result<(&'a str, Vec<&'a str>), String> {
    let mut texts = texts(object, name)?.into_iter();
    let first = texts.next().ok_or_else(|| format!("`{name}` must be a string, or several in an array"))?;
    Ok((first, texts.collect()))
}

/// One text, several in an array, or none if the member is absent.
fn texts<'a>(object: &'a Value, name: &str) -> Result<Vec<&'a str>, String> {
    let list = match optional(object, name) {
        None => &[][..],
        Some(Value::Array(list)) => list.as_slice(),
        Some(value) => std::slice::from_ref(value),
    };
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    texts.ok_or_else(|| format!("`{name}` must be a string, or several in an array"))
}

fn flag(object: &Value, name: &str) -> Result<bool, String> {
    let value = optional(object, name).map_or(Some(false), Value::as_bool);
    value.ok_or_else(|| format!("`{name}` must be true or false"))
}

fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, String> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` must be a string"))
}

fn optional<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515 A.1.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const SECRET: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

    fn ask(input: &Value) -> Value {
        serde_json::from_str(&answer(input.to_string().as_bytes())).unwrap()
    }

    fn outcome<'a>(answer: &'a Value, rule: &str) -> &'a Value {
        answer["checks"].as_array().unwrap().iter().find(|check| check["rule"] == rule).unwrap()
    }

    #[test]
    fn a_token_is_shown_with_the_rules_it_breaks() {
        let answer = ask(&json!({
            "token": TOKEN, "now": 1_300_819_380,
            "key": { "kind": "secret_base64", "material": SECRET, "algorithm": "HS256" },
            "policy": { "issuer": "joe", "audience": "api", "token_type": "JWT", "leeway_seconds": 0 },
        }));
        assert_eq!((&answer["verified"], &answer["accepted"]), (&json!(true), &json!(false)));
        assert_eq!(answer["payload"]["iss"], "joe");
        assert_eq!(answer["checks"].as_array().unwrap().len(), 13);
        assert_eq!(outcome(&answer, "issuer")["outcome"], "passed");
        let expiry = outcome(&answer, "expiry");
        assert_eq!(
            (&expiry["outcome"], &expiry["code"], &expiry["found"]),
            (&json!("failed"), &json!("expired"), &json!("1300819380"))
        );
        assert_eq!(outcome(&answer, "audience")["code"], "missing_claim");
        assert!(expiry["remedy"].as_str().unwrap().contains("new token"));
    }

    #[test]
    fn every_part_of_a_policy_can_be_asked_for() {
        let with = |policy: &Value| {
            let mut whole = json!({
                "issuer": ["x", "joe"], "audience": ["api", "web"], "token_type": "JWT", "leeway_seconds": 0,
            });
            whole.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
            ask(&json!({ "token": TOKEN, "now": 0, "policy": whole }))
        };
        let answer = with(&json!({ "scopes": ["read"], "roles": "admin" }));
        assert_eq!(outcome(&answer, "issuer")["outcome"], "passed");
        assert_eq!(outcome(&answer, "issuer")["expected"], "one of x, joe");
        assert_eq!(outcome(&answer, "audience")["expected"], "one of api, web");
        assert_eq!(outcome(&answer, "scopes")["code"], "missing_scope");
        assert_eq!(outcome(&answer, "roles")["code"], "missing_role");
        assert_eq!(outcome(&answer, "issued_at")["code"], "missing_claim");
        let answer = with(&json!({ "audience_may_be_absent": true, "issued_at_may_be_absent": true }));
        assert_eq!(outcome(&answer, "audience")["outcome"], "passed");
        assert_eq!(outcome(&answer, "issued_at")["outcome"], "passed");
        for bad in [
            json!({ "issuer": [] }),
            json!({ "audience": [] }),
            json!({ "audience": null }),
            json!({ "audience": ["api", 5] }),
            json!({ "scopes": [5] }),
            json!({ "roles": {} }),
            json!({ "audience_may_be_absent": "yes" }),
        ] {
            assert!(with(&bad)["error"].is_string(), "{bad}");
        }
    }

    #[test]
    fn without_key_and_policy_a_token_is_only_shown() {
        let answer = ask(&json!({ "token": TOKEN, "now": 0, "key": null }));
        assert_eq!((&answer["verified"], &answer["accepted"]), (&json!(false), &json!(false)));
        assert_eq!(outcome(&answer, "form")["outcome"], "passed");
        assert_eq!(outcome(&answer, "signature")["outcome"], "not_checked");
        assert_eq!(answer["header"]["alg"], "HS256");
        let codes = |now: i64| {
            let answer = ask(&json!({ "token": TOKEN, "now": now }));
            let warnings = answer["warnings"].as_array().unwrap().clone();
            warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(codes(1_300_819_379), Vec::<String>::new());
        assert_eq!(codes(1_300_819_380), ["expired"]);
    }

    #[test]
    fn every_kind_of_key_is_read_or_refused_with_a_reason() {
        let jwk = format!(r#"{{"kty":"oct","alg":"HS256","k":"{SECRET}"}}"#);
        let public = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----";
        let case = |kind: &str, material: &str, algorithm: Value| {
            let key = json!({ "kind": kind, "material": material, "algorithm": algorithm });
            ask(&json!({ "token": TOKEN, "now": 0, "key": key }))
        };
        let codes = |answer: &Value| -> Vec<String> {
            let notes = answer["key"]["notes"].as_array().unwrap();
            notes.iter().map(|note| note["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(case("any", &jwk, Value::Null)["verified"], true);
        let guessed = case("secret_base64", SECRET, Value::Null);
        assert_eq!(
            (&guessed["verified"], codes(&guessed)),
            (&json!(true), vec!["algorithm_from_token".to_owned()])
        );
        let padded = format!("{}==", SECRET.replace('-', "+").replace('_', "/"));
        assert_eq!(case("secret_base64", &padded, Value::Null)["verified"], true);
        assert_eq!(outcome(&case("any", public, Value::Null), "key")["code"], "key_id_missing");
        assert_eq!(outcome(&case("any", pem, json!("EdDSA")), "key")["code"], "algorithm_mismatch");
        assert_eq!(
            outcome(
                &case("any", "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", Value::Null),
                "key"
            )["code"],
            "algorithm_mismatch"
        );
        let short = case("any", "short", Value::Null);
        assert_eq!(codes(&short), ["algorithm_from_token", "short_secret"]);
        assert_eq!(outcome(&short, "signature")["code"], "bad_signature");
        let private = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----";
        assert!(case("any", private, Value::Null)["key"]["error"].as_str().unwrap().contains("private key"));
        assert!(case("secret_base64", "!", Value::Null)["key"]["error"].is_string());
        assert!(case("any", SECRET, json!("HS1"))["error"].is_string());
        assert!(case("x", SECRET, Value::Null)["error"].is_string());
    }

    #[test]
    fn any_other_input_is_an_error() {
        for input in [
            &b""[..],
            b"{}",
            b"[]",
            b"\xff",
            br#"{"token":5}"#,
            br#"{"token":"x"}"#,
            br#"{"token":"x","now":"1"}"#,
        ] {
            let answer: Value = serde_json::from_str(&answer(input)).unwrap();
            assert!(answer["error"].is_string(), "{input:?}");
        }
        assert_eq!(outcome(&ask(&json!({ "token": "x", "now": 0 })), "form")["code"], "part_count");
    }

    #[test]
    fn the_exported_functions_share_one_buffer() {
        assert!(!super::super::prepare(2).is_null());
        let length = super::super::run();
        assert!(length > 0 && !super::super::answer().is_null());
        super::super::prepare(usize::MAX);
        assert!(super::super::run() > 0);
    }
}
