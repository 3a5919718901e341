//! Everything that can be said about one token, for people: a debugger, a command line.
//!
//! Checks the same rules as verification, but all of them, and reports for each what was expected, what was
//! found and what would make it pass. No other function of this crate accepts the result.

mod key_text;
mod warnings;
mod wording;

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::compact::{Limits, Parts, UnverifiedJws};
use crate::dangerous;
use crate::error::VerifyError;
use crate::key::VerifyingKey;
use crate::policy::ClaimsPolicy;
use crate::registered::Registered;
use crate::rules::Rule;

pub use key_text::{KeyNote, KeyText, KeyTextError, Keys, Material, ShortSecret};
pub use warnings::Warning;

/// The result of [`inspect`]: the parts of a token that can be read, the outcome of every rule, and warnings.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The header's members, if it is strict JSON; unverified unless [`is_verified`](Self::is_verified).
    pub header: Option<Map<String, Value>>,
    /// The payload's members, if it is strict JSON; unverified unless [`is_verified`](Self::is_verified).
    pub payload: Option<Map<String, Value>>,
    /// The ID of the key that the signature was checked with.
    pub key_id: Option<String>,
    /// Every rule, in the order of verification.
    pub checks: Vec<Check>,
    /// The bad signs, whether or not a rule is broken.
    pub warnings: Vec<Warning>,
}

/// One rule and its outcome for the token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// A stable name for the rule: `form`, `key`, `signature`, `payload`, `type`, `issuer`, `audience`,
    /// `expiry`, `not_before`, `issued_at`, `subject`, `token_id`, `other_claims`, and where the policy
    /// demands any `required_claims`, `scopes`, `roles`.
    pub rule: &'static str,
    /// Whether the token satisfies it.
    pub outcome: Outcome,
    /// The value that the rule expects, or a description of it.
    pub expected: String,
    /// What the token has instead or as well: a claim, `typ` or `alg` as JSON, the key that it names, or the
    /// length of the part as it was sent (of the signature: decoded). Empty if it has nothing.
    pub found: String,
}

/// The outcome of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The rule holds.
    Passed,
    /// The rule is broken; [`VerifyError::remedy`] says what would make it pass.
    Failed(VerifyError),
    /// The rule could not be checked: there is no key or no policy, or an earlier failure prevents it.
    NotChecked,
}

impl Inspection {
    /// Whether the signature was checked and matched.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.checks.iter().any(|check| check.rule == "signature" && check.outcome == Outcome::Passed)
    }

    /// Whether every rule was checked and holds: exactly the tokens that
    /// [`verify_access_token`](crate::verify_access_token) accepts.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.checks.iter().all(|check| check.outcome == Outcome::Passed)
    }

    /// The first rule that is broken.
    #[must_use]
    pub fn first_failure(&self) -> Option<(&Check, VerifyError)> {
        self.checks.iter().find_map(|check| match check.outcome {
            Outcome::Failed(error) => Some((check, error)),
            Outcome::Passed | Outcome::NotChecked => None,
        })
    }
}

