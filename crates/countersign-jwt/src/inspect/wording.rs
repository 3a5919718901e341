//! What each rule is called, what it expects and what a token has there, in words.

use serde_json::{Map, Value};

use crate::policy::{ClaimsPolicy, TokenType};
use crate::registered::Claim;
use crate::rules::Rule;

/// The stable name of the rule.
pub(super) fn name(rule: Rule) -> &'static str {
    match rule {
        Rule::Type => "type",
        Rule::Issuer => "issuer",
        Rule::Audience => "audience",
        Rule::Expiry => "expiry",
        Rule::NotBefore => "not_before",
        Rule::IssuedAt => "issued_at",
        Rule::Subject => "subject",
        Rule::TokenId => "token_id",
        Rule::OtherClaims => "other_claims",
        Rule::RequiredClaims => "required_claims",
        Rule::Scopes => "scopes",
        Rule::Roles => "roles",
    }
}

/// What `policy` expects by this rule at `now`.
pub(super) fn expected(rule: Rule, policy: &ClaimsPolicy, now: i64) -> String {
    let leeway = policy.leeway().as_secs();
    match rule {
        Rule::Type => match policy.token_type() {
            TokenType::AccessToken => "at+jwt".into(),
            TokenType::JwtOrAbsent => "JWT, or none".into(),
            TokenType::Exactly(typ) => typ.to_string(),
        },
        Rule::Issuer => one_of(policy.issuers()),
        Rule::Audience if policy.accepts_missing_audience() => {
            format!("{}, or none", one_of(policy.audiences()))
        }
        Rule::Audience => one_of(policy.audiences()),
        Rule::Expiry => format!("after {now}, with a leeway of {leeway} s"),
        Rule::IssuedAt if !policy.accepts_missing_issued_at() => {
            format!("not after {now}, with a leeway of {leeway} s")
        }
        Rule::NotBefore | Rule::IssuedAt => {
            format!("absent, or not after {now}, with a leeway of {leeway} s")
        }
        Rule::Subject => "a string that is not empty".into(),
        Rule::TokenId if policy.token_type().is_access_token() => "a string".into(),
        Rule::TokenId => "absent, or a string".into(),
        Rule::OtherClaims => {
            "`auth_time` a time; `sid`, `client_id`, `scope`, `acr` strings; `amr` an array of strings; `cnf` an object; or absent"
                .into()
        }
        Rule::RequiredClaims => {
            let claims = policy.required_claims().iter();
            let claims = claims.map(|claim| format!("`{}`: {}", claim.name, one_of(&claim.values)));
            claims.collect::<Vec<_>>().join("; ")
        }
        Rule::Scopes => policy.required_scopes().join(" and "),
        Rule::Roles => policy.required_roles().join(" and "),
    }
}

fn one_of(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
    match names.as_slice() {
        [] => "no value is accepted".into(),
        [name] => name.clone(),
        _ => format!("one of {}", names.join(", ")),
    }
}

/// What the token has where the rule looks, as JSON; empty if nothing.
pub(super) fn found(
    rule: Rule,
    policy: Option<&ClaimsPolicy>,
    header: Option<&Map<String, Value>>,
    payload: Option<&Map<String, Value>>,
) -> String {
    let (members, name) = match rule {
        Rule::Type => (header, "typ"),
        Rule::Issuer => (payload, "iss"),
        Rule::Audience => (payload, "aud"),
        Rule::Expiry => (payload, "exp"),
        Rule::NotBefore => (payload, "nbf"),
        Rule::IssuedAt => (payload, "iat"),
        Rule::Subject => (payload, "sub"),
        Rule::TokenId => (payload, "jti"),
        Rule::Scopes => (payload, payload.map(Claim::of_scopes).map_or("scope", Claim::name)),
        Rule::Roles => (payload, payload.map(Claim::of_roles).map_or("role", Claim::name)),
        Rule::OtherClaims => return String::new(),
        Rule::RequiredClaims => return required_claims(policy, payload).unwrap_or_default(),
    };
    members.and_then(|members| members.get(name)).map(Value::to_string).unwrap_or_default()
}

/// Those of the demanded claims that are there, as one JSON object.
fn required_claims(policy: Option<&ClaimsPolicy>, payload: Option<&Map<String, Value>>) -> Option<String> {
    let names = policy?.required_claims().iter().map(|claim| claim.name);
    let found: Map<String, Value> =
        names.filter_map(|name| Some((name.to_owned(), payload?.get(name)?.clone()))).collect();
    if found.is_empty() { None } else { Some(Value::Object(found).to_string()) }
}
