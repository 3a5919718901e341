//! What a token may say and what is still a bad sign. For people: no rule of verification is here.

use std::fmt;

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::registered::{NumericDate, Unreadable, numeric_date};

/// A bad sign about a token. [`Display`](fmt::Display) is a sentence for people, with names in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `alg` is absent or `none` (RFC 8725 §3.2).
    Unsigned,
    /// `alg` is not an algorithm of this crate.
    UnknownAlgorithm {
        /// Its name.
        name: String,
    },
    /// There is no `typ` (RFC 8725 §3.11).
    NoType,
    /// The header has a key, or the place of one: `jku`, `jwk`, `x5u` or `x5c` (RFC 8725 §3.10).
    KeyInHeader {
        /// The name of the header parameter.
        parameter: &'static str,
    },
    /// The header has `crit` (RFC 7515 §4.1.11).
    CriticalHeader,
    /// `kid` has characters of a path, a query or a command (RFC 8725 §3.10).
    SuspiciousKeyId,
    /// There is no `exp`.
    NoExpiry,
    /// `exp`, `nbf` or `iat` is not a number.
    NotANumber {
        /// The name of the claim.
        claim: &'static str,
    },
    /// `exp`, `nbf` or `iat` is before 1970 or after 9999 (milliseconds land there).
    TimeOutOfRange {
        /// The name of the claim.
        claim: &'static str,
    },
    /// Now is at or after `exp`.
    Expired,
    /// `exp` is not after `iat`.
    NeverValid,
    /// It is valid for more than a day after `iat`, or where that is absent from now on.
    LongLived,
    /// The name of a claim suggests a secret.
    SecretClaim {
        /// Its name.
        name: String,
    },
    /// It is longer than 4 KiB.
    LongToken {
        /// How long it is.
        bytes: usize,
    },
}

impl Warning {
    /// A stable name for programs, for example `"no_expiry"`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::UnknownAlgorithm { .. } => "unknown_algorithm",
            Self::NoType => "no_type",
            Self::KeyInHeader { .. } => "key_in_header",
            Self::CriticalHeader => "critical_header",
            Self::SuspiciousKeyId => "suspicious_key_id",
            Self::NoExpiry => "no_expiry",
            Self::NotANumber { .. } => "not_a_number",
            Self::TimeOutOfRange { .. } => "time_out_of_range",
            Self::Expired => "expired",
            Self::NeverValid => "never_valid",
            Self::LongLived => "long_lived",
            Self::SecretClaim { .. } => "secret_claim",
            Self::LongToken { .. } => "long_token",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("It is not signed: `alg` is none or missing. Anyone can write such a token."),
            // Quoted with escapes: the name is a stranger's text.
            Self::UnknownAlgorithm { name } => write!(f, "Its algorithm {name:?} is weak or not known."),
            Self::NoType => f.write_str(
                "Its header has no `typ`, so a token made for another purpose could be taken for it (RFC 8725 §3.11).",
            ),
            Self::KeyInHeader { parameter } => write!(
                f,
                "Its header has `{parameter}`: a verifier must not trust a key that the token itself brings."
            ),
            Self::CriticalHeader => f.write_str(
                "Its header has `crit`: a verifier that does not know every extension named there must refuse the token \
                 (RFC 7515 §4.1.11).",
            ),
            Self::SuspiciousKeyId => f.write_str(
                "Its `kid` has characters of a path, a query or a command: a verifier must only compare it.",
            ),
            Self::NoExpiry => f.write_str("It has no `exp`: it never expires, and neither does a stolen copy."),
            Self::NotANumber { claim } => write!(f, "Its `{claim}` is not a number."),
            Self::TimeOutOfRange { claim } => {
                write!(f, "Its `{claim}` is not between 1970 and 9999: is it in milliseconds?")
            }
            Self::Expired => f.write_str("It has expired."),
            Self::NeverValid => f.write_str("Its `exp` is not after its `iat`: it was never valid."),
            Self::LongLived => f.write_str(
                "It is valid for more than a day. Access tokens should be valid for minutes: they cannot be withdrawn \
                 everywhere.",
            ),
            Self::SecretClaim { name } => write!(
                f,
                "The claim {name:?} looks secret. A token is signed, not encrypted: anyone who sees it can read it."
            ),
            Self::LongToken { bytes } => {
                write!(f, "It is {bytes} bytes long. Many servers refuse headers of more than 8 KiB.")
            }
        }
    }
}

