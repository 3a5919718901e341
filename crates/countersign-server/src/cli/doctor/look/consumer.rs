//! Looks at a token as a verifier of another maker would.

use countersign::options::Options;
use countersign::store::AnyStore;
use countersign::{Clock, Countersign};
use countersign_jwt::dangerous::decode_unverified;
use countersign_jwt::inspect::{Inspection, Keys, Outcome, inspect};
use countersign_jwt::{ClaimsPolicy, JwkSet, Limits, TokenType};
use serde_json::{Map, Value};

use crate::cli::doctor::consumers::Consumer;
use crate::cli::doctor::seen::ConsumerSeen;
use crate::config::Config;
use crate::serve::master_key_file;

/// The published keys of a store.
pub(super) async fn keys(opened: &AnyStore, config: &Config) -> anyhow::Result<JwkSet> {
    let options = config.library_options(&config.issuer(0))?;
    let keys = master_key_file::require(config)?;
    Ok(Countersign::published_keys(opened, &options, &keys, Clock::system().now()).await?)
}

/// What a token is, judged by these keys. `options` are the server's.
pub(super) fn consumer(consumer: Consumer, token: &str, keys: &JwkSet, options: &Options) -> ConsumerSeen {
    let (header, payload) = decode_unverified(token).map(|it| (it.header, it.payload)).unwrap_or_default();
    let text = |members: &Map<String, Value>, name: &str| {
        members.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let audiences = match payload.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let issuer = text(&payload, "iss").unwrap_or_default();
    let audience = audiences.first().cloned().unwrap_or_default();
    // Everything but times and the signature is for the rules here to judge.
    let policy = ClaimsPolicy::new(issuer.as_str(), audience, TokenType::JwtOrAbsent, options.leeway)
        .with_limits(Limits::ML_DSA);
    let inspection = inspect(token, Keys::Set(keys), Some(&policy), Clock::system().now().as_unix_seconds());
    let ours = std::iter::once(&options.audiences.default).chain(&options.audiences.others);
    ConsumerSeen {
        consumer,
        signature: outcome(&inspection, &["form", "key", "signature", "payload"]),
        times: outcome(&inspection, &["expiry", "not_before", "issued_at"]),
        algorithm: text(&header, "alg").unwrap_or_default(),
        token_type: text(&header, "typ"),
        issuer,
        our_issuer: options.issuer.clone(),
        audiences,
        our_audiences: ours.map(|audience| audience.name.clone()).collect(),
        claims: payload,
    }
}

/// The first of these rules that is broken or could not be checked.
fn outcome(inspection: &Inspection, rules: &[&str]) -> Result<(), String> {
    for check in inspection.checks.iter().filter(|check| rules.contains(&check.rule)) {
        match check.outcome {
            Outcome::Passed => {}
            Outcome::Failed(error) => return Err(error.to_string()),
            _ => return Err(format!("its {} cannot be checked", check.rule.replace('_', " "))),
        }
    }
    Ok(())
}
