//! Rules about a token for a verifier of another maker: `--consumer NAME`.

use serde_json::Value;

use crate::cli::doctor::finding::{Rule, Verdict};
use crate::cli::doctor::seen::ConsumerSeen;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "consumer.signature",
        why: "It takes a token only if one of the published keys has signed it, the one that `kid` names.",
        mend: "sign in again at this server, and give it the new token",
        judge: |seen| {
            seen.consumer.as_ref().map(|it| passed(&it.signature, "a published key has signed the token"))
        },
    },
    Rule {
        id: "consumer.algorithm",
        why: "A verifier that does not know the algorithm refuses the token, or fails.",
        mend: "add an audience for it: [[audiences]] with algorithm = \"ALGORITHM\"; see docs/guides/verify/audiences.md",
        judge: |seen| seen.consumer.as_ref().map(algorithm),
    },
    Rule {
        id: "consumer.type",
        why: "A verifier that expects another typ refuses the token.",
        mend: "add an audience for it: [[audiences]] with token_type = \"TYPE\"; see docs/guides/verify/audiences.md",
        judge: |seen| seen.consumer.as_ref().map(token_type),
    },
    Rule {
        id: "consumer.times",
        why: "A token that is over, or not yet valid, is refused.",
        mend: "refresh, and give it the new token",
        judge: |seen| seen.consumer.as_ref().map(|it| passed(&it.times, "the token is valid now")),
    },
    Rule {
        id: "consumer.issuer",
        why: "Its configuration names the issuer, and compares it byte for byte.",
        mend: "give it ISSUER as the issuer, or a token of this server",
        judge: |seen| seen.consumer.as_ref().map(issuer),
    },
    Rule {
        id: "consumer.audience",
        why: "It has to demand a name of its own in `aud`: a token that is for another service must not open it.",
        mend: "ask for the token with {\"audience\": NAME}, a name from the configuration here, and give the consumer the same name",
        judge: |seen| seen.consumer.as_ref().map(audience),
    },
    Rule {
        id: "consumer.claims",
        why: "It takes the rights of a person from claims of its own.",
        mend: "add an audience with its preset: [[audiences]] with preset = \"PRESET\"; see docs/guides/verify/audiences.md",
        judge: |seen| seen.consumer.as_ref().and_then(claims),
    },
];

fn passed(outcome: &Result<(), String>, good: &str) -> Verdict {
    match outcome {
        Ok(()) => Verdict::good(good),
        Err(why) => Verdict::error(why.as_str()),
    }
}

fn algorithm(seen: &ConsumerSeen) -> Verdict {
    let ConsumerSeen { consumer, algorithm, .. } = seen;
    let name = consumer.name;
    if consumer.algorithms.is_empty() {
        return Verdict::good(format!("{name} asks Countersign, which knows {algorithm}"));
    }
    // What its preset has, or what most know.
    let preset = consumer.preset.map(|preset| preset.audience("x").algorithm.name());
    let better =
        preset.or(consumer.algorithms.iter().copied().find(|known| *known == "ES256")).unwrap_or("RS256");
    if consumer.algorithms.contains(&algorithm.as_str()) {
        Verdict::good(format!("{name} knows {algorithm}"))
    } else {
        Verdict::error(format!(
            "the token is signed with {algorithm}, and {name} takes {}",
            consumer.algorithms.join(", ")
        ))
    }
    .naming("ALGORITHM", better)
}

fn token_type(seen: &ConsumerSeen) -> Verdict {
    let ConsumerSeen { consumer, token_type, .. } = seen;
    let found = token_type.as_deref().map_or_else(|| "no typ".to_owned(), |typ| format!("typ {typ:?}"));
    let takes = |typ: &str| consumer.types.iter().any(|known| known.eq_ignore_ascii_case(typ));
    let wanted = consumer.types.first().copied().unwrap_or("at+jwt");
    if consumer.types.is_empty() || token_type.as_deref().is_some_and(takes) {
        Verdict::good(format!("{} takes {found}", consumer.name))
    } else {
        Verdict::error(format!("the token has {found}, and {} takes {wanted:?}", consumer.name))
    }
    .naming("TYPE", wanted)
}

fn issuer(seen: &ConsumerSeen) -> Verdict {
    let ConsumerSeen { issuer, our_issuer, .. } = seen;
    if issuer == our_issuer {
        Verdict::good(format!("the issuer is {issuer}"))
    } else {
        Verdict::error(format!("the issuer of the token is {issuer:?}, and this server is {our_issuer}"))
    }
    .naming("ISSUER", our_issuer)
}

fn audience(seen: &ConsumerSeen) -> Verdict {
    let known = seen.audiences.iter().find(|audience| seen.our_audiences.contains(audience));
    match known {
        Some(audience) => {
            Verdict::good(format!("the token is for {audience}; let {} demand that", seen.consumer.name))
        }
        None => Verdict::error(format!(
            "the token is for {}, which is no audience of this server",
            seen.audiences.join(", ")
        )),
    }
}