/// The bad signs in as much of a token as can be read, in the order of the token.
pub(super) fn warnings(
    token: &str,
    header: Option<&Map<String, Value>>,
    payload: Option<&Map<String, Value>>,
    now: i64,
) -> Vec<Warning> {
    let mut found = Vec::new();
    if let Some(header) = header {
        of_header(header, &mut found);
    }
    if let Some(payload) = payload {
        of_times(payload, now, &mut found);
        let secret = payload.keys().filter(|name| looks_secret(name));
        found.extend(secret.map(|name| Warning::SecretClaim { name: name.clone() }));
    }
    if token.len() > LONG_TOKEN_BYTES {
        found.push(Warning::LongToken { bytes: token.len() });
    }
    found
}

fn of_header(header: &Map<String, Value>, found: &mut Vec<Warning>) {
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let alg = text("alg");
    if alg.is_empty() || alg.eq_ignore_ascii_case("none") {
        found.push(Warning::Unsigned);
    } else if Algorithm::from_name(alg).is_none() {
        found.push(Warning::UnknownAlgorithm { name: alg.to_owned() });
    }
    if !header.contains_key("typ") {
        found.push(Warning::NoType);
    }
    let keys = ["jku", "jwk", "x5u", "x5c"].into_iter().filter(|parameter| header.contains_key(*parameter));
    found.extend(keys.map(|parameter| Warning::KeyInHeader { parameter }));
    if header.contains_key("crit") {
        found.push(Warning::CriticalHeader);
    }
    let kid = text("kid");
    if kid.contains(['/', '\\', '\'', '"', ';']) || kid.contains("..") {
        found.push(Warning::SuspiciousKeyId);
    }
}

fn of_times(payload: &Map<String, Value>, now: i64, found: &mut Vec<Warning>) {
    let mut read = |claim: &'static str| match payload.get(claim).map(numeric_date)? {
        Ok(NumericDate { floor, .. }) => Some(floor),
        Err(Unreadable::Type) => {
            found.push(Warning::NotANumber { claim });
            None
        }
        Err(Unreadable::Range) => {
            found.push(Warning::TimeOutOfRange { claim });
            None
        }
    };
    let (issued_at, _, expires_at) = (read("iat"), read("nbf"), read("exp"));
    if !payload.contains_key("exp") {
        found.push(Warning::NoExpiry);
    }
    let Some(expires_at) = expires_at else { return };
    if expires_at <= now {
        found.push(Warning::Expired);
    }
    if issued_at.is_some_and(|issued_at| expires_at <= issued_at) {
        found.push(Warning::NeverValid);
    }
    if expires_at.saturating_sub(issued_at.unwrap_or(now)) > LONG_LIFE_SECONDS {
        found.push(Warning::LongLived);
    }
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word)) || name.ends_with("pin")
}

