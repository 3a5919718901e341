//! `countersign token verify`: the result of each rule, and what would make a failed rule pass.

use std::process::ExitCode;
use std::time::Duration;

use countersign::Clock;
use countersign_jwt::dangerous::decode_unverified;
use countersign_jwt::inspect::{Check, Inspection, Outcome, inspect};
use countersign_jwt::{Algorithm, ClaimsPolicy, Limits, TokenType, VerifyError};
use serde_json::{Map, Value, json};

use super::input::TokenArgument;
use super::material::PublicKeyArguments;
use super::own_keys::{self, TokenSession};
use super::time::moment;
use crate::cli::global::Global;
use crate::output::{Output, Style, Styled, print_styled, unless_closed};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Verify {
    #[command(flatten)]
    token: TokenArgument,
    #[command(flatten)]
    key: PublicKeyArguments,
    /// Uses the keys of the configured server, from its database; also says whether the token's session has ended
    #[arg(long, conflicts_with_all = ["key", "secret"])]
    own_keys: bool,
    /// An accepted issuer; not checked if left out; may be repeated
    #[arg(long)]
    issuer: Vec<String>,
    /// An accepted audience; not checked if left out; may be repeated
    #[arg(long)]
    audience: Vec<String>,
    /// A required scope, in `scope` or `scp`; may be repeated
    #[arg(long)]
    scope: Vec<String>,
    /// A required role, in `role` or `roles`; may be repeated
    #[arg(long)]
    role: Vec<String>,
    /// The required `typ`, such as `at+jwt`; not checked if left out
    #[arg(long = "type", value_name = "TYPE")]
    token_type: Option<String>,
    /// The seconds by which clocks may differ, at most 120
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=120))]
    leeway: u64,
}

