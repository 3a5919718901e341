//! `countersign token decode`: what a token says, and what is odd about it.

use std::process::ExitCode;

use countersign::base::clock::Clock;
use countersign_jwt::dangerous::{DecodedToken, decode_unverified};
use countersign_jwt::{Algorithm, Limits, UnverifiedJws, VerifyError};
use serde_json::{Map, Value, json};

use super::input::TokenArgument;
use super::key_text::Public;
use super::material::PublicKeyArguments;
use super::time::{TIMES, moment, relative};
use crate::cli::global::Global;
use crate::output::{Output, Style, Styled, print_styled, unless_closed};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Decode {
    #[command(flatten)]
    token: TokenArgument,
    #[command(flatten)]
    key: PublicKeyArguments,
}

impl Decode {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
        let token = self.token.read()?;
        let decoded = match decode_unverified(&token) {
            Ok(decoded) => decoded,
            Err(error) => {
                unless_closed(
                    output.show(&json!({ "error": error.code(), "remedy": error.remedy() }), || {
                        format!("This is no token: {error}.\n{}", error.remedy())
                    }),
                )?;
                return Ok(ExitCode::FAILURE);
            }
        };
        let now = Clock::system().now().as_unix_seconds();
        let mut warnings = warnings(&decoded, now);
        if self.key.is_given() {
            let alg = decoded.header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
            warnings.extend(key_mismatch(&token, &self.key.load(global, alg)?));
        }
        if output.json {
            let value = json!({ "verified": false, "header": decoded.header, "payload": decoded.payload, "warnings": warnings });
            output.show(&value, String::new)?;
        } else {
            print_styled(&describe(&decoded, &warnings, now))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn describe(decoded: &DecodedToken, warnings: &[String], now: i64) -> Vec<Styled> {
    let mut lines = vec![(Style::Warning, "NOT VERIFIED: anybody can have written this.".to_owned())];
    for (title, members) in [("Header", &decoded.header), ("Payload", &decoded.payload)] {
        lines.push((Style::Title, title.to_owned()));
        lines.extend(pretty(members).lines().map(|line| (Style::Plain, line.to_owned())));
    }
    let times: Vec<_> = ["iat", "nbf", "auth_time", "exp"]
        .into_iter()
        .filter_map(|name| time(&decoded.payload, name))
        .collect();
    if !times.is_empty() {
        lines.push((Style::Title, "Times".to_owned()));
    }
    for (name, seconds) in times {
        let style = if name == "exp" && seconds <= now { Style::Warning } else { Style::Plain };
        lines.push((style, format!("{name:<10} {}", moment(seconds, now))));
    }
    if !warnings.is_empty() {
        lines.push((Style::Title, "Warnings".to_owned()));
    }
    lines.extend(warnings.iter().map(|warning| (Style::Warning, format!("- {warning}"))));
    lines
}

fn pretty(members: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(members).unwrap_or_default()
}

/// A time in whole seconds; a fraction counts as passed, as it does for a verifier's `exp`.
fn time(payload: &Map<String, Value>, name: &'static str) -> Option<(&'static str, i64)> {
    let value = payload.get(name)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what i64 cannot hold becomes its end, and is no time either way"
    )]
    let whole = || value.as_f64().map(|seconds| seconds.floor() as i64);
    Some((name, value.as_i64().or_else(whole)?))
}