const SECRET_WORDS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "private",
    "apikey",
    "api_key",
    "api-key",
    "credit",
    "card",
    "cvv",
    "ssn",
    "iban",
];
const LONG_TOKEN_BYTES: usize = 4096;
const LONG_LIFE_SECONDS: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn codes(header: &Value, payload: &Value) -> Vec<&'static str> {
        let found = warnings("a.b.c", header.as_object(), payload.as_object(), 100);
        found.iter().map(Warning::code).collect()
    }

    #[test]
    fn each_bad_sign_has_its_warning_and_a_good_token_none() {
        let good =
            (json!({ "alg": "ES256", "typ": "JWT", "kid": "a-b_c.1" }), json!({ "iat": 100, "exp": 1_000 }));
        let with = |object: &Value, changes: Value| {
            let mut object = object.as_object().unwrap().clone();
            object.extend(changes.as_object().unwrap().clone());
            object.retain(|_, value| *value != json!("absent"));
            Value::Object(object)
        };
        for (header, payload, expected) in [
            (json!({}), json!({}), &[][..]),
            (json!({ "alg": "None" }), json!({}), &["unsigned"]),
            (json!({ "alg": "absent" }), json!({}), &["unsigned"]),
            (json!({ "alg": 5 }), json!({}), &["unsigned"]),
            (json!({ "alg": "HS1" }), json!({}), &["unknown_algorithm"]),
            (json!({ "typ": "absent" }), json!({}), &["no_type"]),
            (json!({ "jku": "x" }), json!({}), &["key_in_header"]),
            (json!({ "jwk": {} }), json!({}), &["key_in_header"]),
            (json!({ "x5u": "x" }), json!({}), &["key_in_header"]),
            (json!({ "x5c": [] }), json!({}), &["key_in_header"]),
            (json!({ "x5c": [], "jku": "x" }), json!({}), &["key_in_header", "key_in_header"]),
            (json!({ "x5t": "x" }), json!({}), &[]),
            (json!({ "crit": ["b64"] }), json!({}), &["critical_header"]),
            (json!({ "kid": "../../dev/null" }), json!({}), &["suspicious_key_id"]),
            (json!({ "kid": "x' OR '1" }), json!({}), &["suspicious_key_id"]),
            (json!({}), json!({ "exp": "absent" }), &["no_expiry"]),
            (json!({}), json!({ "exp": "200" }), &["not_a_number"]),
            (json!({}), json!({ "iat": null, "nbf": true }), &["not_a_number", "not_a_number"]),
            (json!({}), json!({ "exp": 253_402_300_800_i64 }), &["time_out_of_range"]),
            (json!({}), json!({ "exp": u64::MAX }), &["time_out_of_range"]),
            (json!({}), json!({ "exp": -1e300 }), &["time_out_of_range"]),
            (
                json!({}),
                json!({ "iat": i64::MIN, "exp": i64::MAX }),
                &["time_out_of_range", "time_out_of_range"],
            ),
            (json!({}), json!({ "nbf": 1_800_000_000_000_i64 }), &["time_out_of_range"]),
            (json!({}), json!({ "iat": 1, "exp": 99.5 }), &["expired"]),
            (json!({}), json!({ "iat": 1, "exp": 100 }), &["expired"]),
            (json!({}), json!({ "iat": 1, "exp": 101 }), &[]),
            (json!({}), json!({ "iat": 200, "exp": 200 }), &["never_valid"]),
            (json!({}), json!({ "exp": 86_500 }), &[]),
            (json!({}), json!({ "exp": 86_501 }), &["long_lived"]),
            (json!({}), json!({ "iat": "absent", "exp": 86_501 }), &["long_lived"]),
            (json!({}), json!({ "exp": 253_402_300_799_i64 }), &["long_lived"]),
            (json!({}), json!({ "userPassword": 1 }), &["secret_claim"]),
            (json!({}), json!({ "creditCard": 1, "x-api-key": 2 }), &["secret_claim", "secret_claim"]),
            (json!({}), json!({ "cardPIN": 1 }), &["secret_claim"]),
            (json!({}), json!({ "session": 1, "shipping": 1, "keyId": 1 }), &[]),
        ] {
            let (header, payload) = (with(&good.0, header), with(&good.1, payload));
            assert_eq!(codes(&header, &payload), expected, "{header} {payload}");
        }
    }

    #[test]
    fn a_long_token_is_warned_of_and_what_cannot_be_read_is_not() {
        assert_eq!(warnings(&"x".repeat(4096), None, None, 0), []);
        assert_eq!(warnings(&"x".repeat(4097), None, None, 0), [Warning::LongToken { bytes: 4097 }]);
    }

    #[test]
    fn a_name_from_the_token_is_quoted() {
        let text = Warning::SecretClaim { name: "secret\u{202e}\n".into() }.to_string();
        assert!(text.starts_with(r#"The claim "secret\u{202e}\n" looks"#), "{text}");
    }
}