impl Verify {
    pub(super) fn run(&self, global: &Global, output: Output) -> anyhow::Result<ExitCode> {
        let token = self.token.read()?;
        let decoded = decode_unverified(&token).map(|decoded| (decoded.header, decoded.payload));
        let (header, payload) = decoded.unwrap_or_default();
        let claimed = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
        let (key, session) = if self.own_keys {
            own_keys::load(global, &payload)?
        } else {
            (self.key.load(global, claimed)?, None)
        };
        let now = Clock::system().now().as_unix_seconds();
        let inspection = inspect(&token, key.to_inspect(), Some(&self.policy(&header, &payload)), now);
        let failures: Vec<_> = inspection
            .checks
            .iter()
            .filter(|check| self.is_asked(check) && check.outcome != Outcome::Passed)
            .collect();
        let is_signed = |check: &Check| check.rule == "signature" && check.outcome == Outcome::Passed;
        let session = session.filter(|_| inspection.checks.iter().any(is_signed));
        let accepted = failures.is_empty() && session.as_ref().is_none_or(TokenSession::is_open);
        if output.json {
            let mut value = self.as_json(&inspection, accepted);
            value["session"] = session.as_ref().map(TokenSession::as_json).into();
            value["skippedKeys"] = key.skipped().into();
            value["keyNotes"] = key.notes().into();
            unless_closed(output.show(&value, String::new))?;
        } else {
            let mut lines = self.describe(&inspection, accepted, now);
            lines.extend(session.iter().map(session_line));
            lines.extend(key.notes().into_iter().map(|note| (Style::Warning, note)));
            lines.extend(key.skipped().into_iter().map(|text| (Style::Dim, format!("Not usable: {text}"))));
            unless_closed(print_styled(&lines))?;
        }
        Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// What was not asked for is what the token says itself.
    fn policy(&self, header: &Map<String, Value>, payload: &Map<String, Value>) -> ClaimsPolicy {
        let own = |name: &str| payload.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let token_type =
            match self.token_type.as_deref().or_else(|| header.get("typ").and_then(Value::as_str)) {
                _ if self.asks_for_access_token() => TokenType::AccessToken,
                Some(typ) => TokenType::Exactly(typ.to_owned().into()),
                None => TokenType::JwtOrAbsent,
            };
        let first = |asked: &[String], name| asked.first().cloned().unwrap_or_else(|| own(name));
        let (issuer, audience) = (first(&self.issuer, "iss"), first(&self.audience, "aud"));
        let mut policy = ClaimsPolicy::new(issuer, audience, token_type, Duration::from_secs(self.leeway))
            .with_limits(Limits::ML_DSA);
        policy = self.issuer.iter().skip(1).fold(policy, ClaimsPolicy::or_issuer);
        policy = self.audience.iter().skip(1).fold(policy, ClaimsPolicy::or_audience);
        policy = self.scope.iter().fold(policy, ClaimsPolicy::require_scope);
        self.role.iter().fold(policy, ClaimsPolicy::require_role)
    }

    /// An access token needs more claims than others (RFC 9068 §2.2).
    fn asks_for_access_token(&self) -> bool {
        TokenType::AccessToken.accepts(self.token_type.as_deref())
    }

    fn is_asked(&self, check: &Check) -> bool {
        match check.rule {
            "issuer" => !self.issuer.is_empty(),
            "audience" => !self.audience.is_empty(),
            "type" => self.token_type.is_some(),
            // Access tokens must have these claims; other tokens may lack them.
            "subject" | "token_id" | "issued_at" => {
                !self.issuer.is_empty() || self.asks_for_access_token() || !check.found.is_empty()
            }
            _ => true,
        }
    }

    fn describe(&self, inspection: &Inspection, accepted: bool, now: i64) -> Vec<Styled> {
        let verdict = if accepted {
            (Style::Good, "Valid.".to_owned())
        } else {
            (Style::Warning, "NOT valid.".to_owned())
        };
        let mut lines = vec![verdict];
        if let Some(key_id) = inspection.key_id.as_deref().filter(|id| !id.is_empty()) {
            lines.push((Style::Plain, format!("Checked with the key {key_id}.")));
        }
        for check in &inspection.checks {
            let rule = check.rule.replace('_', " ");
            match check.outcome {
                _ if !self.is_asked(check) => lines.push((Style::Dim, format!("  - {rule}: not asked"))),
                Outcome::Passed => lines.push((Style::Good, format!("  + {rule}"))),
                Outcome::Failed(error) => {
                    lines.push((Style::Warning, format!("  x {rule}: {error}")));
                    let found = if check.found.is_empty() { "nothing" } else { &check.found };
                    lines.push((Style::Plain, format!("      expected {}; found {found}", check.expected)));
                    if let ("expiry" | "not_before" | "issued_at", Ok(at)) = (check.rule, found.parse()) {
                        lines.push((Style::Plain, format!("      {at} is {}", moment(at, now))));
                    }
                    lines.push((Style::Plain, format!("      {}", error.remedy())));
                }
                _ => lines.push((Style::Dim, format!("  - {rule}: not reached"))),
            }
        }
        lines
    }

    fn as_json(&self, inspection: &Inspection, accepted: bool) -> Value {
        let check = |check: &Check| {
            let outcome = match check.outcome {
                _ if !self.is_asked(check) => "not_asked",
                Outcome::Passed => "passed",
                Outcome::Failed(_) => "failed",
                _ => "not_checked",
            };
            let error = match check.outcome {
                Outcome::Failed(error) if self.is_asked(check) => Some(error),
                _ => None,
            };
            json!({
                "rule": check.rule, "outcome": outcome, "expected": check.expected, "found": check.found,
                "error": error.map(VerifyError::code), "remedy": error.map(VerifyError::remedy),
            })
        };
        let checks: Vec<Value> = inspection.checks.iter().map(check).collect();
        json!({
            "valid": accepted, "keyId": inspection.key_id, "checks": checks,
            "header": inspection.header, "payload": inspection.payload,
        })
    }
}

fn session_line(session: &TokenSession) -> Styled {
    let (style, mark) = if session.is_open() { (Style::Good, '+') } else { (Style::Warning, 'x') };
    (style, format!("  {mark} session: {}", session.describe()))
}