/// Checks `token` against every rule, also after the first failure. `now_unix_seconds` counts from 1970-01-01
/// UTC. Without a `policy` no claim is checked.
#[must_use]
pub fn inspect(
    token: &str,
    keys: Keys<'_>,
    policy: Option<&ClaimsPolicy>,
    now_unix_seconds: i64,
) -> Inspection {
    let limits = policy.map_or(Limits::ML_DSA, ClaimsPolicy::limits);
    let parsed = UnverifiedJws::parse_with_limits(token, limits);
    let (header, payload) = dangerous::decode_parts(token);
    let mut checks = vec![Check {
        rule: "form",
        outcome: Outcome::of(parsed.as_ref().err().copied()),
        expected: "header.payload.signature in base64url, a supported `alg`, no `crit`".into(),
        found: header
            .as_ref()
            .ok()
            .and_then(|header| header.get("alg"))
            .map_or_else(|| format!("{} bytes", token.len()), Value::to_string),
    }];
    let key_id = signature_checks(&mut checks, parsed.as_ref().ok(), keys);
    checks.push(Check {
        rule: "payload",
        outcome: Outcome::of(payload.as_ref().err().copied()),
        expected: "one JSON object without duplicate names".into(),
        found: Parts::split(token, Limits::ML_DSA)
            .map(|parts| format!("{} bytes", parts.payload.len()))
            .unwrap_or_default(),
    });
    for rule in Rule::ALL.into_iter().filter(|rule| rule.is_demanded(policy)) {
        let outcome = match (&parsed, &payload, policy) {
            (Ok(jws), Ok(claims), Some(policy)) => Outcome::of(
                rule.check(jws.header(), &Registered::find(claims), policy, now_unix_seconds).err(),
            ),
            _ => Outcome::NotChecked,
        };
        checks.push(Check {
            rule: wording::name(rule),
            outcome,
            expected: policy
                .map(|policy| wording::expected(rule, policy, now_unix_seconds))
                .unwrap_or_default(),
            found: wording::found(rule, policy, header.as_ref().ok(), payload.as_ref().ok()),
        });
    }
    let warnings = warnings::warnings(token, header.as_ref().ok(), payload.as_ref().ok(), now_unix_seconds);
    Inspection { header: header.ok(), payload: payload.ok(), key_id, checks, warnings }
}

/// Adds the checks `key` and `signature`; returns the ID of the key that was used.
fn signature_checks(
    checks: &mut Vec<Check>,
    jws: Option<&UnverifiedJws<'_>>,
    keys: Keys<'_>,
) -> Option<String> {
    let key = match (jws, keys) {
        (None, _) | (_, Keys::None) => None,
        (Some(jws), Keys::One(key) | Keys::Short(ShortSecret(key)))
            if key.algorithm() != jws.header().algorithm() =>
        {
            Some(Err(VerifyError::AlgorithmMismatch))
        }
        (Some(_), Keys::One(key) | Keys::Short(ShortSecret(key))) => Some(Ok(key)),
        (Some(jws), Keys::Set(set)) => Some(set.select(jws.header())),
    };
    checks.push(Check {
        rule: "key",
        outcome: key.as_ref().map_or(Outcome::NotChecked, |key| Outcome::of(key.err())),
        expected: match keys {
            Keys::None => String::new(),
            Keys::One(key) | Keys::Short(ShortSecret(key)) => format!("a token for {}", key.algorithm()),
            Keys::Set(set) => one_of_keys(set.keys()),
        },
        found: jws
            .map(|jws| named(jws.header().algorithm(), jws.header().key_id().unwrap_or_default()))
            .unwrap_or_default(),
    });
    let key = key.and_then(Result::ok);
    let verified = jws.zip(key).map(|(jws, key)| jws.check_signature(key));
    checks.push(Check {
        rule: "signature",
        outcome: verified.map_or(Outcome::NotChecked, |verified| Outcome::of(verified.err())),
        expected: "a signature of this key over header and payload".into(),
        found: jws.map(|jws| format!("{} bytes", jws.signature.len())).unwrap_or_default(),
    });
    key.map(|key| key.key_id().to_owned())
}

/// The keys that a token can name.
fn one_of_keys(keys: &[VerifyingKey]) -> String {
    let shown: Vec<String> =
        keys.iter().take(MAX_SHOWN_KEYS).map(|key| named(key.algorithm(), key.key_id())).collect();
    let more = match keys.len().saturating_sub(MAX_SHOWN_KEYS) {
        0 => String::new(),
        more => format!(" or {more} more"),
    };
    if keys.is_empty() {
        "a key, but the set has none".into()
    } else {
        format!("one of {}{more}", shown.join(", "))
    }
}

fn named(algorithm: Algorithm, key_id: &str) -> String {
    if key_id.is_empty() { format!("{algorithm} without `kid`") } else { format!("{algorithm} {key_id}") }
}

const MAX_SHOWN_KEYS: usize = 8;

impl Outcome {
    fn of(error: Option<VerifyError>) -> Self {
        error.map_or(Self::Passed, Self::Failed)
    }
}
