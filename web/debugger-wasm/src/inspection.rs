//! JSON in, JSON out. Decides the shape of both, and nothing about tokens.
//!
//! In:
//! ```json
//! {
//!   "token": "eyJ…",
//!   "now": 1800000000,
//!   "key": { "kind": "jwk | jwks | pem | secret | secret_base64url", "material": "…", "algorithm": "HS256" },
//!   "policy": { "issuer": "…", "audience": ["…", "…"], "token_type": "at+jwt", "leeway_seconds": 30,
//!               "audience_may_be_absent": false, "issued_at_may_be_absent": false, "scopes": [], "roles": [] }
//! }
//! ```
//! `issuer` and `audience` are one text, or at least one in an array. The last four members of `policy` may
//! be absent and then have the values shown. `key` and `policy` may be absent or null. `algorithm` is needed
//! for `pem`, `secret` and `secret_base64url`; without it the token's own is used, and
//! `key.algorithm_from_token` says so. A `token_type` of `"JWT"` also accepts its absence.
//!
//! Out:
//! ```json
//! {
//!   "header": {}, "payload": {}, "verified": true, "accepted": false,
//!   "key": { "id": "…", "error": null, "algorithm_from_token": false },
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
use countersign_jwt::inspect::{Check, Keys, Outcome, Warning, inspect};
use countersign_jwt::{Algorithm, ClaimsPolicy, JwkSet, TokenType, VerifyingKey};
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
    let (material, from_token) = match optional(input, "key") {
        None => (Ok(Material::None), false),
        Some(key) => material(key, token)?,
    };
    let keys = match &material {
        Ok(Material::Key(key)) => Keys::One(key),
        Ok(Material::Set(set)) => Keys::Set(set),
        Ok(Material::None) | Err(_) => Keys::None,
    };
    let inspection = inspect(token, keys, policy.as_ref(), now);
    Ok(json!({
        "verified": inspection.is_verified(),
        "accepted": inspection.is_accepted(),
        "key": { "id": inspection.key_id, "error": material.as_ref().err(), "algorithm_from_token": from_token },
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

fn warning(warning: &Warning) -> Value {
    json!({ "code": warning.code(), "message": warning.to_string() })
}

enum Material {
    None,
    Key(VerifyingKey),
    Set(JwkSet),
}

/// The key, or why it is refused; and whether its algorithm had to be taken from the token.
fn material(key: &Value, token: &str) -> Result<(Result<Material, String>, bool), String> {
    let material = text(key, "material")?;
    let named = match optional(key, "algorithm").and_then(Value::as_str) {
        None | Some("") => None,
        Some(name) => Some(Algorithm::from_name(name).ok_or_else(|| format!("unknown algorithm {name}"))?),
    };
    let algorithm = named.or_else(|| algorithm_of(token));
    let single = |make: &dyn Fn(Algorithm) -> Result<VerifyingKey, String>| {
        algorithm.ok_or_else(|| "say which algorithm the key is for".into()).and_then(make).map(Material::Key)
    };
    let hmac =
        |secret: &[u8], algorithm| VerifyingKey::hmac(algorithm, secret).map_err(|error| error.to_string());
    Ok(match text(key, "kind")? {
        "jwk" => {
            (VerifyingKey::from_jwk(material).map(Material::Key).map_err(|error| error.to_string()), false)
        }
        // A pasted set may be of another issuer: its unusable keys are skipped.
        "jwks" => {
            let set = JwkSet::parse_foreign(material, &Algorithm::ALL);
            (set.map(|(set, _)| Material::Set(set)).map_err(|error| error.to_string()), false)
        }
        "pem" => {
            let pem =
                |algorithm| VerifyingKey::from_pem(material, algorithm).map_err(|error| error.to_string());
            (single(&pem), named.is_none())
        }
        "secret" => (single(&|algorithm| hmac(material.as_bytes(), algorithm)), named.is_none()),
        "secret_base64url" => {
            let secret = URL_SAFE_NO_PAD.decode(material.trim_end_matches('='));
            let key = |algorithm| {
                secret
                    .as_ref()
                    .map_err(|_| "the secret is not base64url".into())
                    .and_then(|secret| hmac(secret, algorithm))
            };
            (single(&key), named.is_none())
        }
        _ => return Err("`key.kind` must be jwk, jwks, pem, secret or secret_base64url".into()),
    })
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
            "key": { "kind": "secret_base64url", "material": SECRET, "algorithm": "HS256" },
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
        assert_eq!(case("jwk", &jwk, Value::Null)["verified"], true);
        let guessed = case("secret_base64url", SECRET, Value::Null);
        assert_eq!(
            (&guessed["verified"], &guessed["key"]["algorithm_from_token"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(outcome(&case("jwks", public, Value::Null), "key")["code"], "key_id_missing");
        assert_eq!(outcome(&case("pem", pem, json!("EdDSA")), "key")["code"], "algorithm_mismatch");
        assert!(case("secret", "short", Value::Null)["key"]["error"].as_str().unwrap().contains("5 bytes"));
        assert!(case("pem", "x", Value::Null)["key"]["error"].is_string());
        assert!(case("secret", SECRET, json!("HS1"))["error"].is_string());
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
