//! `countersign token decode`: shows what a token says and what is a bad sign about it. Verifies nothing.

use std::process::ExitCode;

use countersign::Clock;
use countersign_jwt::dangerous::{DecodedToken, decode_unverified};
use countersign_jwt::inspect::{Keys, inspect};
use countersign_jwt::{Algorithm, Limits, UnverifiedJws, VerifyError};
use serde_json::{Map, Value, json};

use super::input::TokenArgument;
use super::key_text::Public;
use super::material::PublicKeyArguments;
use super::time::moment;
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
        let warnings = inspect(&token, Keys::None, None, now).warnings;
        let mut warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
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
    let mut lines = vec![(Style::Warning, "NOT VERIFIED: anyone can have written this.".to_owned())];
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

/// Says why the key cannot be the one that signed the token, as far as the header tells.
fn key_mismatch(token: &str, key: &Public) -> Option<String> {
    let jws = UnverifiedJws::parse_with_limits(token, Limits::ML_DSA);
    let chosen = jws.and_then(|jws| match (key.set(), key.keys()) {
        (Some(set), _) => set.select(jws.header()).map(|_| ()),
        (None, [key]) if jws.header().algorithm() != key.algorithm() => Err(VerifyError::AlgorithmMismatch),
        (None, [key]) => match jws.header().key_id() {
            Some(named) if !key.key_id().is_empty() && named != key.key_id() => {
                Err(VerifyError::UnknownKeyId)
            }
            _ => Ok(()),
        },
        (None, _) => Ok(()),
    });
    chosen.err().map(|error| format!("The given key does not fit: {error}."))
}