/// What those with a preset read from claims beside the registered ones.
fn claims(seen: &ConsumerSeen) -> Option<Verdict> {
    let preset = seen.consumer.preset?;
    let wanted = preset.audience("x").claims;
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(name, value)| !has(seen.claims.get(*name), value))
        .map(|(name, _)| name.clone())
        .collect();
    let is_admin =
        preset.needs_role_names() && seen.claims.get("role").and_then(Value::as_str) == Some("admin");
    let name = seen.consumer.name;
    let verdict = if !missing.is_empty() {
        Verdict::error(format!("the token has no claim {} as {name} wants it", missing.join(", ")))
    } else if is_admin {
        Verdict::error(format!(
            "the role \"admin\" of the token has a meaning of its own to {name}: set role_names"
        ))
    } else {
        Verdict::good(format!("the token has every claim that {name} reads"))
    };
    Some(verdict.naming("PRESET", preset.name()))
}

/// Whether a claim has the form that the preset gives it.
fn has(found: Option<&Value>, wanted: &Value) -> bool {
    match (found, wanted) {
        (Some(Value::Object(found)), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| has(found.get(name), value))
        }
        (Some(Value::Array(_)), Value::Array(_)) => true,
        // A placeholder such as `$role` stands for any text.
        (Some(Value::String(_)), Value::String(wanted)) if wanted.starts_with('$') => true,
        (Some(found), wanted) => found == wanted,
        (None, _) => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use countersign::options::Preset;
    use serde_json::json;

    use super::*;
    use crate::cli::doctor::consumers::CONSUMERS;
    use crate::cli::doctor::rules::tests::Fixture;
    use crate::cli::doctor::seen::Seen;

    fn of(name: &str) -> ConsumerSeen {
        let consumer = *CONSUMERS.iter().find(|consumer| consumer.name == name).unwrap();
        ConsumerSeen {
            consumer,
            signature: Ok(()),
            times: Ok(()),
            algorithm: "RS256".into(),
            token_type: Some("JWT".into()),
            issuer: "https://auth.example.com".into(),
            our_issuer: "https://auth.example.com".into(),
            audiences: vec!["reports".into()],
            our_audiences: vec!["main".into(), "reports".into()],
            claims: json!({ "groups": ["user"] }).as_object().cloned().unwrap(),
        }
    }

    fn with(name: &str, change: impl FnOnce(&mut ConsumerSeen)) -> Seen {
        let mut bad = of(name);
        change(&mut bad);
        Seen { consumer: Some(bad), ..Seen::default() }
    }

    pub(in crate::cli::doctor::rules) fn fixtures() -> Vec<Fixture> {
        let spring = |change: fn(&mut ConsumerSeen)| with("spring", change);
        let reds = vec![
            ("consumer.signature", spring(|bad| bad.signature = Err("no key of that ID".into()))),
            ("consumer.algorithm", spring(|bad| bad.algorithm = "ES256".into())),
            ("consumer.type", spring(|bad| bad.token_type = Some("at+jwt".into()))),
            ("consumer.type", spring(|bad| bad.token_type = None)),
            ("consumer.times", spring(|bad| bad.times = Err("it has expired".into()))),
            ("consumer.issuer", spring(|bad| bad.issuer.push('/'))),
            ("consumer.audience", spring(|bad| bad.audiences = vec!["other".into()])),
        ];
        let mut all: Vec<_> =
            reds.into_iter().map(|(id, red)| Fixture { id, red, green: spring(|_| {}) }).collect();
        let claims =
            |value: Value| with("kubernetes", |bad| bad.claims = value.as_object().cloned().unwrap());
        let green = || with("kubernetes", |_| {});
        all.extend([json!({}), json!({ "groups": "user" })].map(|red| Fixture {
            id: "consumer.claims",
            red: claims(red),
            green: green(),
        }));
        all
    }

    #[test]
    fn a_consumer_takes_what_its_preset_makes() {
        for consumer in CONSUMERS {
            let Some(preset) = consumer.preset else { continue };
            let audience = preset.audience("x");
            assert!(consumer.algorithms.contains(&audience.algorithm.name()), "{consumer:?}");
            let typ = if audience.token_type.accepts(Some("JWT")) { "JWT" } else { "at+jwt" };
            assert!(consumer.types.is_empty() || consumer.types.contains(&typ), "{consumer:?}");
        }
        let tried: Vec<_> = CONSUMERS.iter().filter_map(|consumer| consumer.preset).collect();
        assert!(Preset::ALL.iter().all(|preset| tried.contains(preset)), "{tried:?}");
    }

    /// Our administrator must not become the database's by name.
    #[test]
    fn an_admin_of_ours_is_none_of_a_database() {
        let role = |role: &str| {
            let role = role.to_owned();
            with("postgrest", move |seen| drop(seen.claims.insert("role".into(), role.into())))
                .consumer
                .unwrap()
        };
        assert!(format!("{:?}", claims(&role("admin"))).contains("Error"));
        assert!(format!("{:?}", claims(&role("app_user"))).contains("Good"));
    }
}