/// What is odd about a token whose form is right.
fn warnings(decoded: &DecodedToken, now: i64) -> Vec<String> {
    let (header, payload) = (&decoded.header, &decoded.payload);
    let mut found = Vec::new();
    let alg = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    if alg.is_empty() || alg.eq_ignore_ascii_case("none") {
        found.push("it is not signed: `alg` is none or missing".to_owned());
    } else if Algorithm::from_name(alg).is_none() {
        found.push(format!("its algorithm {alg:?} is weak or not known"));
    }
    if !header.contains_key("typ") {
        found.push("it has no `typ`: another kind of token could be taken for it".to_owned());
    }
    for name in ["jku", "x5u", "jwk", "crit"] {
        if header.contains_key(name) {
            found.push(format!(
                "its header has `{name}`: a verifier must not trust a key that the token brings along"
            ));
        }
    }
    let (issued, expires) = (time(payload, "iat"), time(payload, "exp"));
    match expires {
        None if payload.contains_key("exp") => found.push("its `exp` is not a number".to_owned()),
        None => found.push("it has no `exp`: it never expires".to_owned()),
        Some((_, expires)) if !TIMES.contains(&expires) => {
            found.push(format!("its `exp` is {}", moment(expires, now)));
        }
        Some((_, expires)) if expires <= now => found.push(format!("it expired {}", relative(expires - now))),
        Some((_, expires)) if expires.saturating_sub(issued.map_or(now, |(_, issued)| issued)) > LONG => {
            found.push("it lives for more than a day; an access token lives for minutes".to_owned());
        }
        Some(_) => {}
    }
    let sensitive =
        payload.keys().filter(|name| SENSITIVE.iter().any(|word| name.to_ascii_lowercase().contains(word)));
    found.extend(
        sensitive.map(|name| {
            format!("the claim {name:?} looks sensitive: everybody who sees a token can read it")
        }),
    );
    found
}

/// Why the key cannot be the one that signed the token, as far as its header tells.
fn key_mismatch(token: &str, key: &Public) -> Option<String> {
    let jws = UnverifiedJws::parse_with_limits(token, Limits::ML_DSA);
    let chosen = jws.and_then(|jws| match key {
        Public::One(key) if jws.header().algorithm() != key.algorithm() => {
            Err(VerifyError::AlgorithmMismatch)
        }
        Public::One(key) => match jws.header().key_id() {
            Some(named) if !key.key_id().is_empty() && named != key.key_id() => {
                Err(VerifyError::UnknownKeyId)
            }
            _ => Ok(()),
        },
        Public::Set(set, _) => set.select(jws.header()).map(|_| ()),
    });
    chosen.err().map(|error| format!("the key given does not fit: {error}"))
}

const LONG: i64 = 24 * 60 * 60;
const SENSITIVE: [&str; 9] =
    ["password", "passwd", "secret", "apikey", "api_key", "private", "card", "ssn", "iban"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_tokens_are_warned_of() {
        let decoded = |header: Value, payload: Value| DecodedToken {
            header: header.as_object().unwrap().clone(),
            payload: payload.as_object().unwrap().clone(),
        };
        let good = decoded(json!({ "alg": "ES256", "typ": "JWT" }), json!({ "iat": 100, "exp": 1_000 }));
        assert_eq!(warnings(&good, 100), Vec::<String>::new());
        for (header, payload, word) in [
            (json!({ "alg": "None", "typ": "JWT" }), json!({ "exp": 200 }), "not signed"),
            (json!({ "alg": "HS1", "typ": "JWT" }), json!({ "exp": 200 }), "weak"),
            (json!({ "alg": "ES256" }), json!({ "exp": 200 }), "`typ`"),
            (json!({ "alg": "ES256", "typ": "JWT", "jku": "x" }), json!({ "exp": 200 }), "`jku`"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({}), "never expires"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": "200" }), "not a number"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": 99.5 }), "expired 1 s ago"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": 253_402_300_800_i64 }), "milliseconds"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "iat": i64::MIN, "exp": i64::MAX }), "9999"),
            (
                json!({ "alg": "ES256", "typ": "JWT" }),
                json!({ "iat": i64::MIN, "exp": 200 }),
                "more than a day",
            ),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": u64::MAX }), "9999"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": -1e300 }), "1970"),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": 100 }), "expired now"),
            (
                json!({ "alg": "ES256", "typ": "JWT" }),
                json!({ "iat": 100, "exp": 86_501 }),
                "more than a day",
            ),
            (json!({ "alg": "ES256", "typ": "JWT" }), json!({ "exp": 200, "userPassword": 1 }), "sensitive"),
        ] {
            let found = warnings(&decoded(header, payload), 100);
            assert!(found.len() == 1 && found[0].contains(word), "{word}: {found:?}");
        }
    }
}
